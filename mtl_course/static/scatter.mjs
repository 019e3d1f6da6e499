// Two metrics against each other: every weight, its spread over the seeds, the front, the choice.
import { axes, html, marker, picture, place, shape } from "./drawing.mjs";
import { padded } from "./scales.mjs";

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values) => {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / Math.max(values.length - 1, 1));
};
const better = (largerIsBetter, [up, down]) => (largerIsBetter ? `better ${up}` : `${down} better`);

/** Metrics [points, seeds, 2] in place, with their means and standard deviations over the seeds. */
export function tradeoffPoints(numbers, nPoints, nSeeds) {
  return Array.from({ length: nPoints }, (_, point) => {
    const seeds = [0, 1].map((task) => Array.from({ length: nSeeds }, (_, seed) => numbers[(point * nSeeds + seed) * 2 + task]));
    return { seeds, mean: seeds.map(mean), spread: seeds.map(deviation) };
  });
}

/** The staircase that no point of the front is beaten beyond, as SVG path data. */
export function staircase(front, toX, toY, [largerX, largerY]) {
  const sorted = [...front].sort((one, two) => one.mean[0] - two.mean[0]);
  let d = "";
  sorted.forEach(({ mean: [x, y] }, i) => {
    if (i > 0) {
      const [beforeX, beforeY] = sorted[i - 1].mean;
      const cornerX = largerX ? Math.min(x, beforeX) : Math.max(x, beforeX);
      const cornerY = largerY ? Math.min(y, beforeY) : Math.max(y, beforeY);
      d += `L${toX(cornerX).toFixed(1)},${toY(cornerY).toFixed(1)}`;
    }
    d += `${i ? "L" : "M"}${toX(x).toFixed(1)},${toY(y).toFixed(1)}`;
  });
  return d;
}

/** Both metrics at every weight; returns what marks the chosen one. `choose` is called on a click. */
export function drawScatter(parent, facts, points, choose, signal) {
  const [width, height] = [440, 372];
  const svg = picture(parent, width, height, "Both test metrics at every weight");
  const box = { left: 58, right: 424, top: 40, bottom: 318 };
  const spread = (task) => points.flatMap(({ mean, spread }) => [mean[task] - spread[task], mean[task] + spread[task]]);
  const { toX, toY, marks } = axes(svg, box, {
    x: padded(spread(0), 0.09),
    y: padded(spread(1), 0.09),
    xName: `${facts.metricNames[0]} (${better(facts.largerIsBetter[0], ["\u2192", "\u2190"])})`,
    yName: `${facts.metricNames[1]} (${better(facts.largerIsBetter[1], ["\u2191", "\u2193"])})`,
  });
  shape(marks, "path", { class: "front", d: staircase(points.filter((_, i) => facts.front[i]), toX, toY, facts.largerIsBetter) });
  points.forEach(({ mean: [x, y], spread: [dx, dy] }, point) => {
    const group = shape(marks, "g", { class: facts.front[point] ? "point on-front" : "point" });
    shape(group, "path", { class: "bar", d: `M${toX(x - dx)},${toY(y)}H${toX(x + dx)}M${toX(x)},${toY(y - dy)}V${toY(y + dy)}` });
    marker(group, "o", toX(x), toY(y), 4.5);
    const target = shape(group, "circle", { class: "target", cx: toX(x), cy: toY(y), r: 11 });
    shape(target, "title", {}, facts.sentences[point]);
    target.addEventListener("click", () => choose(point), { signal });
  });
  const label = (text, [x, y], words) => {
    const right = toX(x) > (box.left + box.right) / 2;
    text.setAttribute("x", toX(x) + (right ? -14 : 14));
    text.setAttribute("y", toY(y) - 10);
    text.setAttribute("text-anchor", right ? "end" : "start");
    text.textContent = words;
  };
  const near = ([x, y], [otherX, otherY]) => Math.abs(toX(x) - toX(otherX)) < 130 && Math.abs(toY(y) - toY(otherY)) < 24; // the ring counted in
  const ends = [0, points.length - 1].map((point) => {
    const text = shape(marks, "text", { class: "label" });
    label(text, points[point].mean, `\u03b1 = ${facts.alphas[point]}`);
    return [point, text];
  });
  const chosen = shape(marks, "g", { class: "chosen" });
  const seeds = points[0].seeds[0].map(() => marker(chosen, "X", 0, 0, 3.5, { class: "seed" }));
  const ring = marker(chosen, "o", 0, 0, 9, { class: "ring" });
  const tag = shape(chosen, "text", { class: "label strong" });
  return (point) => {
    const { mean, seeds: [xs, ys] } = points[point];
    place(ring, toX(mean[0]), toY(mean[1]), 9);
    seeds.forEach((cross, seed) => place(cross, toX(xs[seed]), toY(ys[seed]), 3.5));
    label(tag, mean, `\u03b1 = ${facts.alphas[point]}`);
    // two labels in one place cannot be read: the chosen weight's stays
    ends.forEach(([end, text]) => (text.style.visibility = near(points[end].mean, mean) ? "hidden" : "visible"));
    svg.firstChild.textContent = facts.sentences[point];
  };
}

/** The signs in the pictures, explained. */
export function drawKey(parent, nSeeds) {
  const entry = (className, letter, text) => {
    const item = html(parent, "span");
    const svg = shape(item, "svg", { viewBox: "-8 -8 16 16", "aria-hidden": "true" });
    const group = shape(svg, "g", { class: className });
    if (letter) marker(group, letter, 0, 0, 5, { class: className === "chosen" ? "seed" : "" });
    else shape(group, "path", { class: "bar", d: "M-7,0H7M0,-7V7" });
    item.append(text);
  };
  entry("point on-front", "o", "on the Pareto front");
  entry("point", "o", "beaten by another weight");
  if (nSeeds === 1) return;
  entry("point", null, `\u00b1 one standard deviation over ${nSeeds} seeds`);
  entry("chosen", "X", "the chosen weight, seed by seed");
  html(parent, "span", { textContent: "Thin curves: one seed each; thick: their mean." });
}
