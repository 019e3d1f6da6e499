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

/** As large as its slide has room for, and no more than a quarter larger than it is. */
function fit(panel) {
  const slide = panel.closest("section");
  const room = 650 - (panel.getBoundingClientRect().top - slide.getBoundingClientRect().top) / Reveal.getScale();
  panel.style.zoom = Math.min(1.25, Math.max(0.65, room / panel.offsetHeight));
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
  for (const panel of document.querySelectorAll(".mtl-alone")) fit(panel);
  reachWhatScrolls();
  Reveal.on("slidechanged", reachWhatScrolls);
  document.addEventListener("toggle", reachWhatScrolls, true);
});
