import assert from "node:assert/strict";
import test from "node:test";
import { history, sign } from "../../mtl_course/static/session.mjs";

const NAMES = ["milk", "bread", "a name that is much too long to be read in a line"];

test("a session is told in the order of time, its last events one by one", () => {
  assert.equal(history([], NAMES, 3), "nothing yet");
  assert.equal(history([["clicked", 1], ["bought", 0]], NAMES, 3), "clicked bread, bought milk");
  assert.equal(history([["clicked", 1], ["clicked", 1], ["bought", 0]], NAMES, 2), "1 more, then clicked bread, bought milk");
  assert.match(history([["bought", 2]], NAMES, 3), /^bought a name that is much too l\u2026$/);
});

test("a rise has a sign, a newcomer a word, and what stays nothing", () => {
  assert.deepEqual([null, 0, 2, -1].map(sign), ["new", "", "\u25b22", "\u25bc1"]);
});
