// What changed between two settings, in words: no page is touched here.
import { readable } from "./scales.mjs";

/** "better", "worse" or "" for a metric that moved by `difference`. */
export function verdict(difference, largerIsBetter) {
  if (largerIsBetter === null || difference === 0 || !Number.isFinite(difference)) return "";
  return difference > 0 === largerIsBetter ? "better" : "worse";
}

/** One metric's move, e.g. "AP of purchase +0.012 (better)"; too small to show reads "unchanged". */
export function move(name, difference, largerIsBetter) {
  if (!Number.isFinite(difference)) return `${name} not comparable`; // one of the two is not defined
  const size = readable(Math.abs(difference));
  if (Number(size) === 0) return `${name} unchanged`;
  const sign = difference > 0 ? "+" : "\u2212";
  const judged = verdict(difference, largerIsBetter);
  return `${name} ${sign}${size}${judged && ` (${judged})`}`;
}

/** The sentence that compares the chosen setting with the one before it. */
export function change(before, names, differences, largerIsBetter, newcomers = null) {
  const moves = names.map((name, i) => move(name, differences[i], largerIsBetter[i]));
  const lists = newcomers === null ? "" : newcomers === 0 ? "; the lists stay" : `; ${newcomers} new in the lists`;
  return `Against ${before}: ${moves.join(", ")}${lists}.`;
}

/** Which entries of `now` were not in `before`. */
export function newIn(now, before) {
  return now.map((entry) => !before.includes(entry));
}
