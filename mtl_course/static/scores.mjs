// Finished scores under weights at serving time: one household's list, sorted anew at every move.
import { comparison } from "./comparison.mjs";
import { choice, line, longest, oncePerFrame, panel, slider } from "./controls.mjs";
import { html, marker, shape } from "./drawing.mjs";
import { climbs, listScores, short, topK, turnover } from "./ranking.mjs";
import { floats, readable } from "./scales.mjs";
import { inWords, reshare, twoDecimals } from "./shares.mjs";

const MOVE = 260; // milliseconds that a row takes to its new place

/** The line that the panel shows; as `ScoresExplorer.text` in Python. */
export function listInWords(facts, { household, weights, novelOnly }, items) {
  const head = items.slice(0, facts.inWords).map((item, place) => `${place + 1} ${facts.itemNames[item]}`).join(", ");
  return `${household}, ${inWords(facts.tasks, weights)}${novelOnly ? ", new items only" : ""}: ${head}.`;
}

/** A rise in words and as a sign: [sign, words]. */
export function climbInWords(climb) {
  if (climb === null) return ["new", "new in the list"];
  if (climb === 0) return ["", ""];
  return climb > 0 ? [`\u25b2${climb}`, `up ${climb}`] : [`\u25bc${-climb}`, `down ${-climb}`];
}

function box(parent, name, switched, signal) {
  const label = html(parent, "label", { className: "chooser" });
  const input = html(label, "input", { type: "checkbox" });
  label.append(` ${name}`);
  input.addEventListener("change", () => switched(input.checked), { signal });
  input.addEventListener("keydown", (event) => event.stopPropagation(), { signal });
  return input;
}

function sign(parent, facts, task) {
  const holder = html(parent, "span", { className: "series" });
  holder.style.setProperty("--hue", facts.colors[task]);
  marker(shape(holder, "svg", { viewBox: "-8 -8 16 16", "aria-hidden": "true" }), facts.markers[task], 0, 0, 5.5, { class: "end" });
  holder.append(facts.tasks[task]);
}

/** The list's rows, one element for each item that was ever in it; a row that stays glides to its place. */
function drawList(parent, facts, best) {
  const head = html(parent, "div", { className: "row head", ariaHidden: "true" });
  html(head, "span", { className: "rank" });
  html(head, "span", { className: "climb" });
  html(head, "span", { className: "item", textContent: "item" });
  const bars = html(head, "span", { className: "bars" });
  facts.tasks.forEach((_, task) => sign(bars, facts, task));
  html(head, "span", { className: "sum", textContent: "list score" });
  const list = html(parent, "ol", { className: "ranking" });
  list.style.setProperty("--rows", facts.k);
  const rows = new Map();

  const makeRow = (item) => {
    const row = html(null, "li", { className: "row" });
    const rank = html(row, "span", { className: "rank" });
    const climb = html(row, "span", { className: "climb" });
    const name = html(row, "span", { className: "item", title: facts.itemNames[item] });
    html(name, "span", { textContent: facts.itemNames[item] });
    const owned = html(name, "em");
    const holder = html(row, "span", { className: "bars" });
    const values = facts.tasks.map((task, i) => {
      const cell = html(holder, "span", { className: "series share" });
      cell.style.setProperty("--hue", facts.colors[i]);
      html(cell, "span", { className: "unseen", textContent: `${task} ` });
      const track = html(cell, "i", { ariaHidden: "true" });
      return { fill: html(track, "b"), number: html(cell, "span") };
    });
    return { row, rank, climb, owned, values, sum: html(row, "span", { className: "sum" }) };
  };

  const top = (row) => row.getBoundingClientRect().top;
  return ({ items, climbs: risen, scores, sums, owned, glide }) => {
    // all is measured before anything is written, where it costs next to nothing; rows are equally high
    const frame = list.getBoundingClientRect();
    const from = items.map((item) => (rows.get(item)?.row.isConnected ? top(rows.get(item).row) : null));
    const shown = items.map((item) => rows.get(item) ?? rows.set(item, makeRow(item)).get(item));
    shown.forEach((parts, place) => {
      const [arrow, said] = climbInWords(risen[place]);
      parts.rank.textContent = place + 1;
      parts.climb.textContent = arrow;
      parts.climb.title = said;
      parts.climb.className = `climb ${risen[place] === null ? "new" : risen[place] > 0 ? "up" : "down"}`;
      parts.owned.textContent = owned.has(items[place]) ? "bought" : "";
      parts.values.forEach(({ fill, number }, task) => {
        const score = scores[items[place] * facts.tasks.length + task];
        fill.style.width = `${(100 * score) / (best[task] || 1)}%`;
        number.textContent = readable(score);
      });
      parts.sum.textContent = readable(sums[items[place]]);
    });
    list.replaceChildren(...shown.map(({ row }) => row));
    if (!glide || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    shown.forEach((parts, place) => {
      const way = from[place] - (frame.top + (place * frame.height) / facts.k);
      if (from[place] === null) parts.row.animate([{ opacity: 0 }, { opacity: 1 }], MOVE);
      else if (Math.abs(way) > 1) {
        const glideIn = [{ transform: `translateY(${way}px)` }, { transform: "none" }];
        parts.row.animate(glideIn, { duration: MOVE, easing: "ease-out" });
      }
    });
  };
}

function render({ model, el, signal }) {
  const facts = model.get("facts");
  const numbers = floats(model.get("numbers"));
  const size = numbers.length / facts.households.length;
  const best = facts.tasks.map((_, task) => numbers.reduce((most, score, i) => (i % facts.tasks.length === task ? Math.max(most, score) : most), 0));
  const { controls, words, pictures } = panel(el, facts.lookFor);

  const read = () => {
    const chosen = { household: model.get("household"), weights: model.get("weights"), novelOnly: model.get("novel_only") };
    const row = facts.households.indexOf(chosen.household);
    const scores = numbers.subarray(row * size, (row + 1) * size);
    const sums = listScores(scores, chosen.weights);
    const owned = new Set(facts.owned?.[row]);
    const items = topK(sums, facts.k, chosen.novelOnly ? owned : new Set());
    return { ...chosen, scores, sums, owned, items };
  };
  let now = read();
  let before = now;

  const set = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };
  const select = choice(controls, "household", facts.households, (value) => set("household", value), signal);
  const novel = facts.owned && box(controls, "leave out what it has bought before", (value) => set("novel_only", value), signal);
  html(controls, "span", { className: "formula", textContent: `list score = ${facts.tasks.map((task) => `weight \u00b7 ${task}`).join(" + ")}; the weights add up to 1` });
  const handles = facts.tasks.map((task, which) =>
    slider(controls, {
      name: `weight of ${task}`,
      count: 101,
      show: () => [twoDecimals(now.weights[which]), listInWords(facts, now, now.items)],
      moved: (place) => set("weights", reshare(model.get("weights"), which, place / 100)),
      signal,
    }),
  );
  pictures.classList.add("one");
  const showList = drawList(pictures, facts, best);
  html(el, "p", { className: "key", textContent: `A full bar is the task's highest score here: ${facts.tasks.map((task, i) => `${task} ${readable(best[i])}`).join(", ")}. Arrows and "new" compare with the list before the last move.${facts.owned ? ' "bought": the household has bought it before.' : ""}` });

  const named = ({ weights, novelOnly }) => inWords(facts.tasks, weights) + (novelOnly ? ", new items only" : "");
  const changed = (now, before) =>
    now.household !== before.household || now === before
      ? "Move a weight and read here what enters the list and what leaves it."
      : turnover(named(before), now.items, before.items, facts.itemNames, facts.inWords);
  words.setAttribute("role", "status");
  const long = [...facts.itemNames].sort((one, other) => other.length - one.length).slice(0, 2 * facts.inWords);
  const names = [...facts.itemNames].sort((one, other) => other.length - one.length).slice(0, facts.inWords);
  const status = line(words, [`${longest(facts.households)}, ${named(now)}, new items only: 1 ${names.join(", 2 ")}.`]);
  const most = `${names.map((name) => short(name)).join(", ")} and ${facts.k} more`;
  const news = line(words, [`Against ${named(now)}, new items only: in: ${most}; out: ${most}.`], "news");

  const paint = (glide = true) => {
    select.set(now.household);
    if (novel) novel.checked = now.novelOnly;
    handles.forEach((handle, which) => handle.set(Math.floor(now.weights[which] * 100 + 0.5)));
    const old = now.household === before.household ? before.items : now.items;
    showList({ ...now, climbs: climbs(now.items, old), glide });
    status.textContent = listInWords(facts, now, now.items);
    news.textContent = changed(now, before);
  };
  const repaint = oncePerFrame(paint);
  const origin = comparison(el, () => now, signal);
  const moved = () => {
    const found = read();
    if (found.household === now.household && found.novelOnly === now.novelOnly && String(found.weights) === String(now.weights)) return;
    before = origin(now);
    now = found;
    repaint();
  };
  ["weights", "household", "novel_only"].forEach((name) => model.on(`change:${name}`, moved));
  paint(false);
}

export default { render };
