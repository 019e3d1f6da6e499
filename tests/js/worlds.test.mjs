import assert from "node:assert/strict";
import test from "node:test";
import { cut, inside } from "../../mtl_course/static/worlds.mjs";

test("one row of numbers is cut into the bars of each chart", () => {
  const charts = [{ bars: ["chance", "shared"] }, { bars: ["oracle"] }];
  assert.deepEqual(cut(new Float32Array([1, 2, 3]), charts), [[1, 2], [3]]);
});

test("a bar ends at the edge of its scale", () => {
  assert.equal(inside(1.5, [0, 1]), 1);
  assert.equal(inside(-1, [0, 1]), 0);
  assert.equal(inside(0.25, [0, 1]), 0.25);
});
