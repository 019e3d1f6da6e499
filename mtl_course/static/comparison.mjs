// What a panel's words compare with: the setting before a move, or before a whole drag.

/**
 * Returns a function from the setting just left to the one to compare with: itself, but while a
 * pointer is down in `el`, the setting that stood there when it came down.
 */
export function comparison(el, current, signal) {
  let held = null;
  el.addEventListener("pointerdown", () => (held = { setting: current() }), { capture: true, signal });
  for (const end of ["pointerup", "pointercancel"]) {
    el.ownerDocument.addEventListener(end, () => (held = null), { signal });
  }
  return (left) => (held ? held.setting : left);
}
