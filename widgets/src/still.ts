// The rows of the moment the view was made: shown until the live ones come, or instead of them.
import { h } from "./dom";
import type { StillTable } from "./protocol";

export function stillTable(still: Partial<StillTable>): HTMLElement {
  const box = h("div", { class: "drasi-still", "data-testid": "drasi-still" });
  const { columns = [], rows = [], numeric = [] } = still;
  if (!columns.length || !rows.length) return box;
  const head = h("tr", {}, ...columns.map((name, place) => h("th", { class: numeric[place] ? "drasi-num" : null }, name)));
  const lines = rows.map((row) => h("tr", {}, ...row.map((text, place) => h("td", { class: numeric[place] ? "drasi-num" : null }, text))));
  box.append(h("table", {}, h("thead", {}, head), h("tbody", {}, ...lines)));
  return box;
}
