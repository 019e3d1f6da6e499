import assert from "node:assert/strict";
import test from "node:test";
import { difference, gatesAt, leaning, moved, parts } from "../../mtl_course/static/gates.mjs";

test("gates lie by setting, then row, then task, then expert", () => {
  const sizes = { nRows: 2, nTasks: 2, nExperts: 3 };
  const numbers = Float32Array.from({ length: 24 }, (_, i) => i);
  assert.deepEqual(gatesAt(numbers, sizes, 0, 0), [[0, 1, 2], [3, 4, 5]]);
  assert.deepEqual(gatesAt(numbers, sizes, 1, 0), [[12, 13, 14], [15, 16, 17]]);
  assert.deepEqual(gatesAt(numbers, sizes, 1, 1), [[18, 19, 20], [21, 22, 23]]);
});

test("an expert's part begins where the one before it ends", () => {
  assert.deepEqual(parts([0.25, 0, 0.75]), [[0, 0.25], [0.25, 0.25], [0.25, 1]]);
});

test("gates differ by the weight that lies on other experts", () => {
  assert.equal(difference([0.5, 0.5, 0], [0, 0.5, 0.5]), 0.5);
  assert.equal(difference([1, 0], [0, 1]), 1);
  assert.equal(difference([0.25, 0.75], [0.25, 0.75]), 0);
});

test("a gate leans on its heaviest expert, and an even one on nobody", () => {
  assert.equal(leaning([0.2, 0.5, 0.3]), 1);
  assert.equal(leaning([0.255, 0.245, 0.25, 0.25]), null);
  assert.equal(leaning([0.27, 0.23, 0.25, 0.25]), 0);
});

test("a move is told task by task", () => {
  assert.equal(
    moved("household 12", ["purchase", "quantity"], [[1, 0], [0.5, 0.5]], [[0, 1], [0.25, 0.75]]),
    "Against household 12, weight that went to other experts: purchase 1.000, quantity 0.250.",
  );
});
