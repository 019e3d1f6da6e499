// What the presenter's keys do, beside what reveal.js makes of them.
function keysAreReveals(event) {
  const here = document.activeElement ?? document.body;
  if (here.closest(".mtl-panel")) return false; // a slider is moved, not the slide
  if ([" ", "Enter"].includes(event.key) && here.closest("summary, a, button")) return false;
  const slide = Reveal.getCurrentSlide();
  const down = { ArrowDown: 1, PageDown: 1, ArrowUp: -1, PageUp: -1 }[event.key];
  const left = down > 0 ? slide.scrollHeight - slide.clientHeight - slide.scrollTop : slide.scrollTop;
  if (!down || left < 2) return true;
  slide.scrollBy({ top: down * 240 }); // first to the end of a slide that is too long, then on
  event.preventDefault();
  return false;
}

const leaf = ".slides section:not(:has(section))";
function reachWhatScrolls() {
  for (const slide of document.querySelectorAll(leaf)) {
    slide.classList.toggle("long", slide.scrollHeight > slide.clientHeight + 1);
  }
}

/** Make what a slide shows as large as it has room for, a panel before all: it is to be seen whole. */
function fit(slide) {
  const over = () => slide.scrollHeight - slide.clientHeight;
  const shrink = (one, from, to) => {
    for (let zoom = from; zoom >= to && (over() > 0 || zoom === from); zoom -= 0.05) one.style.zoom = zoom;
  };
  for (const wide of slide.querySelectorAll(".wide")) {
    if (wide.scrollWidth > wide.clientWidth) wide.style.zoom = Math.max(0.55, wide.clientWidth / wide.scrollWidth);
  }
  for (const panel of slide.querySelectorAll(".mtl-alone")) {
    shrink(panel, 1.25, 0.9);
    if (over() <= 0) continue;
    const top = (panel.getBoundingClientRect().top - slide.getBoundingClientRect().top) / Reveal.getScale();
    panel.style.zoom = "";
    panel.style.zoom = Math.min(1.25, Math.max(0.65, (650 - top) / panel.offsetHeight)); // folds below it scroll
  }
  for (const picture of slide.querySelectorAll("img")) {
    if (over() > 0) picture.style.maxHeight = `${Math.max(280, picture.offsetHeight - over())}px`;
  }
  for (const wide of slide.querySelectorAll(".wide")) {
    if (over() > 0) shrink(wide, Number(wide.style.zoom || 1), 0.55);
  }
}

Reveal.initialize({
  width: 1280,
  height: 720,
  margin: 0,
  center: false,
  hash: true,
  slideNumber: "c/t",
  transition: "none",
  viewDistance: 1000, // few slides, and a panel that is drawn stays as it was moved
  keyboardCondition: keysAreReveals,
  totalTime: Number(document.querySelector("[data-seconds]").dataset.seconds), // of the timer
  plugins: [RevealNotes],
});
addEventListener("load", () => {
  for (const slide of document.querySelectorAll(leaf)) fit(slide);
  reachWhatScrolls();
  Reveal.on("slidechanged", reachWhatScrolls);
  document.addEventListener("toggle", reachWhatScrolls, true);
});
