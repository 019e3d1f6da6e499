// What the reader typed, looked up in the index that this page holds.
const places = JSON.parse(document.querySelector("#places").textContent);
const index = new MiniSearch({
  fields: ["heading", "text"],
  storeFields: ["address", "lesson", "heading", "text"],
  searchOptions: { boost: { heading: 3 }, prefix: true, fuzzy: (term) => (term.length > 4 ? 0.2 : 0), combineWith: "AND" },
});
index.addAll(places);

function around(text, terms) {
  const first = Math.min(...terms.map((term) => text.toLowerCase().indexOf(term)).filter((place) => place >= 0), text.length);
  const start = first === text.length ? 0 : Math.max(0, text.lastIndexOf(" ", Math.max(0, first - 60)) + 1);
  return `${start ? "… " : ""}${text.slice(start, start + 200)}${start + 200 < text.length ? " …" : ""}`;
}

function show(query) {
  const found = query.trim() ? index.search(query).slice(0, 30) : [];
  document.querySelector("#count").textContent = !query.trim()
    ? "Type a word, and press Enter."
    : found.length
      ? `${found.length === 30 ? "The first 30 places" : found.length === 1 ? "One place" : `${found.length} places`} with “${query}”:`
      : `Nothing with “${query}”.`;
  const list = document.querySelector("#found");
  list.replaceChildren(
    ...found.map((place) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = place.address;
      link.textContent = place.heading === place.lesson ? place.lesson : `${place.lesson}: ${place.heading}`;
      const words = document.createElement("p");
      words.textContent = around(place.text, place.terms);
      item.append(link, words);
      return item;
    }),
  );
}

const box = document.querySelector("header input[type=search]");
box.value = new URLSearchParams(location.search).get("q") ?? "";
box.addEventListener("input", () => show(box.value));
show(box.value);
