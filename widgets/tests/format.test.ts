import { describe, expect, it } from "vitest";
import { cellText, countText, decimalsOf, numberText, rateText, rowsText, timeText } from "../src/format";
import numberCases from "./number_cases.json";

const cases = numberCases as [number, number, string][];

describe("numbers", () => {
  it.each(cases)("%d with %d decimals is %s, as in Python", (value, decimals, text) => {
    expect(numberText(value, decimals)).toBe(text);
  });

  it("need at most four decimals", () => {
    expect([3, 21.5, 1 / 3, 0.1 + 0.2, NaN, 1e20].map(decimalsOf)).toEqual([0, 1, 4, 1, 0, 0]);
  });

  it("are counted in thousands and rated by size", () => {
    expect([countText(1234567), rowsText(1), rowsText(10000)]).toEqual(["1,234,567", "1 row", "10,000 rows"]);
    expect([0, 0.33, 7.125, 12.4, 12345].map(rateText)).toEqual(["0/s", "0.3/s", "7.1/s", "12/s", "12,345/s"]);
  });
});

describe("cells", () => {
  it("say null, and show everything else as text", () => {
    expect([null, true, "a", 2.5].map((value) => cellText(value, 2))).toEqual(["null", "true", "a", "2.50"]);
  });
});

describe("times", () => {
  it("of another day are whole UTC times, as with a virtual clock", () => {
    expect(timeText(600_000, Date.UTC(2026, 1, 1))).toBe("1970-01-01 00:10:00");
    expect(timeText(null, 0)).toBe("no tick yet");
    expect(timeText(Date.now(), Date.now())).toMatch(/^\d\d:\d\d:\d\d$/);
  });
});
