// One or two settings looked up: a chart or more over the first, at the chosen value of the second.
import { comparison } from "./comparison.mjs";
import { line, ofPairs, oncePerFrame, panel, slider, wordy } from "./controls.mjs";
import { axes, html, marker, picture, place, shape } from "./drawing.mjs";
import { floats, padded, path, readable } from "./scales.mjs";
import { change } from "./words.mjs";

/** Where the numbers of series `index` start: [series, value or spread, first axis, second axis]. */
function lookup(numbers, nFirst, nSecond) {
  const size = nFirst * nSecond;
  return (index, spread, first, second) => numbers[(index * 2 + spread) * size + first * nSecond + second];
}

const LABEL = 20; // between two lines of labels: on a phone their letters are larger

/** Keep labels at least `gap` apart: heights in, heights out, the order kept. */
export function apart(heights, gap) {
  const order = heights.map((height, i) => [height, i]).sort((one, two) => one[0] - two[0]);
  const moved = [...heights];
  for (let i = 1; i < order.length; i++) {
    const [, index] = order[i];
    const [, above] = order[i - 1];
    moved[index] = Math.max(moved[index], moved[above] + gap);
  }
  return moved;
}

function drawChart(parent, facts, chart, at) {
  const [first, second] = facts.axes;
  const nSecond = second ? second.labels.length : 1;
  const nFirst = first.labels.length;
  const places = Array.from({ length: nFirst }, (_, i) => i);
  const slices = Array.from({ length: nSecond }, (_, i) => i);
  const svg = picture(parent, 440, 320, chart.name);
  const box = { left: 58, right: 424, top: 40, bottom: 266 };
  const reach = chart.series.flatMap(({ index }) =>
    places.flatMap((i) => slices.flatMap((j) => [at(index, 0, i, j) - at(index, 1, i, j), at(index, 0, i, j) + at(index, 1, i, j)])),
  );
  const arrow = chart.largerIsBetter === null ? "" : chart.largerIsBetter ? " (better \u2191)" : " (\u2193 better)";
  const every = Math.ceil(nFirst / 8);
  const { toX, toY, marks } = axes(svg, box, {
    x: [-0.35, nFirst - 0.65],
    y: padded([...reach, ...chart.baselines.map(({ value }) => value)], 0.08),
    xName: first.title,
    yName: `${chart.name}${arrow}`,
    xTicks: places.filter((i) => i % every === 0).map((i) => [i, first.labels[i]]),
  });
  const heights = apart(chart.baselines.map(({ value }) => toY(value) - 5), LABEL);
  chart.baselines.forEach(({ name, value }, i) => {
    shape(marks, "line", { class: "baseline", x1: box.left, x2: box.right, y1: toY(value), y2: toY(value) });
    shape(marks, "text", { class: "label", x: box.right, y: heights[i], "text-anchor": "end" }, `${name} ${readable(value)}`);
  });
  const cursor = shape(marks, "line", { class: "cursor", y1: box.top, y2: box.bottom });
  const xs = places.map(toX);
  const legend = html(parent, "ul", { className: "legend" });
  const drawn = chart.series.map((series) => {
    const group = shape(marks, "g", { class: "series" });
    group.style.setProperty("--hue", series.color);
    const line = (second) => path(xs, places.map((i) => toY(at(series.index, 0, i, second))));
    if (nSecond > 1) slices.forEach((j) => shape(group, "polyline", { class: "faint", points: line(j) }));
    const curve = shape(group, "polyline", { class: "thick" });
    const bars = shape(group, "path", { class: "bar" });
    const dots = places.map(() => marker(group, series.marker, 0, 0, 3.2, { class: "dot" }));
    const big = marker(group, series.marker, 0, 0, 6.5, { class: "end" });
    const entry = html(legend, "li");
    entry.style.setProperty("--hue", series.color);
    marker(shape(entry, "svg", { viewBox: "-8 -8 16 16", "aria-hidden": "true" }), series.marker, 0, 0, 5.5, { class: "end" });
    html(entry, "span", { textContent: series.name });
    const value = html(entry, "strong");
    return (i, j) => {
      curve.setAttribute("points", line(j));
      const heights = places.map((place) => [toY(at(series.index, 0, place, j)), at(series.index, 1, place, j)]);
      bars.setAttribute("d", heights.map(([, spread], place) => {
        const middle = at(series.index, 0, place, j);
        return spread > 0 && Number.isFinite(middle) ? `M${xs[place]},${toY(middle - spread)}V${toY(middle + spread)}` : "";
      }).join(""));
      dots.forEach((dot, place_) => place(dot, xs[place_], heights[place_][0], 3.2));
      place(big, xs[i], heights[i][0], 6.5);
      const spread = at(series.index, 1, i, j);
      value.textContent = readable(at(series.index, 0, i, j)) + (spread > 0 ? ` \u00b1 ${readable(spread)}` : "");
    };
  });
  return (i, j) => {
    cursor.setAttribute("x1", xs[i]);
    cursor.setAttribute("x2", xs[i]);
    drawn.forEach((show) => show(i, j));
    svg.firstChild.textContent = `${chart.name}. ${facts.sentences[i * nSecond + j]}`;
  };
}

function render({ model, el, signal }) {
  const facts = model.get("facts");
  const nSecond = facts.axes[1]?.labels.length ?? 1;
  const at = lookup(floats(model.get("numbers")), facts.axes[0].labels.length, nSecond);
  const { controls, words, pictures } = panel(el, facts.lookFor);
  const position = () => [model.get("position")[0], model.get("position")[1] ?? 0];
  const sentence = ([i, j]) => facts.sentences[i * nSecond + j];
  let now = position();
  let before = now;

  const handles = facts.axes.map((axis, which) =>
    slider(controls, {
      name: axis.title,
      count: axis.labels.length,
      show: (place) => [axis.labels[place], sentence(now.map((other, i) => (i === which ? place : other)))],
      moved: (place) => {
        model.set("position", model.get("position").map((other, i) => (i === which ? place : other)));
        model.save_changes();
      },
      signal,
    }),
  );
  const charts = facts.charts.map((chart) => drawChart(html(pictures, "div", { className: "picture" }), facts, chart, at));

  const series = facts.charts.flatMap((chart) => chart.series.map((one) => ({ ...one, largerIsBetter: chart.largerIsBetter })));
  const named = ([i, j]) => facts.axes.map((axis, which) => `${axis.name} ${axis.labels[which ? j : i]}`).join(", ");
  const changed = (now, before) =>
    String(now) === String(before)
      ? "Move a slider and read here what changes."
      : change(
          named(before),
          series.map(({ name }) => name),
          series.map(({ index }) => at(index, 0, ...now) - at(index, 0, ...before)),
          series.map(({ largerIsBetter }) => largerIsBetter),
        );
  const everywhere = facts.axes[0].labels.flatMap((_, i) => Array.from({ length: nSecond }, (_, j) => [i, j]));
  words.setAttribute("role", "status");
  const status = line(words, facts.sentences);
  const news = line(words, ofPairs(wordy(everywhere, named), changed), "news");

  const paint = () => {
    handles.forEach((handle, which) => handle.set(now[which]));
    charts.forEach((show) => show(...now));
    status.textContent = sentence(now);
    news.textContent = changed(now, before);
  };
  const repaint = oncePerFrame(paint);
  const origin = comparison(el, () => now, signal);
  model.on("change:position", () => {
    if (String(position()) === String(now)) return;
    before = origin(now);
    now = position();
    repaint();
  });
  paint();
}

export default { render };
