import assert from "node:assert/strict";
import test from "node:test";
import { climbs, listScores, short, some, topK, turnover } from "../../mtl_course/static/ranking.mjs";
import { climbInWords, listInWords } from "../../mtl_course/static/scores.mjs";

test("a list score is the weighted sum of an item's scores", () => {
  assert.deepEqual(listScores([0.5, 0.25, 1, 0], [0.25, 0.75]), [0.3125, 0.25]); // as in Python's docstring
});

test("of equal scores the lower number comes first, and what is left out is not listed", () => {
  assert.deepEqual(topK([0.2, 0.9, 0.5, 0.9], 3, new Set()), [1, 3, 2]);
  assert.deepEqual(topK([0.2, 0.9, 0.5, 0.9], 3, new Set([1])), [3, 2, 0]);
});

test("an entry that rose has climbed, one that was not there is new", () => {
  assert.deepEqual(climbs([7, 3, 5, 1], [3, 9, 5, 7]), [3, -1, 0, null]);
  assert.deepEqual([3, -1, 0, null].map(climbInWords), [["\u25b23", "up 3"], ["\u25bc1", "down 1"], ["", ""], ["new", "new in the list"]]);
});

test("the words name who entered and who left", () => {
  const names = ["MILK", "BREAD", "TEA", "EGGS", "JAM"];
  assert.equal(turnover("a 0.5", [0, 3, 2], [0, 1, 2], names, 3), "Against a 0.5: in: EGGS; out: BREAD.");
  assert.equal(turnover("a 0.5", [2, 3, 0], [0, 1, 2], names, 3), "Against a 0.5: in: EGGS; out: BREAD; 2 of the others moved.");
  assert.equal(turnover("a 0.5", [1, 0, 2], [0, 1, 2], names, 3), "Against a 0.5: the same items, 2 of them moved.");
  assert.equal(turnover("a 0.5", [0, 1], [0, 1], names, 3), "Against a 0.5: the same items in the same order.");
});

test("many names are counted, long ones cut", () => {
  assert.equal(some(["A", "B", "C", "D"], 2), "A, B and 2 more");
  assert.equal(some([], 2), "none");
  assert.equal(short("SOFT DRINKS 12/18&15PK CAN CAR"), "SOFT DRINKS 12/18&15PK CA\u2026");
  assert.equal(short("MILK"), "MILK");
});

test("the panel is worded as Python words it", () => {
  const facts = { tasks: ["purchase", "quantity"], itemNames: ["MILK", "BREAD", "TEA", "EGGS"], inWords: 3 };
  const chosen = { household: "household 12", weights: [0.5, 0.5], novelOnly: true };
  assert.equal(
    listInWords(facts, chosen, [0, 1, 3, 2]),
    "household 12, purchase 0.50, quantity 0.50, new items only: 1 MILK, 2 BREAD, 3 EGGS.",
  );
});
