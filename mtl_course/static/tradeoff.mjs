// The weight α looked up in a finished sweep: Pareto front, learning curves, three lists, words.
import { comparison } from "./comparison.mjs";
import { line, ofPairs, oncePerFrame, panel, slider, wordy } from "./controls.mjs";
import { axes, html, marker, picture, place, shape } from "./drawing.mjs";
import { floats, nearest, padded, path } from "./scales.mjs";
import { drawKey, drawScatter, mean, tradeoffPoints } from "./scatter.mjs";
import { change, newIn } from "./words.mjs";

/** From the lowest to the highest loss that a checkpoint later than the first tenth of them has. */
export function heightsWorthSeeing(losses, nSteps) {
  // where all begin, and a wild curve, must not flatten what tells the weights apart
  const late = losses.filter((_, i) => i % nSteps >= nSteps / 10).sort();
  return padded([late[0], late[Math.floor((late.length - 1) * 0.98)]]);
}

function drawCurves(parent, facts, curves, task) {
  const [width, height] = [440, 186];
  const [nSeeds, nSteps] = [facts.nSeeds, facts.steps.length];
  const held = (point, seed, step) => curves[((point * nSeeds + seed) * nSteps + step) * 2 + task];
  const [low, high] = heightsWorthSeeing(curves.filter((_, i) => i % 2 === task), nSteps);
  const svg = picture(parent, width, height, `Held-out loss of ${facts.tasks[task]}`);
  const box = { left: 58, right: 424, top: 34, bottom: 136 };
  const { toX, toY, marks } = axes(svg, box, {
    x: [facts.steps[0], facts.steps[nSteps - 1]],
    y: [low, high],
    xName: "training step",
    yName: `held-out loss of ${facts.tasks[task]} (nats, \u2193 better)`,
  });
  marks.style.setProperty("--hue", facts.colors[task]);
  const clip = `clip-${Math.random().toString(36).slice(2)}`;
  const { left, right, top, bottom } = box;
  shape(shape(svg, "clipPath", { id: clip }), "rect", { x: left, y: top - 6, width: right - left + 8, height: bottom - top + 6 });
  marks.setAttribute("clip-path", `url(#${clip})`);
  const xs = facts.steps.map(toX);
  const thin = Array.from({ length: nSeeds }, () => shape(marks, "polyline", { class: "thin" }));
  const thick = shape(marks, "polyline", { class: "thick" });
  const end = marker(marks, facts.markers[task], 0, 0, 4.5, { class: "end" });
  return (point) => {
    const ys = thin.map((_, seed) => facts.steps.map((_, step) => toY(held(point, seed, step))));
    thin.forEach((curve, seed) => curve.setAttribute("points", path(xs, ys[seed])));
    const middle = xs.map((_, step) => mean(ys.map((seed) => seed[step])));
    thick.setAttribute("points", path(xs, middle));
    place(end, xs[nSteps - 1], middle[nSteps - 1], 4.5);
  };
}

function drawLists(parent, facts, lists) {
  const k = facts.k;
  const entries = (point, household) => Array.from(lists.slice((point * facts.households.length + household) * k, (point * facts.households.length + household + 1) * k));
  const columns = facts.households.map((household) => {
    const column = html(parent, "div");
    html(column, "h4", { textContent: household });
    const list = html(column, "ol");
    return Array.from({ length: k }, () => html(list, "li"));
  });
  return {
    newcomers: (point, before) => columns.reduce((sum, _, household) => sum + newIn(entries(point, household), entries(before, household)).filter(Boolean).length, 0),
    show(point, before) {
      columns.forEach((rows, household) => {
        const now = entries(point, household);
        const isNew = newIn(now, entries(before, household));
        rows.forEach((row, place) => {
          row.textContent = facts.itemNames[now[place]];
          row.title = row.textContent;
          row.classList.toggle("new", isNew[place]);
        });
      });
    },
  };
}

function render({ model, el, signal }) {
  const facts = model.get("facts");
  const points = tradeoffPoints(floats(model.get("metrics")), facts.alphas.length, facts.nSeeds);
  const curves = floats(model.get("curves"));
  const { controls, words, pictures } = panel(el, facts.lookFor);
  const position = () => nearest(facts.alphas, model.get("alpha"));
  let now = position();
  let before = now;

  const choose = (point) => {
    if (point === position()) return;
    model.set("alpha", facts.alphas[point]);
    model.save_changes();
  };
  const named = (point) => `\u03b1 = ${facts.alphas[point]}`;
  const handle = slider(controls, {
    name: `\u03b1, weight of ${facts.tasks[0]}`,
    count: facts.alphas.length,
    show: (point) => [String(facts.alphas[point]), facts.sentences[point]],
    moved: choose,
    signal,
  });
  html(controls, "span", { className: "formula", textContent: `L = \u03b1 \u00b7 L(${facts.tasks[0]}) + (1 \u2212 \u03b1) \u00b7 L(${facts.tasks[1]})` });

  const left = html(pictures, "div", { className: "picture" });
  const right = html(pictures, "div", { className: "picture" });
  const showScatter = drawScatter(left, facts, points, choose, signal);
  const showCurves = [0, 1].map((task) => drawCurves(right, facts, curves, task));
  drawKey(html(el, "p", { className: "key" }), facts.nSeeds);
  const hasLists = facts.households.length > 0;
  const lists = hasLists ? drawLists(html(el, "div", { className: "lists" }), facts, floats(model.get("lists"))) : null;

  const differences = (point, other) => [0, 1].map((task) => points[point].mean[task] - points[other].mean[task]);
  const changed = (point, other) =>
    point === other
      ? "Move \u03b1 and read here what changes."
      : change(named(other), facts.metricNames, differences(point, other), facts.largerIsBetter, lists && lists.newcomers(point, other));
  words.setAttribute("role", "status");
  const status = line(words, facts.sentences);
  const news = line(words, ofPairs(wordy(points.keys(), named), changed), "news");

  const paint = () => {
    handle.set(now);
    showScatter(now);
    showCurves.forEach((show) => show(now));
    lists?.show(now, before);
    status.textContent = facts.sentences[now];
    news.textContent = changed(now, before);
  };
  const repaint = oncePerFrame(paint);
  const origin = comparison(el, () => now, signal);
  model.on("change:alpha", () => {
    if (position() === now) return;
    before = origin(now);
    now = position();
    repaint();
  });
  paint();
}

export default { render };
