import assert from "node:assert/strict";
import test, { mock } from "node:test";
import { waiting } from "../../mtl_course/static/waiting.mjs";

function kernel() {
  const noted = { marks: 0, silences: 0, settled: true };
  const { asked, answered } = waiting({
    settled: () => noted.settled,
    mark: () => (noted.marks += 1),
    silent: () => (noted.silences += 1),
    signal: { aborted: false },
  });
  return { noted, asked, answered };
}

test("a kernel that answers now and then is never called silent, however long one drags", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { noted, asked, answered } = kernel();
  noted.settled = false;
  for (let moves = 0; moves < 40; moves += 1) {
    asked();
    mock.timers.tick(250);
    if (moves % 8 === 7) answered(); // to an earlier move: the newest has none yet
  }
  assert.equal(noted.silences, 0);
  mock.timers.reset();
});

test("without any answer the reader is told, once, and again after the next move", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { noted, asked } = kernel();
  noted.settled = false;
  asked();
  asked();
  mock.timers.tick(2999);
  assert.equal(noted.silences, 0);
  mock.timers.tick(1);
  assert.equal(noted.silences, 1);
  mock.timers.tick(9000);
  assert.equal(noted.silences, 1);
  asked();
  mock.timers.tick(3000);
  assert.equal(noted.silences, 2);
  mock.timers.reset();
});

test("an answer in time leaves nothing waiting; a late one is marked until it comes", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { noted, asked, answered } = kernel();
  asked(); // settled: there is nothing to wait for
  mock.timers.tick(5000);
  assert.deepEqual([noted.marks, noted.silences], [0, 0]);
  noted.settled = false;
  asked();
  mock.timers.tick(100);
  assert.equal(noted.marks, 1);
  noted.settled = true;
  answered();
  assert.equal(noted.marks, 2); // and now it takes the mark away
  mock.timers.tick(9000);
  assert.equal(noted.silences, 0);
  mock.timers.reset();
});
