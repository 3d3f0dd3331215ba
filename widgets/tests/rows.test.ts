import { beforeEach, describe, expect, it } from "vitest";
import type { Change } from "../src/decode";
import { MARK_MS, OP_ADD, OP_DELETE, OP_UPDATE, type Delta, type Snapshot } from "../src/protocol";
import { KeyedRows } from "../src/rows";

const snapshot = (more: Partial<Snapshot> = {}): Snapshot => ({
  part: "snapshot", query: "q", columns: ["a", "b"], first: true, last: true, total: 2, tick: 1, time_ms: 5, ...more,
});
const delta = (total: number): Delta => ({ part: "delta", query: "q", total, tick: 2, time_ms: 6, outside: 0 });
const row = (key: number, ...cells: Change["cells"]): Change => ({ op: OP_ADD, key, cells });
const cells = (rows: KeyedRows) => [...rows.rows.values()].map((entry) => entry.cells);

let rows: KeyedRows;
beforeEach(() => {
  rows = new KeyedRows();
  rows.snapshot(snapshot(), [row(1, "x", 1), row(2, "y", 2)], 0);
});

describe("a snapshot", () => {
  it("gives the rows without marks", () => {
    expect(cells(rows)).toEqual([["x", 1], ["y", 2]]);
    expect([...rows.rows.values()].every((entry) => entry.mark === null)).toBe(true);
    expect([rows.total, rows.tick, rows.timeMs, rows.isComplete]).toEqual([2, 1, 5, true]);
  });

  it("in parts shows nothing until the last one", () => {
    rows.snapshot(snapshot({ last: false }), [row(7, "n", 7)], 1);
    expect(cells(rows)).toHaveLength(2);
    rows.snapshot(snapshot({ first: false }), [row(8, "m", 8)], 1);
    expect(cells(rows)).toEqual([["n", 7], ["m", 8]]);
  });

  it("whose beginning was lost is ignored", () => {
    rows.invalidate();
    rows.snapshot(snapshot({ first: false }), [row(9, "z", 9)], 1);
    expect(rows.isComplete).toBe(false);
  });

  it("after a flood marks what differs", () => {
    rows.snapshot(snapshot(), [row(1, "x", 5), row(3, "z", 3)], 10);
    expect([...rows.rows.values()].map((entry) => entry.mark?.op)).toEqual([OP_UPDATE, OP_ADD]);
    expect(rows.drainCounts()).toEqual({ added: 1, updated: 1, removed: 1 });
  });
});

describe("a delta", () => {
  it("adds, updates and removes by key", () => {
    const changes = [{ op: OP_DELETE, key: 1, cells: [] }, { op: OP_UPDATE, key: 2, cells: ["y", 9] }, row(3, "z", 3)];
    rows.delta(delta(2), changes, 100);
    expect(cells(rows)).toEqual([["x", 1], ["y", 9], ["z", 3]]);
    expect([...rows.rows.values()].map((entry) => entry.mark?.op)).toEqual([OP_DELETE, OP_UPDATE, OP_ADD]);
    expect(rows.rows.get(2)!.mark!.cells).toEqual([false, true]);
    expect(rows.shown).toBe(2);
  });

  it("keeps a removed row for a moment only", () => {
    rows.delta(delta(1), [{ op: OP_DELETE, key: 1, cells: [] }], 100);
    expect(rows.sweep(100 + MARK_MS - 1)).toBe(true);
    expect(rows.rows.has(1)).toBe(true);
    expect(rows.sweep(100 + MARK_MS)).toBe(false);
    expect(rows.rows.has(1)).toBe(false);
  });

  it("brings a lingering row back in its place", () => {
    rows.delta(delta(1), [{ op: OP_DELETE, key: 1, cells: [] }], 100);
    rows.delta(delta(2), [row(1, "x", 4)], 200);
    rows.sweep(100 + MARK_MS);
    expect(cells(rows)).toEqual([["x", 4], ["y", 2]]);
    expect(rows.rows.get(1)!.mark!.op).toBe(OP_ADD);
    expect(rows.shown).toBe(2);
  });

  it("that changes nothing leaves no mark", () => {
    rows.delta(delta(2), [{ op: OP_UPDATE, key: 1, cells: ["x", 1] }], 100);
    expect(rows.rows.get(1)!.mark).toBeNull();
  });

  it("without a snapshot is ignored", () => {
    rows.invalidate();
    rows.delta(delta(9), [row(9, "n", 9)], 100);
    expect(rows.rows.has(9)).toBe(false);
  });
});
