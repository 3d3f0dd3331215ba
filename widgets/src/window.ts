// The rows that are in sight, and where the keyboard goes.
export interface Window {
  first: number;
  last: number;
  above: number;
  below: number;
}

/** Rows `first` to `last` (excluded) are drawn; `above` and `below` are pixels of the others. */
export function windowOf(scrollTop: number, height: number, rowHeight: number, count: number, margin = 6): Window {
  const top = Math.max(0, Math.min(scrollTop, count * rowHeight - height));
  const first = Math.max(0, Math.floor(top / rowHeight) - margin);
  const last = Math.min(count, Math.ceil((top + height) / rowHeight) + margin);
  return { first, last, above: first * rowHeight, below: (count - last) * rowHeight };
}

/** Where a key moves the active row, or null when it moves nothing. */
export function moveBy(key: string, active: number, count: number, page: number): number | null {
  if (count === 0) return null;
  const last = count - 1;
  const to = (row: number) => Math.max(0, Math.min(last, row));
  switch (key) {
    case "ArrowDown":
      return to(active + 1);
    case "ArrowUp":
      return active < 0 ? last : to(active - 1);
    case "PageDown":
      return to(active + page);
    case "PageUp":
      return to(active - page);
    case "Home":
      return 0;
    case "End":
      return last;
    default:
      return null;
  }
}

/** The scroll position that shows row `index` whole, nearest to the present one. */
export function scrollTo(index: number, scrollTop: number, height: number, rowHeight: number): number {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  return top + rowHeight > scrollTop + height ? top + rowHeight - height : scrollTop;
}
