// Gates looked up: each task's weights over the experts, for one household beside the mean of all.
import { comparison } from "./comparison.mjs";
import { line, longest, oncePerFrame, panel, slider } from "./controls.mjs";
import { html, picture, shape } from "./drawing.mjs";
import { floats, linear, readable } from "./scales.mjs";

/** The gates of all tasks, [tasks][experts], at one setting and row; row 0 is the mean of all. */
export function gatesAt(numbers, { nRows, nTasks, nExperts }, setting, row) {
  const start = (setting * nRows + row) * nTasks * nExperts;
  return Array.from({ length: nTasks }, (_, task) =>
    Array.from(numbers.slice(start + task * nExperts, start + (task + 1) * nExperts)),
  );
}

/** Where each expert's part of a bar begins and ends, from 0 to 1. */
export function parts(gate) {
  let end = 0;
  return gate.map((weight) => [end, (end += weight)]);
}

/** Half the sum of the absolute differences: the weight that lies on other experts. */
export function difference(one, other) {
  return one.reduce((sum, weight, i) => sum + Math.abs(weight - other[i]), 0) / 2;
}

/** The expert with most of a gate's weight; null where all weigh alike, as in `mixtures.ALIKE`. */
export function leaning(gate) {
  const most = Math.max(...gate);
  return most - 1 / gate.length < 0.01 ? null : gate.indexOf(most);
}

/** What a move did to every task's gate, in words. */
export function moved(before, tasks, now, then) {
  const shifts = tasks.map((task, i) => `${task} ${readable(difference(now[i], then[i]))}`);
  return `Against ${before}, weight that went to other experts: ${shifts.join(", ")}.`;
}

// Beside its colour every expert has a texture; with seven colours, 35 pairs before one comes again.
const TEXTURES = ["", "M-2,2L2,-2M0,8L8,0M6,10L10,6", "M4,0V8", "M2,2h.01M6,6h.01", "M-2,6L2,10M0,0L8,8M6,-2L10,2"];

function drawTextures(svg, colors) {
  const set = Math.random().toString(36).slice(2);
  const defs = shape(svg, "defs");
  return colors.map((color, expert) => {
    const id = `expert-${expert}-${set}`;
    const pattern = shape(defs, "pattern", { id, class: "series", width: 8, height: 8, patternUnits: "userSpaceOnUse" });
    pattern.style.setProperty("--hue", color);
    shape(pattern, "rect", { class: "ground", width: 8, height: 8 });
    shape(pattern, "path", { class: "texture", d: TEXTURES[expert % TEXTURES.length] });
    return `url(#${id})`;
  });
}

const [LEFT, RIGHT, TOP, ROW, BAR] = [8, 432, 4, 66, 34]; // of the picture's 440 units

/** One bar for each task; returns what draws the gates and says whose they are. */
function drawGates(parent, facts, fills) {
  const bottom = TOP + ROW * facts.tasks.length;
  const heading = html(parent, "p", { className: "whose" });
  const svg = picture(parent, 440, bottom + 46, "");
  const textures = fills ?? drawTextures(svg, facts.colors);
  const toX = linear([0, 1], [LEFT, RIGHT]);
  for (const tick of [0, 0.25, 0.5, 0.75, 1]) {
    const at = toX(tick);
    shape(svg, "line", { class: "grid", x1: at, x2: at, y1: TOP, y2: bottom });
    const anchor = tick === 0 ? "start" : tick === 1 ? "end" : "middle";
    shape(svg, "text", { x: at, y: bottom + 17, "text-anchor": anchor }, String(tick));
  }
  shape(svg, "text", { class: "name", x: RIGHT, y: bottom + 37, "text-anchor": "end" }, "weight of the experts in the gate");
  const bars = facts.tasks.map((task, row) => {
    const top = TOP + ROW * row + 20;
    const caption = shape(svg, "text", { class: "label", x: LEFT, y: top - 6 });
    shape(caption, "tspan", { class: "strong" }, task);
    const most = shape(caption, "tspan", { dx: 8 });
    const segments = textures.map((fill) => shape(svg, "rect", { class: "segment", fill, y: top, height: BAR }));
    const outline = shape(svg, "rect", { class: "leaning", y: top, height: BAR });
    const names = textures.map(() => shape(svg, "text", { class: "label strong", y: top + BAR / 2 + 5, "text-anchor": "middle" }));
    return (gate) => {
      const best = leaning(gate);
      outline.setAttribute("width", 0);
      parts(gate).forEach(([start, end], expert) => {
        segments[expert].setAttribute("x", toX(start));
        segments[expert].setAttribute("width", toX(end) - toX(start));
        names[expert].setAttribute("x", (toX(start) + toX(end)) / 2);
        names[expert].textContent = end - start > 0.08 ? String(expert + 1) : "";
        if (expert !== best) return;
        outline.setAttribute("x", toX(start));
        outline.setAttribute("width", toX(end) - toX(start));
      });
      most.textContent = best === null ? "all experts alike" : `most on ${facts.experts[best]}: ${readable(gate[best])}`;
    };
  });
  return {
    textures,
    show(whose, gates) {
      heading.textContent = whose;
      const all = gates.map((gate, task) => `${facts.tasks[task]}: ${gate.map((weight, i) => `${facts.experts[i]} ${readable(weight)}`).join(", ")}`);
      svg.firstChild.textContent = `Gates of ${whose}. ${all.join(". ")}.`;
      bars.forEach((draw, task) => draw(gates[task]));
    },
  };
}

function drawLegend(parent, facts, textures) {
  const legend = html(parent, "ul", { className: "legend experts" });
  facts.experts.forEach((name, expert) => {
    const entry = html(legend, "li");
    const svg = shape(entry, "svg", { viewBox: "0 0 16 16", "aria-hidden": "true" });
    shape(svg, "rect", { class: "segment", fill: textures[expert], width: 16, height: 16 });
    const number = String(expert + 1);
    html(entry, "span", { textContent: name.endsWith(number) ? name : `${number}: ${name}` });
  });
}

function render({ model, el, signal }) {
  const facts = model.get("facts");
  const numbers = floats(model.get("numbers"));
  const sizes = { nRows: 1 + facts.rows.length, nTasks: facts.tasks.length, nExperts: facts.experts.length };
  const { controls, words, pictures } = panel(el, facts.lookFor);
  const position = () => [
    facts.axis ? facts.axis.values.indexOf(model.get("setting")) : 0,
    facts.rows.indexOf(model.get("household")),
  ];
  let now = position();
  let before = now;
  const gates = ([setting, row]) => gatesAt(numbers, sizes, setting, row + 1);
  const sentence = ([setting, row]) => facts.sentences[setting][row];
  const named = ([setting, row]) => facts.households[row] + (facts.axis ? `, ${facts.axis.name} ${facts.axis.labels[setting]}` : "");
  const tell = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };

  const handles = [];
  handles[1] = slider(controls, {
    name: "household",
    count: facts.rows.length,
    show: (row) => [facts.households[row], sentence([now[0], row])],
    moved: (row) => tell("household", facts.rows[row]),
    signal,
  });
  const beside = handles[1].input.nextSibling;
  beside.classList.add("long");
  beside.style.width = `min(45%, ${longest(facts.households).length + 1}ch)`; // the slider keeps its width
  if (facts.axis) {
    handles[0] = slider(controls, {
      name: facts.axis.title,
      count: facts.axis.values.length,
      show: (setting) => [facts.axis.labels[setting], sentence([setting, now[1]])],
      moved: (setting) => tell("setting", facts.axis.values[setting]),
      signal,
    });
  }

  const one = drawGates(html(pictures, "div", { className: "picture gates" }), facts, null);
  const all = drawGates(html(pictures, "div", { className: "picture gates" }), facts, one.textures);
  drawLegend(el, facts, one.textures);
  html(el, "p", {
    className: "key",
    textContent: "A bar is one task's gate: its parts add up to 1, the largest is framed. Two gates differ by 0 if they weigh all experts alike, by 1 if they share none.",
  });

  const changed = (now, before) =>
    String(now) === String(before) ? "Move a slider and read here what changes." : moved(named(before), facts.tasks, gates(now), gates(before));
  words.setAttribute("role", "status");
  const status = line(words, facts.sentences.flat());
  const longestName = longest(facts.rows.flatMap((_, row) => facts.sentences.map((_, setting) => named([setting, row]))));
  const news = line(words, [moved(`${longestName} more`, facts.tasks, gates(now), gates(now))], "news");

  const paint = () => {
    handles.forEach((handle, which) => handle.set(now[which]));
    one.show(named(now), gates(now));
    all.show(`mean over all ${facts.nHouseholds.toLocaleString("en")} households`, gatesAt(numbers, sizes, now[0], 0));
    status.textContent = sentence(now);
    news.textContent = changed(now, before);
  };
  const repaint = oncePerFrame(paint);
  const origin = comparison(el, () => now, signal);
  for (const name of ["household", "setting"]) {
    model.on(`change:${name}`, () => {
      if (String(position()) === String(now)) return;
      before = origin(now);
      now = position();
      repaint();
    });
  }
  paint();
}

export default { render };
