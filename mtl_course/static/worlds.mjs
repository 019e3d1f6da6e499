// Dials on a world: a move asks the kernel, and the page says so until the answer is there.
import { comparison } from "./comparison.mjs";
import { line, oncePerFrame, panel, slider } from "./controls.mjs";
import { axes, html, picture, shape } from "./drawing.mjs";
import { floats, readable } from "./scales.mjs";
import { SILENCE, waiting } from "./waiting.mjs";
import { change } from "./words.mjs";

/** The bars of each chart, out of one row of numbers. */
export function cut(numbers, charts) {
  let start = 0;
  return charts.map(({ bars }) => Array.from(numbers.slice(start, (start += bars.length))));
}

/** A value held inside the limits of its scale. */
export function inside(value, [low, high]) {
  return Math.min(Math.max(value, low), high);
}

function drawBars(parent, facts, chart) {
  const [step, top] = [34, 30];
  const bottom = top + step * chart.bars.length;
  const svg = picture(parent, 440, bottom + 50, chart.name);
  const box = { left: 118, right: 388, top, bottom };
  const arrow = chart.largerIsBetter === null ? "" : chart.largerIsBetter ? " (better \u2192)" : " (\u2190 better)";
  const { toX, marks } = axes(svg, box, {
    x: chart.limits,
    y: [0, 1],
    xName: `${chart.name}${arrow}`,
    yName: "",
    yTicks: [],
  });
  const bars = chart.bars.map((name, i) => {
    const group = shape(marks, "g", { class: "series" });
    group.style.setProperty("--hue", facts.colors[name]);
    const y = top + step * i;
    shape(group, "text", { class: "bar-name", x: box.left - 8, y: y + 21, "text-anchor": "end" }, name);
    const bar = shape(group, "rect", { class: "filled", x: box.left, y: y + 6, height: step - 12 });
    const before = shape(group, "line", { class: "before", y1: y + 2, y2: y + step - 2 });
    const value = shape(group, "text", { class: "label", y: y + 21 });
    return (now, then) => {
      const known = Number.isFinite(now);
      const end = known ? toX(inside(now, chart.limits)) : box.left;
      bar.setAttribute("width", Math.max(end - box.left, 0));
      before.style.visibility = Number.isFinite(then) && then !== now ? "visible" : "hidden";
      if (Number.isFinite(then)) for (const side of ["x1", "x2"]) before.setAttribute(side, toX(inside(then, chart.limits)));
      value.setAttribute("x", end + 6);
      value.textContent = readable(now);
    };
  });
  return (now, then) => {
    bars.forEach((show, i) => show(now[i], then[i]));
    svg.firstChild.textContent = `${chart.name}. ${chart.bars.map((name, i) => `${name} ${readable(now[i])}`).join(", ")}`;
  };
}

function render({ model, el, signal }) {
  const facts = model.get("facts");
  const { controls, words, pictures } = panel(el, facts.lookFor);
  const settled = () => String(model.get("answered")) === String(model.get("position"));
  const answer = () => ({ position: model.get("answered"), values: cut(floats(model.get("numbers")), facts.charts) });
  const named = (position) => facts.dials.map(({ name, labels }, which) => `${name} ${labels[position[which]]}`).join(", ");
  let now = answer();
  let before = now;

  const handles = facts.dials.map((dial, which) =>
    slider(controls, {
      name: dial.title,
      count: dial.labels.length,
      show: (place) => [dial.labels[place], settled() ? model.get("text") : `${dial.name} ${dial.labels[place]}, computing`],
      moved: (place) => {
        model.set("position", model.get("position").map((other, i) => (i === which ? place : other)));
        model.save_changes();
      },
      signal,
    }),
  );
  words.setAttribute("role", "status");
  const status = line(words, [`${model.get("text")} and some more words`]);
  const told = (position, values, others) =>
    change(
      named(position),
      facts.charts.flatMap(({ name, bars }) => bars.map((bar) => `${name}, ${bar}`)),
      values.flatMap((bars, chart) => bars.map((value, bar) => value - others[chart][bar])),
      facts.charts.flatMap(({ bars, largerIsBetter }) => bars.map(() => largerIsBetter)),
    );
  const changed = () =>
    before === now ? "Move a dial and read here what changes." : told(before.position, now.values, before.values);
  const all = facts.charts.map(({ bars }) => bars.map(() => 0.111));
  const longNews = told(now.position, all, all.map((values) => values.map(() => 0)));
  const news = line(words, [longNews], "news");
  const busy = html(words, "p", { className: "busy", textContent: "Computing \u2026" });
  const error = html(words, "p", { className: "error", hidden: true });
  error.setAttribute("role", "alert");
  const charts = facts.charts.map((chart) => drawBars(html(pictures, "div", { className: "picture" }), facts, chart));

  const mark = () => {
    busy.classList.toggle("shown", !settled());
    pictures.classList.toggle("old", !settled());
  };
  // every answer is shown, in its own words: while a dial moves on, it is marked as old
  const paint = () => {
    handles.forEach((handle, which) => handle.set(model.get("position")[which]));
    charts.forEach((show, chart) => show(now.values[chart], before.values[chart]));
    status.textContent = model.get("text");
    news.textContent = changed();
    error.hidden = !model.get("error");
    error.textContent = model.get("error");
  };
  const repaint = oncePerFrame(paint);
  const origin = comparison(el, () => now, signal);
  let left = null; // what stood there when the kernel was first asked: answers to a drag come late
  const { asked, answered } = waiting({ settled, mark, silent: () => (status.textContent = SILENCE), signal });
  model.on("change:position", () => {
    left ??= origin(now);
    asked();
    repaint();
  });
  model.on("change:answered", () => {
    [before, now] = [left ?? now, answer()];
    if (settled()) left = null;
    answered();
    repaint();
  });
  paint();
}

export default { render };
