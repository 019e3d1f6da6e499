import assert from "node:assert/strict";
import test from "node:test";
import { apart } from "../../mtl_course/static/settings.mjs";
import { staircase, tradeoffPoints } from "../../mtl_course/static/scatter.mjs";
import { heightsWorthSeeing } from "../../mtl_course/static/tradeoff.mjs";
import { binEnds, column, stepsShown } from "../../mtl_course/static/training.mjs";
import { change, move, newIn, verdict } from "../../mtl_course/static/words.mjs";

test("better depends on which end of the metric is good", () => {
  assert.equal(verdict(0.1, true), "better");
  assert.equal(verdict(0.1, false), "worse");
  assert.equal(verdict(-0.1, false), "better");
  assert.equal(verdict(0.1, null), "");
});

test("a move is told with its sign, and one too small to show is not dressed up", () => {
  assert.equal(move("AP", 0.0123, true), "AP +0.012 (better)");
  assert.equal(move("RMSE", -0.5, true), "RMSE \u22120.500 (worse)");
  assert.equal(move("users", -1200, null), "users \u22121,200");
  assert.equal(move("AP", 0.0001, true), "AP unchanged");
});

test("what is not defined is neither better nor worse", () => {
  assert.equal(move("ALS", NaN, false), "ALS not comparable");
  assert.equal(verdict(NaN, true), "");
  assert.equal(verdict(Infinity, false), "");
});

test("a change names the setting before, every metric and the newcomers", () => {
  assert.equal(
    change("\u03b1 = 0.5", ["AP", "RMSE"], [0.01, 0.02], [true, false], 2),
    "Against \u03b1 = 0.5: AP +0.010 (better), RMSE +0.020 (worse); 2 new in the lists.",
  );
  assert.equal(change("factors 8", ["AP"], [0], [true]), "Against factors 8: AP unchanged.");
  assert.match(change("\u03b1 = 0", ["AP"], [0], [true], 0), /the lists stay\.$/);
});

test("only entries that were not there before are new, whatever their place", () => {
  assert.deepEqual(newIn([3, 1, 7], [1, 2, 3]), [false, false, true]);
});

test("a point's mean and standard deviation are taken over its seeds", () => {
  // two points, two seeds, two metrics: point 0 has 1 and 3 on the first metric
  const [first, second] = tradeoffPoints([1, 10, 3, 10, 5, 0, 5, 4], 2, 2);
  assert.deepEqual(first.mean, [2, 10]);
  assert.ok(Math.abs(first.spread[0] - Math.SQRT2) < 1e-12);
  assert.deepEqual(second.seeds, [[5, 5], [0, 4]]);
});

test("the front's staircase turns at the corner that both its neighbours dominate", () => {
  const same = (value) => value;
  const front = [{ mean: [2, 1] }, { mean: [1, 2] }];
  assert.equal(staircase(front, same, same, [false, false]), "M1.0,2.0L2.0,2.0L2.0,1.0");
  assert.equal(staircase(front, same, same, [true, true]), "M1.0,2.0L1.0,1.0L2.0,1.0");
});

test("labels that would overlap are moved apart in their order", () => {
  assert.deepEqual(apart([100, 20, 104], 14), [100, 20, 114]);
});

test("one task's losses are every second number", () => {
  assert.deepEqual([...column(new Float32Array([1, 2, 3, 4]), 1, 2)], [2, 4]);
});

test("a bin's mean stands at the bin's end, the last one where the training is", () => {
  assert.deepEqual(binEnds(3, 5, 12), [5, 10, 12]);
});

test("the step axis doubles until the steps made fit, and ends where the training does", () => {
  assert.deepEqual([0, 100, 101, 399, 400, 800].map((done) => stepsShown(done, 800)), [100, 100, 200, 400, 400, 800]);
});

test("where all curves begin does not decide how high the picture is", () => {
  // two curves of ten checkpoints that begin at 9 and then fall from 2 to 1
  const curve = [9, 2, 2, 2, 2, 1, 1, 1, 1, 1];
  const [low, high] = heightsWorthSeeing(new Float32Array([...curve, ...curve]), 10);
  assert.ok(low > 0.9 && low < 1 && high > 2 && high < 2.1);
});
