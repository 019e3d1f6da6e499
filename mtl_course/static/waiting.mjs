// What a panel does while the kernel computes: marks what it shows as old, then says that it waits.

const MARK = 100; // milliseconds without an answer, after which what is shown is marked as old
export const PATIENCE = 3000; // milliseconds without any answer, after which the reader is told
export const SILENCE = "No answer yet. The kernel is busy; or it was restarted: then run this cell again.";

/**
 * To be told `asked()` at every move and `answered()` at every answer, also to an earlier move.
 * Calls `mark` when an answer is late, and `silent` when none at all has come for a while.
 */
export function waiting({ settled, mark, silent, signal }) {
  let patience = 0;
  const wait = () => {
    patience ||= setTimeout(() => {
      patience = 0;
      if (!signal.aborted && !settled()) silent();
    }, PATIENCE);
  };
  return {
    asked() {
      if (settled()) return;
      setTimeout(() => signal.aborted || mark(), MARK);
      wait();
    },
    answered() {
      clearTimeout(patience);
      patience = 0;
      if (settled()) mark();
      else wait();
    },
  };
}
