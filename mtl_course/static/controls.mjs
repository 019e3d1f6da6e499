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
  made.addEventListener("click", () => made.ariaDisabled === "true" || pressed(), { signal });
  made.addEventListener("keydown", (event) => event.stopPropagation(), { signal });
  return made;
}

/** Let a button be pressed or not; one that may not keeps the keyboard's focus, unlike `disabled`. */
export function enable(made, enabled) {
  made.ariaDisabled = String(!enabled);
}

/** A labelled list of values to choose from, each shown in `words`. */
export function choice(parent, name, options, chosen, signal, words = String) {
  const label = html(parent, "label", { className: "chooser", textContent: `${name} ` });
  const select = html(label, "select");
  const add = (value) => html(select, "option", { value, textContent: words(value) });
  options.forEach(add);
  select.addEventListener("change", () => chosen(options[select.selectedIndex]), { signal });
  select.addEventListener("keydown", (event) => event.stopPropagation(), { signal });
  return {
    /** A value that is no option, set from code, gets one. */
    set(value) {
      if (!options.includes(value)) {
        options = [...options, value];
        add(value);
      }
      select.value = value;
    },
  };
}

const TWINS = 40; // the longest in letters need not be the longest in lines, but is among these

/** A line of text that holds its height: unseen twins reserve room for each of `texts`. */
export function line(parent, texts, className = "") {
  const holder = html(parent, "div", { className: "line" });
  const twins = [...new Set(texts)].sort((one, other) => other.length - one.length).slice(0, TWINS);
  for (const textContent of twins) html(holder, "p", { className: "twin", textContent, ariaHidden: "true" });
  return html(holder, "p", { className });
}

/** Of many settings, some whose words are long: what is said of them in pairs is long, too. */
export function wordy(settings, named, most = 12) {
  return [...settings].sort((one, other) => named(other).length - named(one).length).slice(0, most);
}

/** What `told` says of every pair of `settings`, and a little more: other pairs break elsewhere. */
export function ofPairs(settings, told) {
  return settings.flatMap((one) => settings.map((other) => `${told(one, other)} And more.`));
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
