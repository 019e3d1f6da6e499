// A training that runs in the kernel: its losses stream in, the weight α and the buttons go back.
import { button, choice, enable, line, oncePerFrame, panel, slider } from "./controls.mjs";
import { axes, html, marker, picture, shape } from "./drawing.mjs";
import { floats, nearest, padded, path, smoothed } from "./scales.mjs";
import { PATIENCE, SILENCE } from "./waiting.mjs";

const SPEEDS = [0, 100, 20, 5]; // steps a second
const inSteps = (speed) => (speed === 0 ? "full" : `${speed} steps/s`);
const ALPHAS = Array.from({ length: 101 }, (_, i) => i / 100);

/** The losses of one task out of what the kernel sent: [bins, tasks] in one row. */
export function column(numbers, task, nTasks) {
  return numbers.filter((_, i) => i % nTasks === task);
}

/** Where on the step axis each bin's mean is drawn: at the bin's end, the last one at `done`. */
export function binEnds(nBins, bin, done) {
  return Array.from({ length: nBins }, (_, i) => Math.min((i + 1) * bin, done));
}

/** How many steps the axis spans: an eighth of all, doubled until those made fit. */
export function stepsShown(done, maxSteps) {
  return [maxSteps / 8, maxSteps / 4, maxSteps / 2].find((span) => done <= span) ?? maxSteps;
}

function drawLoss(parent, facts, task) {
  const holder = html(parent, "div", { className: "picture" });
  const box = { left: 58, right: 424, top: 40, bottom: 202 };
  const span = Math.max(2, Math.round(facts.nBins / 80)); // more would answer a move of α late
  return ({ losses, marks, done }) => {
    const values = column(losses, task, facts.tasks.length);
    const shown = stepsShown(done, facts.maxSteps);
    const svg = picture(null, 440, 254, `Loss of ${facts.tasks[task]} over ${done} steps`);
    const { toX, toY, marks: layer } = axes(svg, box, {
      x: [0, shown],
      y: padded(values.length ? values : [0, 1], 0.1),
      xName: "training step",
      yName: `loss of ${facts.tasks[task]} (nats, \u2193 better)`,
    });
    layer.style.setProperty("--hue", facts.colors[task]);
    const xs = binEnds(values.length, facts.bin, done).map(toX);
    const heights = (series) => Array.from(series, toY);
    const means = heights(smoothed(values, span));
    shape(layer, "polyline", { class: "thin", points: path(xs, heights(values)) });
    shape(layer, "polyline", { class: "thick", points: path(xs, means) });
    if (xs.length) marker(layer, facts.markers[task], xs.at(-1), means.at(-1), 4.5, { class: "end" });
    marks.forEach(([step, alpha], i) => {
      const [x, row] = [toX(step), i % 3]; // three rows, so that neighbours do not overlap
      shape(layer, "line", { class: "cursor", x1: x, x2: x, y1: box.top, y2: box.bottom });
      const side = step > shown * 0.85 ? ["end", -4] : ["start", 4];
      const place = { class: "label", x: x + side[1], y: box.top + 11 + 15 * row, "text-anchor": side[0] };
      shape(layer, "text", place, `\u03b1 ${alpha.toFixed(2)}`);
    });
    holder.replaceChildren(svg);
  };
}

function render({ model, el, signal }) {
  const facts = model.get("facts");
  const { controls, words, pictures } = panel(el, facts.lookFor);
  const tell = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };
  const weights = (place) => [ALPHAS[place].toFixed(2), (1 - ALPHAS[place]).toFixed(2)];
  const handle = slider(controls, {
    name: `\u03b1, weight of ${facts.tasks[0]}`,
    count: ALPHAS.length,
    show: (place) => [
      weights(place)[0],
      facts.tasks.map((task, i) => `${task} ${weights(place)[i]}`).join(", "),
    ],
    moved: (place) => tell("alpha", ALPHAS[place]),
    signal,
  });
  const status = line(words, [SILENCE]);
  status.setAttribute("role", "status");
  const error = html(words, "p", { className: "error", hidden: true });
  error.setAttribute("role", "alert");

  const ask = (name, value) => {
    const before = model.get("sent");
    tell(name, value);
    setTimeout(() => {
      if (!signal.aborted && model.get("sent") === before) status.textContent = SILENCE;
    }, PATIENCE);
  };
  const buttons = html(controls, "div", { className: "buttons" });
  const run = button(buttons, "Start", () => ask("running", !model.get("running")), signal);
  const single = button(buttons, "One step", () => ask("single_steps", model.get("single_steps") + 1), signal);
  button(buttons, "Reset", () => ask("resets", model.get("resets") + 1), signal);
  const speed = choice(buttons, "speed", SPEEDS, (wanted) => tell("speed", wanted), signal, inSteps);
  const counter = html(buttons, "span", { className: "counter" });
  const charts = facts.tasks.map((_, task) => drawLoss(pictures, facts, task));

  const paint = () => {
    const [running, done] = [model.get("running"), model.get("done")];
    handle.set(nearest(ALPHAS, model.get("alpha")));
    speed.set(model.get("speed"));
    run.textContent = running ? "Pause" : "Start";
    enable(run, running || done < facts.maxSteps);
    enable(single, !running && done < facts.maxSteps);
    counter.textContent = `step ${done.toLocaleString("en")} of ${facts.maxSteps.toLocaleString("en")}`;
    if (status.textContent !== model.get("status")) status.textContent = model.get("status");
    error.hidden = !model.get("error");
    error.textContent = model.get("error");
    const losses = floats(model.get("losses"));
    charts.forEach((show) => show({ losses, marks: model.get("marks"), done }));
  };
  let seen = null;
  const acknowledge = () => { // so that the kernel never runs far ahead of the screen
    seen = model.get("sent");
    model.send({ seen });
  };
  const repaint = oncePerFrame(() => {
    paint();
    if (model.get("sent") >= seen + facts.inFlight / 2) acknowledge(); // each costs the kernel steps
  });
  for (const name of ["alpha", "running", "speed", "done", "status", "error", "losses", "marks", "sent"]) {
    model.on(`change:${name}`, repaint);
  }
  paint();
  acknowledge();
}

export default { render };
