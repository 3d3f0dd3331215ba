// Which rows are shown and in what order.
import type { Cell } from "./format";
import type { RowEntry } from "./rows";

export interface Sort {
  column: string;
  isDescending: boolean;
}

/** A header was chosen: ascending, then descending, then the order of the result. */
export function nextSort(sort: Sort | null, column: string): Sort | null {
  if (sort?.column !== column) return { column, isDescending: false };
  return sort.isDescending ? null : { column, isDescending: true };
}

function rank(value: Cell): number {
  return value === null ? 3 : typeof value === "number" ? 0 : typeof value === "string" ? 1 : 2;
}

/** Numbers, then texts, then booleans; null comes last and NaN before it. */
export function compareCells(left: Cell, right: Cell): number {
  const kind = rank(left) - rank(right);
  if (kind !== 0 || left === null || right === null) return kind;
  if (typeof left === "number" && typeof right === "number") {
    if (Number.isNaN(left) || Number.isNaN(right)) return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
    return left - right;
  }
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The rows that hold `filter` in some cell, sorted; null stays last in both directions. */
export function orderRows(rows: Iterable<RowEntry>, columns: string[], sort: Sort | null, filter: string): RowEntry[] {
  let order = [...rows];
  const needle = filter.trim().toLowerCase();
  if (needle) order = order.filter((row) => row.cells.some((cell) => String(cell).toLowerCase().includes(needle)));
  const place = sort ? columns.indexOf(sort.column) : -1;
  if (sort && place >= 0) {
    const sign = sort.isDescending ? -1 : 1;
    order.sort((a, b) => {
      const left = a.cells[place] ?? null;
      const right = b.cells[place] ?? null;
      if (left === null || right === null) return Number(left === null) - Number(right === null);
      return sign * compareCells(left, right);
    });
  }
  return order;
}
