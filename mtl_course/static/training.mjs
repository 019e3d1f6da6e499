// A training that runs in the kernel: its losses stream in, the weight α and the buttons go back.
import { button, line, oncePerFrame, panel, slider } from "./controls.mjs";
import { axes, html, picture, shape } from "./drawing.mjs";
import { floats, nearest, padded, path, smoothed } from "./scales.mjs";

const ALPHAS = Array.from({ length: 101 }, (_, i) => i / 100);

/** The losses of one task out of what the kernel sent: [bins, tasks] in one row. */
export function column(numbers, task, nTasks) {
  return numbers.filter((_, i) => i % nTasks === task);
}

function drawLoss(parent, facts, task) {
  const holder = html(parent, "div", { className: "picture" });
  const box = { left: 58, right: 424, top: 40, bottom: 202 };
  const span = Math.max(2, Math.round(facts.nBins / 25));
  return ({ losses, marks, bin }) => {
    const values = column(losses, task, facts.tasks.length);
    const svg = picture(null, 440, 254, `Loss of ${facts.tasks[task]} so far`);
    const { toX, toY, marks: layer } = axes(svg, box, {
      x: [0, facts.maxSteps],
      y: padded(values.length ? values : [0, 1], 0.08),
      xName: "training step",
      yName: `loss of ${facts.tasks[task]} (nats, \u2193 better)`,
    });
    layer.style.setProperty("--hue", facts.colors[task]);
    for (const [step, alpha] of marks) {
      shape(layer, "line", { class: "cursor", x1: toX(step), x2: toX(step), y1: box.top, y2: box.bottom });
      shape(layer, "text", { class: "label", x: toX(step) + 4, y: box.top + 11 }, `\u03b1 ${alpha.toFixed(2)}`);
    }
    const xs = Array.from(values, (_, i) => toX((i + 1) * bin));
    const toYs = (series) => Array.from(series, toY);
    shape(layer, "polyline", { class: "thin", points: path(xs, toYs(values)) });
    shape(layer, "polyline", { class: "thick", points: path(xs, toYs(smoothed(values, span))) });
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
  const handle = slider(controls, {
    name: `\u03b1, weight of ${facts.tasks[0]}`,
    count: ALPHAS.length,
    show: (place) => [ALPHAS[place].toFixed(2), `${ALPHAS[place].toFixed(2)} for ${facts.tasks[0]}, ${(1 - ALPHAS[place]).toFixed(2)} for ${facts.tasks[1]}`],
    moved: (place) => tell("alpha", ALPHAS[place]),
    signal,
  });
  const buttons = html(controls, "div", { className: "buttons" });
  const run = button(buttons, "Start", () => tell("running", !model.get("running")), signal);
  const single = button(buttons, "One step", () => tell("single_steps", model.get("single_steps") + 1), signal);
  button(buttons, "Reset", () => tell("resets", model.get("resets") + 1), signal);
  const counter = html(buttons, "span", { className: "counter" });
  const status = line(words, "Finished after 100000 steps. Reset to begin again.");
  status.setAttribute("role", "status");
  const error = html(words, "p", { className: "error", role: "alert", hidden: true });
  const charts = facts.tasks.map((_, task) => drawLoss(pictures, facts, task));

  const paint = () => {
    const [running, done] = [model.get("running"), model.get("done")];
    handle.set(nearest(ALPHAS, model.get("alpha")));
    run.textContent = running ? "Pause" : "Start";
    run.disabled = !running && done >= facts.maxSteps;
    single.disabled = running || done >= facts.maxSteps;
    counter.textContent = `step ${done.toLocaleString("en")} of ${facts.maxSteps.toLocaleString("en")}`;
    if (status.textContent !== model.get("status")) status.textContent = model.get("status");
    error.hidden = !model.get("error");
    error.textContent = model.get("error");
    const losses = floats(model.get("losses"));
    charts.forEach((show) => show({ losses, marks: model.get("marks"), bin: facts.bin }));
  };
  const acknowledge = () => tell("seen", model.get("sent")); // the kernel never runs ahead of the screen
  const repaint = oncePerFrame(() => {
    paint();
    if (model.get("seen") !== model.get("sent")) acknowledge();
  });
  for (const name of ["alpha", "running", "done", "status", "error", "losses", "marks", "sent"]) {
    model.on(`change:${name}`, repaint);
  }
  paint();
  acknowledge();
}

export default { render };
