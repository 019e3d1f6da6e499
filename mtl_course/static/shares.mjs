// Weights that add up to 1: moved one at a time, and in words. No page is touched here.

/** Weights after one of them is set to `value`; the others share the rest as they did before. */
export function reshare(weights, which, value) {
  const others = weights.reduce((sum, weight, i) => (i === which ? sum : sum + weight), 0);
  return weights.map((weight, i) => {
    if (i === which) return value;
    const part = others > 0 ? weight / others : 1 / (weights.length - 1);
    return Math.round((1 - value) * part * 1e6) / 1e6; // as many decimals as Python keeps
  });
}

/** A weight with two decimals, halves rounded up; as in `weightings.in_words`. */
export function twoDecimals(weight) {
  return (Math.floor(weight * 100 + 0.5) / 100).toFixed(2);
}

/** The weights by their tasks' names, e.g. "purchase 0.70, quantity 0.30". */
export function inWords(tasks, weights) {
  return tasks.map((task, i) => `${task} ${twoDecimals(weights[i])}`).join(", ");
}
