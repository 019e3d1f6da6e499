// Three weights looked up in a finished sweep: a point on a triangle, a map of each metric, words.
import { comparison } from "./comparison.mjs";
import { line, ofPairs, oncePerFrame, panel, slider, wordy } from "./controls.mjs";
import { html, marker, picture, place, shape } from "./drawing.mjs";
import { goodness, tint } from "./ramp.mjs";
import { floats, linear, padded, tickLabel, ticks } from "./scales.mjs";
import { inWords, reshare, twoDecimals } from "./shares.mjs";
import { CORNERS, cells, nearestWeighting, neighbor, toPlace, toWeights } from "./triangle.mjs";
import { change } from "./words.mjs";

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Each point's numbers of each metric: {mean, spread, seeds}, out of [points, mean, spread and seeds, 3]. */
export function readings(numbers, nPoints, nSeeds) {
  const at = (point, row, task) => numbers[(point * (2 + nSeeds) + row) * 3 + task];
  return Array.from({ length: nPoints }, (_, point) =>
    [0, 1, 2].map((task) => ({
      mean: at(point, 0, task),
      spread: at(point, 1, task),
      seeds: Array.from({ length: nSeeds }, (_, seed) => at(point, 2 + seed, task)),
    })),
  );
}

/** Where a key leads from the point `now`; null for a key that leads nowhere. */
export function destination(key, now, weightings, front) {
  if (key in STEPS) return neighbor(weightings.map(toPlace), now, STEPS[key]);
  if (key === "Home") return nearestWeighting(weightings, [1 / 3, 1 / 3, 1 / 3]);
  if (key === "End") {
    const corners = CORNERS.map((corner) => nearestWeighting(weightings, corner));
    return corners[(corners.indexOf(now) + 1) % corners.length];
  }
  const onFront = weightings.map((_, i) => i).filter((i) => front[i]);
  if (key === "PageUp") return onFront.find((i) => i > now) ?? onFront[0];
  if (key === "PageDown") return onFront.findLast((i) => i < now) ?? onFront[onFront.length - 1];
  return null;
}

/** The trained weighting with `value` for one task whose other weights are most like those before. */
export function along(weightings, now, which, value) {
  const wanted = reshare(weightings[now], which, value);
  const row = weightings.filter((weighting) => weighting[which] === value);
  return weightings.indexOf(row[nearestWeighting(row, wanted)]);
}

/** Weights to pixels and back, for a triangle with its top corner at (x, y). */
function triangleAt(x, y, side) {
  return {
    toPixel: (weights) => {
      const [right, down] = toPlace(weights);
      return [x + (right - 0.5) * side, y + down * side];
    },
    fromPixel: ([right, down]) => toWeights([(right - x) / side + 0.5, (down - y) / side]),
  };
}

function outline(parent, corners, attributes) {
  return shape(parent, "path", { d: `M${corners.map((corner) => corner.map((value) => value.toFixed(2))).join("L")}Z`, ...attributes });
}

/** Call `moved` with the pixel under a pointer that is pressed on `svg`, `width` pixels wide, and dragged. */
function onDrag(svg, width, moved, signal) {
  const pixel = ({ clientX, clientY }) => {
    const box = svg.getBoundingClientRect();
    return [clientX - box.left, clientY - box.top].map((distance) => (distance * width) / box.width);
  };
  const press = (event) => {
    if (event.button !== 0) return;
    svg.setPointerCapture(event.pointerId);
    moved(pixel(event));
  };
  svg.addEventListener("pointerdown", press, { signal });
  svg.addEventListener("pointermove", (event) => svg.hasPointerCapture(event.pointerId) && moved(pixel(event)), { signal });
}

function drawTriangle(parent, facts, choose, current, signal) {
  const width = 440;
  const svg = picture(parent, width, 394, "Trained weightings: each corner gives one task all the weight");
  svg.setAttribute("role", "group"); // a picture would hide the handle from screen readers
  svg.setAttribute("class", "triangle");
  const { toPixel, fromPixel } = triangleAt(220, 72, 300);
  outline(svg, CORNERS.map(toPixel), { class: "outline" });
  const tasks = facts.tasks.map((task, i) => {
    const group = shape(svg, "g", { class: "series" });
    group.style.setProperty("--hue", facts.colors[i]);
    const [x, y] = toPixel(CORNERS[i]);
    const pull = shape(group, "line", { class: "pull", x2: x, y2: y });
    const [textX, textY] = [x, i === 0 ? y - 52 : y + 36];
    marker(group, facts.markers[i], i === 0 ? x : x + (i === 1 ? -14 : 14), i === 0 ? y - 17 : y + 9, 7, { class: "end" });
    shape(group, "text", { class: "name", x: textX, y: textY, "text-anchor": "middle" }, task);
    const weight = shape(group, "text", { class: "name", x: textX, y: textY + 18, "text-anchor": "middle" });
    return { pull, weight };
  });
  facts.weights.forEach((weights, i) => {
    const [x, y] = toPixel(weights);
    const group = shape(svg, "g", { class: facts.front[i] ? "point on-front" : "point" });
    shape(marker(group, "o", x, y, 4), "title", {}, facts.sentences[i]);
  });
  const handle = shape(svg, "g", {
    class: "handle",
    tabindex: 0,
    role: "slider",
    "aria-label": `weights of ${facts.tasks.join(", ")}`,
    "aria-roledescription": "point on a triangle",
    "aria-valuemin": 0,
    "aria-valuemax": facts.weights.length - 1,
  });
  const parts = [["halo", 19], ["grip", 10], ["core", 4]].map(([className, size]) => [marker(handle, "o", 0, 0, size, { class: className }), size]);
  const drag = (pixel) => {
    handle.focus({ preventScroll: true });
    choose(nearestWeighting(facts.weights, fromPixel(pixel)));
  };
  onDrag(svg, width, drag, signal);
  handle.addEventListener("keydown", (event) => {
    event.stopPropagation(); // JupyterLab would take the arrow keys for moving between cells
    const wanted = destination(event.key, current(), facts.weights, facts.front);
    if (wanted === null || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    choose(wanted);
  }, { signal });
  return (point) => {
    const weights = facts.weights[point];
    const [x, y] = toPixel(weights);
    parts.forEach(([part, size]) => place(part, x, y, size));
    tasks.forEach(({ pull, weight }, i) => {
      pull.setAttribute("x1", x);
      pull.setAttribute("y1", y);
      pull.setAttribute("stroke-width", weights[i] === 0 ? 0 : 1 + 8 * weights[i]);
      weight.textContent = twoDecimals(weights[i]);
    });
    handle.setAttribute("aria-valuenow", point);
    handle.setAttribute("aria-valuetext", facts.sentences[point]);
  };
}

function drawMap(parent, facts, points, task, limits, choose, signal) {
  const width = 160;
  const name = facts.metricNames[task];
  const svg = picture(parent, width, 152, name);
  svg.setAttribute("class", "map");
  const { toPixel, fromPixel } = triangleAt(80, 14, 140);
  cells(facts.weights.map(toPlace)).forEach((cell, i) => {
    const fill = tint(goodness(points[i][task].mean, limits, facts.largerIsBetter[task]));
    const drawn = outline(svg, cell.map(toWeights).map(toPixel), { class: "cell", style: `fill: ${fill}; stroke: ${fill}` });
    shape(drawn, "title", {}, `${inWords(facts.tasks, facts.weights[i])}: ${facts.cells[i][task]}`);
  });
  facts.weights.forEach((weights, i) => facts.front[i] && marker(svg, "o", ...toPixel(weights), 2.4, { class: "front-dot" }));
  facts.tasks.forEach((_, i) => {
    const group = shape(svg, "g", { class: "series" });
    group.style.setProperty("--hue", facts.colors[i]);
    const [x, y] = toPixel(CORNERS[i]);
    marker(group, facts.markers[i], x + [0, -3, 3][i], y + [-8, 10, 10][i], 4.5, { class: "end" });
  });
  const rings = ["ring-back", "ring-front"].map((className) => marker(svg, "o", 0, 0, 6, { class: className }));
  onDrag(svg, width, (pixel) => choose(nearestWeighting(facts.weights, fromPixel(pixel))), signal);
  return (point) => {
    const [x, y] = toPixel(facts.weights[point]);
    rings.forEach((ring) => place(ring, x, y, 6));
    svg.firstChild.textContent = `${name}: ${facts.cells[point][task]} at ${inWords(facts.tasks, facts.weights[point])}`;
  };
}

/** The map's colours as a scale in the metric's unit, and on it the chosen point, seed by seed. */
function drawScale(parent, facts, points, task, limits) {
  const svg = picture(parent, 280, 58, `${facts.metricNames[task]}: scale of colours`);
  const reach = points.flatMap((metrics) => {
    const { mean, spread, seeds } = metrics[task];
    return [mean - spread, mean + spread, ...seeds];
  });
  const domain = padded(reach, 0.02);
  const toX = linear(domain, [10, 270]);
  const id = `ramp-${Math.random().toString(36).slice(2)}`;
  const [x1, x2] = limits.map(toX);
  const gradient = shape(svg, "linearGradient", { id, gradientUnits: "userSpaceOnUse", x1, x2: Math.max(x2, x1 + 1e-3), y1: 0, y2: 0 });
  for (let i = 0; i <= 8; i++) {
    const value = limits[0] + ((limits[1] - limits[0]) * i) / 8;
    shape(gradient, "stop", { offset: i / 8, "stop-color": tint(goodness(value, limits, facts.largerIsBetter[task])) });
  }
  shape(svg, "rect", { class: "ramp", x: 10, y: 24, width: 260, height: 12, fill: `url(#${id})` });
  const values = ticks(...domain, 4);
  for (const value of values) {
    shape(svg, "line", { class: "tick", x1: toX(value), x2: toX(value), y1: 36, y2: 40 });
    shape(svg, "text", { x: toX(value), y: 54, "text-anchor": "middle" }, tickLabel(value, values[1] - values[0]));
  }
  const group = shape(svg, "g", { class: "series" });
  group.style.setProperty("--hue", facts.colors[task]);
  const needles = ["needle-back", "needle"].map((className) => shape(svg, "path", { class: className }));
  const bar = shape(group, "path", { class: "bar" });
  const dot = marker(group, facts.markers[task], 0, 0, 4.6, { class: "end" });
  return (point) => {
    const { mean, spread, seeds } = points[point][task];
    const marks = facts.nSeeds > 1 ? seeds : [mean];
    needles.forEach((needle) => needle.setAttribute("d", marks.map((value) => `M${toX(value).toFixed(1)},22V38`).join("")));
    bar.setAttribute("d", spread > 0 ? `M${toX(mean - spread)},12H${toX(mean + spread)}` : "");
    place(dot, toX(mean), 12, 4.6);
  };
}

function drawMetric(parent, facts, points, task, choose, signal) {
  const row = html(parent, "div", { className: "metric" });
  const means = points.map((metrics) => metrics[task].mean);
  const limits = [Math.min(...means), Math.max(...means)];
  const showMap = drawMap(row, facts, points, task, limits, choose, signal);
  const reading = html(row, "div", { className: "reading" });
  const arrow = facts.largerIsBetter[task] ? "better\u00a0\u2192" : "\u2190\u00a0better";
  html(reading, "h4", { textContent: `${facts.metricNames[task]} (${arrow})` });
  const value = html(reading, "p", { className: "number" });
  const showScale = drawScale(reading, facts, points, task, limits);
  return (point) => {
    value.textContent = facts.cells[point][task];
    showMap(point);
    showScale(point);
  };
}

function drawSigns(parent, nSeeds) {
  const sign = (text, draw) => {
    const item = html(parent, "span");
    draw(shape(item, "svg", { viewBox: "-8 -8 16 16", "aria-hidden": "true" }));
    item.append(text);
  };
  sign("beaten by another weighting", (svg) => marker(shape(svg, "g", { class: "point" }), "o", 0, 0, 5));
  sign("on the Pareto front: no other weighting beats it", (svg) => {
    marker(shape(svg, "g", { class: "point on-front" }), "o", 0, 0, 5);
    marker(svg, "o", 0, 0, 2.6, { class: "front-dot" });
  });
  const colors = html(parent, "span");
  html(colors, "i", { className: "swatch", ariaHidden: "true" }).style.background = `linear-gradient(90deg, ${[0, 0.25, 0.5, 0.75, 1].map(tint)})`;
  colors.append(nSeeds > 1 ? "worst to best mean over the seeds" : "worst to best");
  if (nSeeds > 1) html(parent, "span", { textContent: `On the scale: mean \u00b1 one standard deviation; a line for each of ${nSeeds} seeds.` });
  html(parent, "span", { textContent: "Keys on the point: arrows; Home: equal weights; End: the corners in turn; Page Up, Page Down: along the front." });
}

function render({ model, el, signal }) {
  const facts = model.get("facts");
  const points = readings(floats(model.get("numbers")), facts.weights.length, facts.nSeeds);
  const { words, pictures } = panel(el, facts.lookFor);
  const position = () => nearestWeighting(facts.weights, model.get("weights"));
  let now = position();
  let before = now;

  const choose = (point) => {
    if (point === position()) return;
    model.set("weights", facts.weights[point]);
    model.save_changes();
  };
  const left = html(pictures, "div", { className: "picture" });
  const showTriangle = drawTriangle(left, facts, choose, position, signal);
  const sliders = html(left, "div", { className: "controls stacked" });
  const handles = facts.tasks.map((task, which) => {
    const values = [...new Set(facts.weights.map((weights) => weights[which]))].sort((one, other) => one - other);
    const handle = slider(sliders, {
      name: `weight of ${task}`,
      count: values.length,
      show: (place) => [twoDecimals(values[place]), facts.sentences[now]],
      moved: (place) => choose(along(facts.weights, now, which, values[place])),
      signal,
    });
    return () => handle.set(values.indexOf(facts.weights[now][which]));
  });
  const metrics = html(pictures, "div", { className: "picture metrics" });
  const showMetrics = facts.metricNames.map((_, task) => drawMetric(metrics, facts, points, task, choose, signal));
  drawSigns(html(el, "p", { className: "key" }), facts.nSeeds);

  const changed = (point, other) =>
    point === other
      ? "Move the point and read here what changes."
      : change(inWords(facts.tasks, facts.weights[other]), facts.metricNames, [0, 1, 2].map((task) => points[point][task].mean - points[other][task].mean), facts.largerIsBetter);
  words.setAttribute("role", "status");
  const status = line(words, facts.sentences);
  const named = (point) => facts.sentences[point];
  const news = line(words, ofPairs(wordy(points.keys(), named), changed), "news");

  const paint = () => {
    handles.forEach((show) => show());
    showTriangle(now);
    showMetrics.forEach((show) => show(now));
    status.textContent = facts.sentences[now];
    news.textContent = changed(now, before);
  };
  const repaint = oncePerFrame(paint);
  const origin = comparison(el, () => now, signal);
  model.on("change:weights", () => {
    if (position() === now) return;
    before = origin(now);
    now = position();
    repaint();
  });
  paint();
}

export default { render };
