// Scores to a list, and one list against another. No page is touched here.

/** sum_t weights[t] * scores[item, t] for each item, added up task by task as in Python. */
export function listScores(scores, weights) {
  const n = weights.length;
  return Array.from({ length: scores.length / n }, (_, item) => weights.reduce((sum, weight, task) => sum + weight * scores[item * n + task], 0));
}

/** The `k` items with the highest scores, best first; of equal scores the lower number first. */
export function topK(scores, k, leftOut) {
  const candidates = Array.from(scores.keys()).filter((item) => !leftOut.has(item));
  return candidates.sort((one, other) => scores[other] - scores[one] || one - other).slice(0, k);
}

/** By how many places each entry of `now` has risen since `before`; null for one that is new. */
export function climbs(now, before) {
  return now.map((item, place) => (before.includes(item) ? before.indexOf(item) - place : null));
}

/** A name cut to `most` characters. */
export function short(name, most = 26) {
  return name.length > most ? `${name.slice(0, most - 1).trimEnd()}\u2026` : name;
}

/** At most `most` names, each cut short, and how many more there are. */
export function some(names, most) {
  const more = names.length - most;
  return (names.slice(0, most).map((name) => short(name)).join(", ") || "none") + (more > 0 ? ` and ${more} more` : "");
}

/** Which items entered the list and which left it against `before`, and whether others moved. */
export function turnover(before, now, old, names, most) {
  const entered = now.filter((item) => !old.includes(item)).map((item) => names[item]);
  const left = old.filter((item) => !now.includes(item)).map((item) => names[item]);
  const moved = climbs(now, old).filter(Boolean).length;
  const order = moved === 0 ? "" : `; ${moved} of the others moved`;
  if (entered.length + left.length > 0) return `Against ${before}: in: ${some(entered, most)}; out: ${some(left, most)}${order}.`;
  return `Against ${before}: the same items${moved === 0 ? " in the same order" : `, ${moved} of them moved`}.`;
}
