// Three weights that add up to 1, as a place in a triangle with sides of 1. No page is touched here.

const HEIGHT = Math.sqrt(3) / 2;
const LEVEL = 1e-6; // weightings whose distances differ by less are equally near
export const CORNERS = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];

/** Where three weights lie: the first task's corner is on top, the second's left, the third's right. */
export function toPlace([first, , third]) {
  return [third + first / 2, HEIGHT * (1 - first)]; // y points down, as on a screen
}

/** The weights at a place; outside of the triangle one of them is below 0. */
export function toWeights([x, y]) {
  const first = 1 - y / HEIGHT;
  const third = x - first / 2;
  return [first, 1 - first - third, third];
}

/** The index of the weighting that lies nearest to `wanted`, the first of equals; as in Python. */
export function nearestWeighting(weightings, wanted) {
  const distances = weightings.map((one) => Math.hypot(...one.map((weight, i) => weight - wanted[i])));
  const level = Math.min(...distances) + LEVEL;
  return distances.findIndex((distance) => distance <= level);
}

/**
 * The index of the next place from `now` in `direction`, or `now` where there is none within 60
 * degrees: near, and little off the direction. Of two alike, the one nearer to the middle.
 */
export function neighbor(places, now, [dx, dy]) {
  let best = now;
  let least = Infinity;
  places.forEach(([x, y], i) => {
    const [right, down] = [x - places[now][0], y - places[now][1]];
    const along = right * dx + down * dy;
    const distance = Math.hypot(right, down);
    if (along <= 0.499 * distance) return; // itself among them
    const cost = distance ** 2 / along + 1e-3 * Math.abs(x - 0.5);
    if (cost < least - 1e-9) [best, least] = [i, cost];
  });
  return best;
}

/** The part of the triangle that is nearer to each place than to any other, as a list of corners. */
export function cells(places) {
  const whole = CORNERS.map(toPlace);
  return places.map((own) => places.reduce((cell, other) => (other === own ? cell : nearerTo(own, other, cell)), whole));
}

function nearerTo(own, other, cell) {
  const side = ([x, y]) => (x - own[0]) ** 2 + (y - own[1]) ** 2 - (x - other[0]) ** 2 - (y - other[1]) ** 2;
  return cell.flatMap((corner, i) => {
    const next = cell[(i + 1) % cell.length];
    const [here, there] = [side(corner), side(next)];
    const kept = here <= 0 ? [corner] : [];
    const share = here / (here - there);
    if (here * there < 0) kept.push([0, 1].map((axis) => corner[axis] + share * (next[axis] - corner[axis])));
    return kept;
  });
}
