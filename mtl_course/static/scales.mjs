// Numbers to pixels and back, and numbers to words: no page is touched here.

/** Map `domain` linearly onto `range`; a domain of width 0 lands on the start of `range`. */
export function linear([from, to], [start, end]) {
  const width = to - from || 1;
  return (value) => start + ((value - from) / width) * (end - start);
}

/** The lowest and highest finite value, widened by `share` of their distance on both sides. */
export function padded(values, share = 0.06) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  const margin = (high - low) * share || Math.abs(high) * share || 1;
  return [low - margin, high + margin];
}

/** Round numbers (1, 2, 2.5 or 5 times a power of ten) inside [low, high], about `count` of them. */
export function ticks(low, high, count = 5) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.8);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
    found.push(Number((i * step).toPrecision(12)));
  }
  return found;
}

/** The index of the value in `values` that lies nearest to `wanted`. */
export function nearest(values, wanted) {
  let best = 0;
  for (let i = 1; i < values.length; i++) {
    if (Math.abs(values[i] - wanted) < Math.abs(values[best] - wanted)) best = i;
  }
  return best;
}

/** A number for a reader: three decimals below 10, none from 1000 on; as in `panels.readable`. */
export function readable(value) {
  if (!Number.isFinite(value)) return "not defined";
  const size = Math.abs(value);
  const text = value.toFixed(size < 10 ? 3 : size < 1000 ? 1 : 0);
  return size < 1000 ? text : text.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A tick's label: as many decimals as tell multiples of `step` apart. */
export function tickLabel(value, step) {
  let decimals = 0;
  while (decimals < 8 && Math.abs(Number(step.toFixed(decimals)) - step) > step * 1e-6) decimals += 1;
  return value.toFixed(decimals).replace("-", "\u2212");
}

/** The float32 numbers behind what a widget's bytes arrive as (a DataView, a buffer or nothing). */
export function floats(bytes) {
  if (!bytes) return new Float32Array(0);
  const start = bytes.byteOffset ?? 0;
  const buffer = bytes.buffer ?? bytes;
  return new Float32Array(buffer.slice(start, start + bytes.byteLength));
}

/** Mean of the last `span` values at each place, fewer at the start. */
export function smoothed(values, span) {
  const means = new Float32Array(values.length);
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i];
    if (i >= span) sum -= values[i - span];
    means[i] = sum / Math.min(i + 1, span);
  }
  return means;
}

/** The `points` attribute of a polyline through (x[i], y[i]); places that are not finite are left out. */
export function path(xs, ys) {
  let points = "";
  for (let i = 0; i < ys.length; i++) {
    if (Number.isFinite(ys[i])) points += `${xs[i].toFixed(1)},${ys[i].toFixed(1)} `;
  }
  return points.trimEnd();
}
