// What a reader's hand touches and what answers in words: slider, buttons, status line.
import { html } from "./drawing.mjs";

let nextId = 0;
const newId = () => `mtl-${(nextId += 1)}-${Math.random().toString(36).slice(2, 8)}`;

/** The panel's frame: what to look for, then a place for controls, words and pictures. */
export function panel(el, lookFor) {
  el.classList.add("mtl-panel");
  el.setAttribute("role", "group");
  el.setAttribute("aria-label", lookFor);
  html(el, "p", { className: "look-for", textContent: lookFor });
  return {
    controls: html(el, "div", { className: "controls" }),
    words: html(el, "div", { className: "words" }),
    pictures: html(el, "div", { className: "pictures" }),
  };
}

/**
 * A labelled slider over positions 0 .. count - 1, worked by mouse, touch and keyboard.
 * `show(position)` returns [what stands beside the slider, what a screen reader says].
 */
export function slider(parent, { name, count, show, moved, signal }) {
  const id = newId();
  const row = html(parent, "div", { className: "slider" });
  html(row, "label", { htmlFor: id, textContent: name });
  const input = html(row, "input", { id, type: "range", min: 0, max: Math.max(count - 1, 0), step: 1 });
  const value = html(row, "span", { className: "value", ariaHidden: "true" });
  input.addEventListener("input", () => moved(Number(input.value)), { signal });
  // JupyterLab would take the arrow keys for moving between cells
  input.addEventListener("keydown", (event) => event.stopPropagation(), { signal });
  return {
    input,
    set(position) {
      if (Number(input.value) !== position) input.value = position;
      const [beside, spoken] = show(position);
      value.textContent = beside;
      input.setAttribute("aria-valuetext", spoken);
    },
  };
}

/** A button that JupyterLab's shortcuts leave alone. */
export function button(parent, textContent, pressed, signal) {
  const made = html(parent, "button", { type: "button", textContent });
  made.addEventListener("click", pressed, { signal });
  made.addEventListener("keydown", (event) => event.stopPropagation(), { signal });
  return made;
}

/** A labelled list to choose from; `options` are pairs of a value and its words. */
export function choice(parent, name, options, chosen, signal) {
  const label = html(parent, "label", { className: "chooser", textContent: `${name} ` });
  const select = html(label, "select");
  for (const [value, words] of options) html(select, "option", { value, textContent: words });
  select.addEventListener("change", () => chosen(options[select.selectedIndex][0]), { signal });
  select.addEventListener("keydown", (event) => event.stopPropagation(), { signal });
  return {
    /** A value that is no option, set from code, gets one. */
    set(value) {
      if (!options.some(([known]) => known === value)) {
        options = [...options, [value, String(value)]];
        html(select, "option", { value, textContent: String(value) });
      }
      select.value = value;
    },
  };
}

/** A line of text that holds its height: an unseen twin reserves room for the `longest` text. */
export function line(parent, longest, className = "") {
  const holder = html(parent, "div", { className: "line" });
  html(holder, "p", { className: "twin", textContent: longest, ariaHidden: "true" });
  return html(holder, "p", { className });
}

/** The longest of some texts. */
export function longest(texts) {
  return texts.reduce((best, text) => (text.length > best.length ? text : best), "");
}

/** Run `paint` at most once a frame, with what is true by then. */
export function oncePerFrame(paint) {
  let waiting = 0;
  return () => {
    waiting ||= requestAnimationFrame(() => {
      waiting = 0;
      paint();
    });
  };
}
