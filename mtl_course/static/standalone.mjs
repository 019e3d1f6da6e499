// A panel in a page of its own: the model is held by the page, and no kernel answers.

/** What a panel's code needs of a widget model: the values, and who hears when one changes. */
export function heldModel(values) {
  const heard = new Map();
  return {
    get: (name) => values[name],
    set(name, value) {
      if (JSON.stringify(values[name]) === JSON.stringify(value)) return;
      values[name] = value;
      for (const hear of heard.get(`change:${name}`) ?? []) hear();
    },
    save_changes() {}, // there is nobody to tell
    on: (event, hear) => heard.set(event, [...(heard.get(event) ?? []), hear]),
    off: (event, hear) => heard.set(event, (heard.get(event) ?? []).filter((other) => other !== hear)),
  };
}

/** The bytes behind base64 text, as a widget hands them to its page. */
export function decoded(text) {
  const characters = atob(text);
  return new DataView(Uint8Array.from(characters, (character) => character.charCodeAt(0)).buffer);
}

/** Draw `view` in every place of the page that waits for it; its table stays where that fails. */
export function drawEvery(view, code) {
  for (const place of document.querySelectorAll(`.mtl-alone[data-code="${code}"]`)) {
    delete place.dataset.code; // drawn once, even if the page holds this code twice
    const held = JSON.parse(place.querySelector("script").textContent);
    for (const [name, text] of Object.entries(held.bytes)) held.values[name] = decoded(text);
    const el = document.createElement("div");
    view.render({ model: heldModel(held.values), el, signal: new AbortController().signal });
    place.querySelector(".stand-in").replaceWith(el);
  }
}
