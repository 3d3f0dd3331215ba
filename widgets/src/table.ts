// A table that draws only the rows in sight. Cells are reused and written only when they differ.
import { setAttr, setText, h } from "./dom";
import { cellText, decimalsOf, type Cell } from "./format";
import { nextSort, orderRows, type Sort } from "./order";
import { OP_DELETE } from "./protocol";
import type { KeyedRows, Mark, RowEntry } from "./rows";
import { moveBy, scrollTo, windowOf } from "./window";
import { naturalWidth, WidthKeeper } from "./widths";

const ROW_HEIGHT = 26;
const HEAD_HEIGHT = 29;
const MARK_WIDTH = 24;
const SCROLLBAR = 18;
const OP_NAMES = ["removed", "updated", "added"];
const GLYPHS = ["−", "~", "+"];
let tables = 0;

interface Line {
  tr: HTMLTableRowElement;
  mark: HTMLTableCellElement;
  cells: HTMLTableCellElement[];
  shown: Mark | null;
}

export class VirtualTable {
  readonly el = h("div", { class: "drasi-scroll" });
  sort: Sort | null = null;
  filter = "";
  order: RowEntry[] = [];
  private readonly id = `drasi-grid-${++tables}`;
  private readonly cols = h("colgroup");
  private readonly head = h("tr", { "aria-rowindex": 1 });
  private readonly body = h("tbody");
  private readonly above = h("tr", { class: "drasi-gap", "aria-hidden": "true" });
  private readonly below = h("tr", { class: "drasi-gap", "aria-hidden": "true" });
  private readonly grid = h("table", { role: "grid", tabindex: 0, "aria-live": "off" });
  private readonly widths = new WidthKeeper();
  private lines: Line[] = [];
  private columns: string[] = [];
  private decimals: number[] = [];
  private numeric: boolean[] = [];
  private drawnOrder = "";
  private active = -1;
  private height = 0;

  constructor(
    label: string,
    private readonly maxHeight: number,
    private readonly redraw: () => void,
  ) {
    this.grid.setAttribute("aria-label", label);
    this.grid.append(this.cols, h("thead", {}, this.head), this.body);
    this.body.append(this.above, this.below);
    this.el.append(this.grid);
    this.el.addEventListener("scroll", () => this.redraw(), { passive: true });
    this.grid.addEventListener("keydown", (event) => this.key(event));
    this.body.addEventListener("click", (event) => this.click(event));
  }

  /** Draw what is in sight; `frozen` keeps the rows of a paused view. */
  draw(rows: KeyedRows, now: number, frozen: RowEntry[] | null = null): void {
    this.setColumns(rows.columns, rows.rows.values());
    const isMoving = this.sort !== null || this.filter !== "";
    const wanted = `${isMoving ? rows.version : rows.structure}|${this.sort?.column}|${this.sort?.isDescending}|${this.filter}|${frozen !== null}`;
    if (wanted !== this.drawnOrder) {
      this.drawnOrder = wanted;
      this.order = orderRows(frozen ?? rows.rows.values(), this.columns, this.sort, this.filter);
      setAttr(this.grid, "aria-rowcount", String(this.order.length + 1));
      if (this.active >= this.order.length) this.active = this.order.length - 1;
    }
    this.fitHeight();
    this.lay(now);
  }

  /** The rows as they are, to be kept while the view is paused. */
  copy(rows: KeyedRows): RowEntry[] {
    const present = [...rows.rows.values()].filter((row) => row.mark?.op !== OP_DELETE);
    return present.map((row) => ({ ...row, mark: null }));
  }

  private setColumns(columns: string[], rows: Iterable<RowEntry>): void {
    if (columns.length === this.columns.length && columns.every((name, place) => name === this.columns[place])) return;
    this.columns = [...columns];
    const sample = take(rows, 60);
    this.numeric = columns.map((_, place) => sample.some((row) => typeof row.cells[place] === "number"));
    this.decimals = columns.map((_, place) =>
      Math.max(0, ...sample.map((row) => (typeof row.cells[place] === "number" ? decimalsOf(row.cells[place] as number) : 0))),
    );
    columns.forEach((name, place) => {
      const texts = sample.map((row) => cellText(row.cells[place] ?? null, this.decimals[place]!));
      this.widths.suggest(name, naturalWidth(name, texts));
    });
    this.widths.spread(columns, this.roomForColumns());
    for (const line of this.lines) line.tr.remove();
    this.lines = [];
    if (this.sort && !columns.includes(this.sort.column)) this.sort = null;
    this.grid.setAttribute("aria-colcount", String(columns.length));
    this.makeHead();
  }

  private roomForColumns(): number {
    const width = this.el.clientWidth || (this.el.parentElement?.clientWidth ?? 0);
    return width - MARK_WIDTH - SCROLLBAR;
  }

  private makeHead(): void {
    this.head.replaceChildren(h("th", { class: "drasi-mark", role: "presentation" }));
    this.cols.replaceChildren(h("col", { class: "drasi-mark" }));
    this.columns.forEach((name, place) => {
      const button = h("button", { type: "button", class: "drasi-sort", title: name }, h("span", {}, name));
      const grip = h("span", { class: "drasi-grip", "aria-hidden": "true" });
      const th = h("th", { scope: "col", "aria-colindex": place + 1, class: this.numeric[place] ? "drasi-num" : null }, button, grip);
      const col = h("col");
      col.style.width = `${this.widths.of(name)}px`;
      button.addEventListener("click", () => this.choose(name));
      button.addEventListener("keydown", (event) => {
        if (!event.shiftKey || (event.key !== "ArrowLeft" && event.key !== "ArrowRight")) return;
        event.preventDefault();
        this.resize(name, col, this.widths.of(name) + (event.key === "ArrowLeft" ? -16 : 16));
      });
      grip.addEventListener("pointerdown", (event) => this.drag(event, grip, name, col));
      this.head.append(th);
      this.cols.append(col);
    });
    this.head.append(h("th", { class: "drasi-fill", role: "presentation" }));
    this.cols.append(h("col"));
    const span = String(this.columns.length + 2);
    for (const gap of [this.above, this.below]) gap.replaceChildren(h("td", { colspan: span }));
    this.fitWidth();
    this.showSort();
  }

  private choose(name: string): void {
    this.sort = nextSort(this.sort, name);
    this.showSort();
    this.redraw();
  }

  private showSort(): void {
    this.columns.forEach((name, place) => {
      const th = this.head.children[place + 1] as HTMLElement;
      const isSorted = this.sort?.column === name;
      setAttr(th, "aria-sort", isSorted ? (this.sort!.isDescending ? "descending" : "ascending") : null);
    });
  }

  private drag(event: PointerEvent, grip: HTMLElement, name: string, col: HTMLElement): void {
    event.preventDefault();
    const start = event.clientX;
    const width = this.widths.of(name);
    grip.setPointerCapture(event.pointerId);
    const move = (next: PointerEvent) => this.resize(name, col, width + next.clientX - start);
    grip.addEventListener("pointermove", move);
    grip.addEventListener("lostpointercapture", () => grip.removeEventListener("pointermove", move), { once: true });
  }

  private resize(name: string, col: HTMLElement, width: number): void {
    col.style.width = `${this.widths.keep(name, width)}px`;
    this.fitWidth();
  }

  private fitWidth(): void {
    const sum = this.columns.reduce((total, name) => total + this.widths.of(name), MARK_WIDTH);
    this.grid.style.minWidth = `${sum}px`;
  }

  private fitHeight(): void {
    const wanted = Math.min(this.maxHeight, HEAD_HEIGHT + Math.max(1, this.order.length) * ROW_HEIGHT + 2);
    if (wanted <= this.height) return; // only grows, so that the page below does not jump
    this.height = wanted;
    this.el.style.height = `${wanted}px`;
  }

  private lay(now: number): void {
    const room = (this.el.clientHeight || this.height) - HEAD_HEIGHT;
    const view = windowOf(this.el.scrollTop, Math.max(room, ROW_HEIGHT), ROW_HEIGHT, this.order.length);
    while (this.lines.length < view.last - view.first) this.lines.push(this.newLine());
    while (this.lines.length > view.last - view.first) this.lines.pop()!.tr.remove();
    this.above.hidden = view.above === 0;
    this.below.hidden = view.below === 0;
    this.above.style.height = `${view.above}px`;
    this.below.style.height = `${view.below}px`;
    this.lines.forEach((line, index) => this.fill(line, view.first + index, now));
  }

  private newLine(): Line {
    const mark = h("td", { class: "drasi-mark", role: "presentation" });
    const cells = this.columns.map((_, place) => h("td", { role: "gridcell", "aria-colindex": place + 1 }));
    const tr = h("tr", { class: "drasi-row" }, mark, ...cells, h("td", { class: "drasi-fill", role: "presentation" }));
    this.body.insertBefore(tr, this.below);
    return { tr, mark, cells, shown: null };
  }

  private fill(line: Line, index: number, now: number): void {
    const row = this.order[index]!;
    setAttr(line.tr, "aria-rowindex", String(index + 2));
    setAttr(line.tr, "data-index", String(index));
    setAttr(line.tr, "data-key", String(row.key));
    setAttr(line.tr, "id", `${this.id}-${index}`);
    setAttr(line.tr, "data-stripe", index % 2 ? "odd" : null);
    setAttr(line.tr, "aria-selected", index === this.active ? "true" : null);
    this.columns.forEach((_, place) => this.fillCell(line.cells[place]!, row.cells[place] ?? null, place));
    this.showMark(line, row.mark, now);
  }

  private fillCell(td: HTMLTableCellElement, value: Cell, place: number): void {
    const isNumber = typeof value === "number";
    if (isNumber) this.decimals[place] = Math.max(this.decimals[place]!, decimalsOf(value));
    setText(td, cellText(value, this.decimals[place]!));
    setAttr(td, "class", isNumber ? "drasi-num" : value === null ? (this.numeric[place] ? "drasi-null drasi-num" : "drasi-null") : null);
    setAttr(td, "title", value === null || value === "" ? null : String(value));
  }

  private showMark(line: Line, mark: Mark | null, now: number): void {
    if (line.shown === mark) return;
    line.shown = mark;
    const { tr } = line;
    setText(line.mark, mark ? GLYPHS[mark.op]! : "");
    setAttr(line.mark, "title", mark ? OP_NAMES[mark.op]! : null);
    setAttr(tr, "data-op", mark ? OP_NAMES[mark.op]! : null);
    line.cells.forEach((td, place) => setAttr(td, "data-changed", mark?.cells?.[place] ? "" : null));
    if (!mark) return;
    // the same animation under two names starts anew when they alternate
    setAttr(tr, "data-beat", tr.getAttribute("data-beat") === "a" ? "b" : "a");
    tr.style.setProperty("--drasi-since", `${Math.round(mark.at - now)}ms`);
  }

  private key(event: KeyboardEvent): void {
    if (event.target !== this.grid || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor((this.el.clientHeight - HEAD_HEIGHT) / ROW_HEIGHT) - 1);
    const next = moveBy(event.key, this.active, this.order.length, page);
    if (next === null) return;
    event.preventDefault();
    this.activate(next);
  }

  private click(event: MouseEvent): void {
    const tr = (event.target as HTMLElement).closest<HTMLElement>("tr[data-index]");
    if (tr) this.activate(Number(tr.dataset["index"]));
  }

  private activate(index: number): void {
    this.active = index;
    const room = this.el.clientHeight - HEAD_HEIGHT;
    this.el.scrollTop = scrollTo(index, this.el.scrollTop, room, ROW_HEIGHT);
    this.grid.setAttribute("aria-activedescendant", `${this.id}-${index}`);
    this.redraw();
  }
}

function take<T>(items: Iterable<T>, count: number): T[] {
  const out: T[] = [];
  for (const item of items) {
    if (out.length >= count) break;
    out.push(item);
  }
  return out;
}

