import assert from "node:assert/strict";
import test from "node:test";
import * as scales from "../../mtl_course/static/scales.mjs";

test("a linear scale maps both ends of the domain onto both ends of the range", () => {
  const toX = scales.linear([10, 20], [100, 0]);
  assert.deepEqual([10, 15, 20].map(toX), [100, 50, 0]);
});

test("a domain of no width lands on the start of the range", () => {
  assert.equal(scales.linear([3, 3], [7, 90])(3), 7);
});

test("padding widens the finite values by a share of their distance", () => {
  assert.deepEqual(scales.padded([1, NaN, 3, Infinity], 0.5), [0, 4]);
});

test("values that are all alike still get an axis of some height", () => {
  const [low, high] = scales.padded([2, 2], 0.1);
  assert.ok(low < 2 && high > 2);
  assert.deepEqual(scales.padded([]), [0, 1]);
});

test("ticks are round, inside the limits and about as many as asked for", () => {
  assert.deepEqual(scales.ticks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(scales.ticks(0.52, 0.66, 5), [0.525, 0.55, 0.575, 0.6, 0.625, 0.65]);
  assert.deepEqual(scales.ticks(-3, 3, 3), [-2, 0, 2]);
  for (const high of [0.00037, 1.3, 47, 12345]) {
    const found = scales.ticks(0, high, 5);
    assert.ok(found.length >= 3 && found.length <= 8, `${found}`);
  }
});

test("a tick's label has the decimals that tell its neighbours apart", () => {
  assert.equal(scales.tickLabel(0.2, 0.2), "0.2");
  assert.equal(scales.tickLabel(0.525, 0.025), "0.525");
  assert.equal(scales.tickLabel(500, 250), "500");
  assert.equal(scales.tickLabel(0.65, 0.65 - 0.6), "0.65"); // the step is 0.050000000000000044
  assert.equal(scales.tickLabel(-1, 1), "\u22121");
});

test("the nearest value is found, the first of two that are equally near", () => {
  assert.equal(scales.nearest([0, 0.05, 0.1], 0.06), 1);
  assert.equal(scales.nearest([0, 1], 0.5), 0);
});

test("a number is written as Python writes it", () => {
  // the same four as in the docstring of panels.readable
  assert.deepEqual(
    [0.48351, 57.26, 12345.6, NaN].map(scales.readable),
    ["0.484", "57.3", "12,346", "not defined"],
  );
  assert.equal(scales.readable(-0.5), "-0.500");
});

test("float32 numbers survive the way from bytes, also from the middle of a buffer", () => {
  const all = new Float32Array([1.5, -2.25, 3]);
  assert.deepEqual([...scales.floats(new DataView(all.buffer, 4, 8))], [-2.25, 3]);
  assert.deepEqual([...scales.floats(all.buffer)], [1.5, -2.25, 3]);
  assert.equal(scales.floats(null).length, 0);
});

test("smoothing is the mean of the values so far, then of the last few", () => {
  assert.deepEqual([...scales.smoothed([2, 4, 6, 8], 2)], [2, 3, 5, 7]);
});

test("a path leaves out what is not finite", () => {
  assert.equal(scales.path([0, 1, 2], [5, NaN, 7]), "0.0,5.0 2.0,7.0");
});
