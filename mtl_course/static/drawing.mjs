// SVG by hand: elements, axes, markers. Colours and fonts come from the style sheet.
import { linear, tickLabel, ticks } from "./scales.mjs";

const SVG = "http://www.w3.org/2000/svg";

/** A new SVG element with `attributes`, appended to `parent`. */
export function shape(parent, name, attributes = {}, text = null) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== null) element.textContent = text;
  parent?.append(element);
  return element;
}

/** A new HTML element with `properties`, appended to `parent`. */
export function html(parent, name, properties = {}) {
  const element = Object.assign(document.createElement(name), properties);
  parent?.append(element);
  return element;
}

/** A picture of fixed aspect, so that a cell's output never changes height; `title` is its text. */
export function picture(parent, width, height, title) {
  const svg = shape(parent, "svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  svg.style.aspectRatio = `${width} / ${height}`;
  shape(svg, "title", {}, title);
  return svg;
}

/** Axes inside `box`, with grid, ticks and names; returns the two scales and where to draw. */
export function axes(svg, box, { x, y, xName, yName, xTicks = null, yTicks = null }) {
  const toX = linear(x, [box.left, box.right]);
  const toY = linear(y, [box.bottom, box.top]);
  const frame = shape(svg, "g", { class: "axes" });
  const yValues = yTicks ?? ticks(...y, 5);
  for (const value of yValues) {
    const at = toY(value);
    shape(frame, "line", { class: "grid", x1: box.left, x2: box.right, y1: at, y2: at });
    const label = tickLabel(value, yValues[1] - yValues[0]);
    shape(frame, "text", { x: box.left - 7, y: at + 4, "text-anchor": "end" }, label);
  }
  const xValues = ticks(...x, 5);
  const marks = xTicks ?? xValues.map((value) => [value, tickLabel(value, xValues[1] - xValues[0])]);
  for (const [value, label] of marks) {
    const at = toX(value);
    if (!xTicks) shape(frame, "line", { class: "grid", x1: at, x2: at, y1: box.top, y2: box.bottom });
    shape(frame, "line", { class: "tick", x1: at, x2: at, y1: box.bottom, y2: box.bottom + 5 });
    shape(frame, "text", { x: at, y: box.bottom + 19, "text-anchor": "middle" }, label);
  }
  shape(frame, "path", { class: "frame", d: `M${box.left},${box.top}V${box.bottom}H${box.right}` });
  shape(frame, "text", { class: "name", x: box.left - 36, y: box.top - 12 }, yName);
  shape(frame, "text", { class: "name", x: box.right, y: box.bottom + 37, "text-anchor": "end" }, xName);
  return { toX, toY, marks: shape(svg, "g", { class: "marks" }) };
}

const OUTLINES = {
  o: "M-1,0A1,1 0 1,1 1,0A1,1 0 1,1 -1,0Z",
  s: "M-.9,-.9H.9V.9H-.9Z",
  D: "M0,-1.25L1.25,0L0,1.25L-1.25,0Z",
  "^": "M0,-1.2L1.15,.9H-1.15Z",
  v: "M0,1.2L1.15,-.9H-1.15Z",
  P: "M-.4,-1.15H.4V-.4H1.15V.4H.4V1.15H-.4V.4H-1.15V-.4H-.4Z",
  X: "M-1,-1L1,1M-1,1L1,-1",
};

/** A marker by its matplotlib letter, centred on (x, y). */
export function marker(parent, letter, x, y, size, attributes = {}) {
  const outline = shape(parent, "path", { d: OUTLINES[letter], "vector-effect": "non-scaling-stroke", ...attributes });
  place(outline, x, y, size);
  return outline;
}

/** Move a marker; one whose place is not a number is not shown. */
export function place(outline, x, y, size) {
  outline.style.display = Number.isFinite(x) && Number.isFinite(y) ? "" : "none";
  if (outline.style.display === "none") return;
  outline.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${size})`);
}
