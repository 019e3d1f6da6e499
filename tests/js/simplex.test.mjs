import assert from "node:assert/strict";
import test from "node:test";
import { comparison } from "../../mtl_course/static/comparison.mjs";
import { goodness, ramp, tint } from "../../mtl_course/static/ramp.mjs";
import { inWords, reshare, twoDecimals } from "../../mtl_course/static/shares.mjs";
import { along, destination, readings } from "../../mtl_course/static/simplex.mjs";
import { CORNERS, cells, nearestWeighting, neighbor, toPlace, toWeights } from "../../mtl_course/static/triangle.mjs";

const thirds = []; // ten weightings: 0 is the right corner, 3 the left one, 9 the top
for (let i = 0; i <= 3; i++) for (let j = 0; j <= 3 - i; j++) thirds.push([i / 3, j / 3, (3 - i - j) / 3]);
const near = (found, expected) => found.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-9, `${found} is not ${expected}`));

test("each corner gives one task all the weight", () => {
  near(toPlace([1, 0, 0]), [0.5, 0]);
  near(toPlace([0, 1, 0]), [0, Math.sqrt(3) / 2]);
  near(toPlace([0, 0, 1]), [1, Math.sqrt(3) / 2]);
});

test("a place leads back to its weights", () => {
  for (const weights of [[0.2, 0.3, 0.5], [1 / 3, 1 / 3, 1 / 3], [0, 1, 0]]) near(toWeights(toPlace(weights)), weights);
});

test("the nearest weighting is the first of those equally near", () => {
  assert.equal(nearestWeighting(CORNERS, [0.2, 0.5, 0.3]), 1);
  assert.equal(nearestWeighting(CORNERS, [0, 0.5, 0.5]), 1);
  // both are 0.0707 away, but for rounding, which finds the second nearer; as in Python's test
  assert.equal(nearestWeighting([[0, 0, 1], [0, 0.1, 0.9], [1, 0, 0]], [0, 0.05, 0.95]), 0);
  assert.equal(nearestWeighting(CORNERS, [-0.4, 0.2, 1.2]), 2); // a pointer outside of the triangle
});

test("arrows lead to the neighbour in that direction, and stop at the edge", () => {
  const places = thirds.map(toPlace);
  const go = (now, direction) => neighbor(places, now, direction);
  // the bottom row from left to right is 3, 2, 1, 0; above it 6, 5, 4; then 8, 7; then 9
  assert.equal(go(3, [1, 0]), 2);
  assert.equal(go(2, [-1, 0]), 3);
  assert.equal(go(0, [1, 0]), 0);
  assert.equal(go(3, [0, 1]), 3);
  assert.equal(go(5, [0, -1]), 7); // 8 is as near, and as far from the middle: the first
  assert.equal(go(3, [0, -1]), 6);
  assert.equal(go(0, [0, -1]), 4);
  assert.equal(go(4, [0, 1]), 1); // not 0, which is as near: the middle is nearer to 1
  assert.equal(go(9, [-1, 0]), 8); // along the edge, towards the left corner
  assert.equal(neighbor([[0, 0], [0.1, 0.3]], 0, [1, 0]), 0); // 72 degrees off
});

test("keys lead to equal weights, through the corners and along the front", () => {
  const front = thirds.map((_, i) => i === 1 || i === 5 || i === 8);
  const go = (key, now) => destination(key, now, thirds, front);
  assert.equal(go("ArrowRight", 3), 2);
  assert.equal(go("ArrowLeft", 2), 3);
  assert.equal(go("ArrowUp", 3), 6);
  assert.equal(go("ArrowDown", 6), 2);
  assert.equal(go("Home", 0), 5);
  assert.deepEqual([5, 9, 3, 0].map((now) => go("End", now)), [9, 3, 0, 9]);
  assert.deepEqual([1, 5, 8, 9].map((now) => go("PageUp", now)), [5, 8, 1, 1]);
  assert.deepEqual([8, 5, 1, 0].map((now) => go("PageDown", now)), [5, 1, 8, 8]);
  assert.equal(go("a", 5), null);
});

test("one weight's slider keeps the others in their proportion", () => {
  near(reshare([0.2, 0.2, 0.6], 0, 0.6), [0.6, 0.1, 0.3]);
  near(reshare([1, 0, 0], 0, 0.5), [0.5, 0.25, 0.25]); // nothing to keep
  assert.deepEqual(reshare([0.5, 0.5], 0, 0.7), [0.7, 0.3]); // and not 0.30000000000000004
  const tenths = [[0.2, 0.2, 0.6], [0.6, 0.3, 0.1], [0.6, 0.1, 0.3], [0.2, 0.7, 0.1]];
  assert.equal(along(tenths, 0, 0, 0.6), 2);
  assert.equal(along(tenths, 1, 0, 0.2), 3);
  // (0.55, 0.1, 0.35) is nearer to (0.6, 0.1, 0.3), but the slider says 0.6
  assert.equal(along([[0.2, 0.2, 0.6], [0.6, 0.4, 0], [0.55, 0.1, 0.35]], 0, 0, 0.6), 1);
});

test("cells share the triangle out, each with its own point", () => {
  const area = (cell) => Math.abs(cell.reduce((sum, [x, y], i) => sum + x * cell[(i + 1) % cell.length][1] - y * cell[(i + 1) % cell.length][0], 0)) / 2;
  const places = [...thirds, [0.1, 0.2, 0.7]].map(toPlace);
  const areas = cells(places).map(area);
  assert.ok(Math.abs(areas.reduce((sum, one) => sum + one, 0) - Math.sqrt(3) / 4) < 1e-9);
  assert.ok(areas.every((one) => one > 0.001));
  // the middle one of ten thirds is a whole hexagon: six triangles of side 1/3 about, 2/3 of each
  const middle = cells(thirds.map(toPlace))[5];
  assert.equal(middle.filter(([x, y], i) => Math.hypot(x - middle.at(i - 1)[0], y - middle.at(i - 1)[1]) > 1e-6).length, 6);
  assert.ok(Math.abs(area(middle) - Math.sqrt(3) / 18) < 1e-9);
});

test("yellow is the better end, whichever that is", () => {
  assert.deepEqual([3, 4, 5, 9, 1].map((value) => goodness(value, [3, 5], true)), [0, 0.5, 1, 1, 0]);
  assert.deepEqual([3, 4, 5].map((value) => goodness(value, [3, 5], false)), [1, 0.5, 0]);
  assert.equal(goodness(2, [2, 2], true), 0.5);
  assert.equal(tint(0), "rgb(0 34 78)");
  assert.equal(tint(1), "rgb(254 232 56)");
});

test("the colours grow lighter all the way, for eyes that see no colour", () => {
  const light = ([red, green, blue]) => 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  const all = Array.from({ length: 101 }, (_, i) => light(ramp(i / 100)));
  assert.ok(all.every((one, i) => i === 0 || one > all[i - 1]));
});

test("weights are worded as Python words them", () => {
  // the same as in the docstring of weightings.in_words
  assert.equal(inWords(["purchase", "quantity"], [0.125, 0.875]), "purchase 0.13, quantity 0.88");
  assert.equal(twoDecimals(1), "1.00");
});

test("numbers are read as mean, spread and seeds of each metric", () => {
  // two points, one seed: mean, spread and seed of three metrics each
  const [first, second] = readings([1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19], 2, 1);
  assert.deepEqual(first[0], { mean: 1, spread: 4, seeds: [7] });
  assert.deepEqual(second[2], { mean: 13, spread: 16, seeds: [19] });
});

test("a move is compared with the setting before, a drag with the one where it began", () => {
  const el = Object.assign(new EventTarget(), { ownerDocument: new EventTarget() });
  let now = "begin";
  const origin = comparison(el, () => now, undefined);
  assert.equal(origin("one key ago"), "one key ago");
  el.dispatchEvent(new Event("pointerdown"));
  now = "passed";
  assert.equal(origin("passed"), "begin");
  el.ownerDocument.dispatchEvent(new Event("pointerup"));
  assert.equal(origin("passed"), "passed");
});
