import { describe, expect, it } from "vitest";
import { compareCells, nextSort, orderRows } from "../src/order";
import type { Cell } from "../src/format";
import { moveBy, scrollTo, windowOf } from "../src/window";
import { MAX_GUESS, MIN_WIDTH, naturalWidth, WidthKeeper } from "../src/widths";

const rows = (...values: Cell[]) => values.map((value, key) => ({ key, cells: [value], mark: null }));
const sorted = (values: Cell[], isDescending: boolean) =>
  orderRows(rows(...values), ["a"], { column: "a", isDescending }, "").map((row) => row.cells[0]);

describe("sorting", () => {
  it("cycles through up, down and the order of the result", () => {
    const up = nextSort(null, "a");
    expect(up).toEqual({ column: "a", isDescending: false });
    expect(nextSort(up, "a")).toEqual({ column: "a", isDescending: true });
    expect(nextSort(nextSort(up, "a"), "a")).toBeNull();
    expect(nextSort(up, "b")).toEqual({ column: "b", isDescending: false });
  });

  it("puts numbers before texts and null last both ways", () => {
    expect(sorted([null, "b", 10, "a", 9], false)).toEqual([9, 10, "a", "b", null]);
    expect(sorted([null, "b", 10, "a", 9], true)).toEqual(["b", "a", 10, 9, null]);
  });

  it("puts NaN after the numbers", () => {
    expect(compareCells(NaN, 1)).toBeGreaterThan(0);
    expect(compareCells(1, NaN)).toBeLessThan(0);
  });

  it("keeps equal rows in their order", () => {
    const pairs = [1, 2, 3].map((key) => ({ key, cells: ["same"] as Cell[], mark: null }));
    expect(orderRows(pairs, ["a"], { column: "a", isDescending: true }, "").map((row) => row.key)).toEqual([1, 2, 3]);
  });
});

describe("filtering", () => {
  it("finds text in any cell, whatever the case", () => {
    expect(orderRows(rows("Room 1", "Hall", 12), ["a"], null, " ROOM ")).toHaveLength(1);
    expect(orderRows(rows("Room 1", "Hall", 12), ["a"], null, "1")).toHaveLength(2);
  });
});

describe("the window", () => {
  it("draws the rows in sight and a margin", () => {
    expect(windowOf(2600, 260, 26, 10_000)).toEqual({ first: 94, last: 116, above: 94 * 26, below: (10_000 - 116) * 26 });
  });

  it("stays inside when rows went while it was scrolled down", () => {
    expect(windowOf(260_000, 260, 26, 20)).toEqual({ first: 4, last: 20, above: 104, below: 0 });
    expect(windowOf(0, 260, 26, 0)).toEqual({ first: 0, last: 0, above: 0, below: 0 });
  });

  it("scrolls no more than needed", () => {
    expect([scrollTo(0, 100, 260, 26), scrollTo(5, 100, 260, 26), scrollTo(50, 0, 260, 26)]).toEqual([0, 100, 1066]);
  });
});

describe("keys", () => {
  it("move the active row", () => {
    const keys = ["ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End", "x"];
    expect(keys.map((key) => moveBy(key, 5, 20, 10))).toEqual([6, 4, 15, 0, 0, 19, null]);
    expect(moveBy("ArrowDown", -1, 20, 10)).toBe(0);
    expect(moveBy("End", -1, 0, 10)).toBeNull();
  });
});

describe("widths", () => {
  it("are guessed within limits, spread over spare room, and kept once dragged", () => {
    const keeper = new WidthKeeper();
    expect(naturalWidth("a", ["b"])).toBe(MIN_WIDTH);
    keeper.suggest("wide", naturalWidth("a", ["b".repeat(100)]));
    keeper.suggest("own", 500);
    expect(keeper.of("wide")).toBe(MAX_GUESS);
    keeper.keep("own", 200);
    keeper.spread(["wide", "own"], 640);
    expect([keeper.of("wide"), keeper.of("own")]).toEqual([440, 200]);
    keeper.suggest("own", 90);
    expect(keeper.of("own")).toBe(200);
    expect(keeper.keep("own", 1)).toBe(MIN_WIDTH);
  });
});
