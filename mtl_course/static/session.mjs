// A household shops: every click and every purchase goes to the kernel, which answers with a list.
import { button, choice, enable, line, longest, oncePerFrame, panel } from "./controls.mjs";
import { html } from "./drawing.mjs";
import { climbs, short, turnover } from "./ranking.mjs";
import { SILENCE, waiting } from "./waiting.mjs";

/** What a session has seen so far, the last `most` events one by one. */
export function history(events, names, most) {
  if (events.length === 0) return "nothing yet";
  const earlier = events.length > most ? `${events.length - most} more, then ` : "";
  return earlier + events.slice(-most).map(([kind, item]) => `${kind} ${short(names[item])}`).join(", ");
}

/** A rise as a sign: places up or down, "new", or nothing. */
export function sign(climb) {
  if (climb === null) return "new";
  if (climb === 0) return "";
  return climb > 0 ? `\u25b2${climb}` : `\u25bc${-climb}`;
}

/** Fixed places: a row's item changes, its buttons stay where hand and focus are. */
function drawList(parent, facts, happened, signal) {
  const list = html(parent, "ol", { className: "session" });
  let items = [];
  const rows = Array.from({ length: facts.k }, (_, place) => {
    const row = html(list, "li", { className: "place" });
    html(row, "span", { className: "rank", textContent: place + 1, ariaHidden: "true" });
    const climb = html(row, "span", { className: "climb", ariaHidden: "true" });
    const name = html(row, "span", { className: "item" });
    html(name, "span");
    const buttons = ["clicked", "bought"].map((kind) => button(row, kind, () => happened(kind, items[place]), signal));
    return { climb, name: name.firstChild, buttons };
  });
  return (now, risen) => {
    items = now;
    rows.forEach(({ climb, name, buttons }, place) => {
      const known = place < now.length;
      climb.textContent = known ? sign(risen[place]) : "";
      climb.className = `climb ${risen[place] === null ? "new" : risen[place] > 0 ? "up" : "down"}`;
      name.textContent = known ? facts.itemNames[now[place]] : "";
      buttons.forEach((made) => {
        enable(made, known);
        made.setAttribute("aria-label", `${made.textContent}: ${name.textContent}`);
      });
    });
  };
}

function render({ model, el, signal }) {
  const facts = model.get("facts");
  const { controls, words, pictures } = panel(el, facts.lookFor);
  const wanted = () => [model.get("household"), model.get("events")];
  const settled = () => JSON.stringify(model.get("answered")) === JSON.stringify(wanted());
  const answer = () => {
    const [household, events] = model.get("answered");
    return { household, events, items: model.get("listed") };
  };
  let now = answer();
  let before = now;

  const set = (changes) => {
    model.set(changes);
    model.save_changes();
  };
  const happened = (kind, item) => set({ events: [...model.get("events"), [kind, item]] });
  const select = choice(controls, "household", facts.households, (household) => set({ household, events: [] }), signal);
  const again = button(controls, "start again", () => set({ events: [] }), signal);
  const undo = button(controls, "undo", () => set({ events: model.get("events").slice(0, -1) }), signal);
  const other = html(controls, "div", { className: "buttons" });
  let chosen = 0;
  const any = choice(other, "any item", [...facts.itemNames.keys()], (item) => (chosen = item), signal, (item) => facts.itemNames[item]);
  any.set(chosen);
  ["clicked", "bought"].forEach((kind) => {
    button(other, kind, () => happened(kind, chosen), signal).setAttribute("aria-label", `${kind}: the item chosen`);
  });

  words.setAttribute("role", "status");
  const names = [...facts.itemNames].sort((one, two) => two.length - one.length).slice(0, 2 * facts.inWords);
  const head = names.slice(0, facts.inWords).map((name) => `bought ${name}, 1 ${name}`).join(", ");
  const status = line(words, [`${longest(facts.households)}, 100 more, then ${head}.`]);
  const most = `${names.slice(0, facts.inWords).map((name) => short(name)).join(", ")} and ${facts.k} more`;
  const news = line(words, [`Against the list before: in: ${most}; out: ${most}; ${facts.k} of the others moved.`], "news");
  const speed = html(el, "p", { className: "key" });
  const error = html(words, "p", { className: "error", hidden: true });
  error.setAttribute("role", "alert");
  pictures.classList.add("one");
  const showList = drawList(pictures, facts, happened, signal);

  const changed = () => {
    if (now === before || now.household !== before.household) return "Press a button and read here what enters the list and what leaves it.";
    return turnover("the list before", now.items, before.items, facts.itemNames, facts.inWords);
  };
  const mark = () => pictures.classList.toggle("old", !settled());
  const paint = () => {
    select.set(model.get("household"));
    for (const made of [again, undo]) enable(made, model.get("events").length > 0);
    const old = now.household === before.household ? before.items : now.items;
    showList(now.items, climbs(now.items, old));
    status.textContent = model.get("text");
    news.textContent = changed();
    speed.textContent = `${model.get("speed")}. This session: ${history(now.events, facts.itemNames, 6)}. A click counts as ${facts.click} of a purchase; what is bought leaves the list.`;
    error.hidden = !model.get("error");
    error.textContent = model.get("error");
  };
  const repaint = oncePerFrame(paint);
  const { asked, answered } = waiting({ settled, mark, silent: () => (status.textContent = SILENCE), signal });
  for (const name of ["events", "household"]) {
    model.on(`change:${name}`, () => {
      asked();
      repaint();
    });
  }
  model.on("change:answered", () => {
    [before, now] = [now, answer()];
    answered();
    repaint();
  });
  paint();
}

export default { render };
