// How values are shown. `drasi_nb/views/numbers.py` follows the same cases (number_cases.json).
export type Cell = number | string | boolean | null;

export const MAX_DECIMALS = 4;

function isExtreme(value: number): boolean {
  const size = Math.abs(value);
  return size >= 1e15 || (size > 0 && size < 1e-4);
}

/** How many decimals a number needs, at most four. */
export function decimalsOf(value: number): number {
  if (!Number.isFinite(value) || Number.isInteger(value) || isExtreme(value)) return 0;
  return value.toFixed(MAX_DECIMALS).split(".")[1]!.replace(/0+$/, "").length;
}

/** A number with so many decimals; very large and very small ones with an exponent. */
export function numberText(value: number, decimals = MAX_DECIMALS): string {
  if (!Number.isFinite(value)) return String(value);
  if (isExtreme(value)) return Number.isSafeInteger(value) ? String(value) : value.toExponential(3);
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

export function cellText(value: Cell, decimals: number): string {
  if (value === null) return "null";
  return typeof value === "number" ? numberText(value, decimals) : String(value);
}

/** 1234567 as 1,234,567. */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

export function rowsText(count: number): string {
  return `${countText(count)} ${count === 1 ? "row" : "rows"}`;
}

export function rateText(rate: number): string {
  const text = rate >= 100 ? countText(Math.round(rate)) : rate >= 10 ? rate.toFixed(0) : rate.toFixed(1);
  return `${text.replace(/\.0$/, "")}/s`;
}

/** The time of day for today, the full UTC time for any other day (a virtual clock). */
export function timeText(ms: number | null, now: number): string {
  if (ms === null) return "no tick yet";
  const time = new Date(ms);
  if (Number.isNaN(time.getTime())) return "";
  if (Math.abs(now - ms) < 12 * 3_600_000) {
    return [time.getHours(), time.getMinutes(), time.getSeconds()].map((n) => String(n).padStart(2, "0")).join(":");
  }
  return time.toISOString().replace("T", " ").slice(0, 19);
}
