// Of every page: the choice of colours, and wide things that scroll can be reached by Tab.
const colours = document.querySelector("#theme");
colours.value = document.documentElement.dataset.theme ?? "";
colours.addEventListener("change", () => {
  if (colours.value) document.documentElement.dataset.theme = colours.value;
  else delete document.documentElement.dataset.theme;
  try {
    localStorage.setItem("mtl-course-theme", colours.value);
  } catch {}
});

const names = { PRE: "code or output", TABLE: "table" };
function reachWhatScrolls() {
  for (const wide of document.querySelectorAll("pre, .wide, .output_png, .stand-in")) {
    if (wide.scrollWidth > wide.clientWidth + 1) {
      wide.tabIndex = 0;
      wide.setAttribute("role", "group");
      wide.setAttribute("aria-label", `${names[wide.tagName] ?? names[wide.firstElementChild?.tagName] ?? "picture"}, scrolls`);
    } else {
      for (const name of ["tabindex", "role", "aria-label"]) wide.removeAttribute(name);
    }
  }
}
new ResizeObserver(reachWhatScrolls).observe(document.querySelector("main"));
for (const fold of document.querySelectorAll("details")) fold.addEventListener("toggle", reachWhatScrolls);
