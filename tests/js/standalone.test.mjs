import assert from "node:assert/strict";
import test from "node:test";
import { decoded, heldModel } from "../../mtl_course/static/standalone.mjs";

test("a held model tells a change to those who listen for that name, once, and no repetition", () => {
  const model = heldModel({ alpha: 0.5, position: [1, 2] });
  const heard = [];
  model.on("change:alpha", () => heard.push(`alpha ${model.get("alpha")}`));
  model.on("change:alpha", () => heard.push("again"));
  model.on("change:position", () => heard.push(`position ${model.get("position")}`));

  model.set("alpha", 0.5);
  model.set("position", [1, 2]);
  assert.deepEqual(heard, []);

  model.set("alpha", 0.6);
  model.set("position", [1, 3]);
  model.save_changes();
  assert.deepEqual(heard, ["alpha 0.6", "again", "position 1,3"]);
});

test("who stops listening hears nothing more, and others still do", () => {
  const model = heldModel({ alpha: 0 });
  const heard = [];
  const one = () => heard.push("one");
  model.on("change:alpha", one);
  model.on("change:alpha", () => heard.push("other"));
  model.off("change:alpha", one);
  model.set("alpha", 1);
  assert.deepEqual(heard, ["other"]);
});

test("bytes come back from base64 as a widget hands them over", () => {
  // 1.5 is 0x3fc00000, little end first; 0xff is no character of its own in UTF-8
  const view = decoded("AADAP/8=");
  assert.equal(view.byteLength, 5);
  assert.equal(view.getFloat32(0, true), 1.5);
  assert.equal(view.getUint8(4), 255);
  assert.equal(decoded("").byteLength, 0);
});
