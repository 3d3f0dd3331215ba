// The rows of one query as the browser holds them, and the marks of what changed a moment ago.
import type { Change } from "./decode";
import type { Cell } from "./format";
import { MARK_MS, OP_ADD, OP_DELETE, OP_UPDATE, type Delta, type Snapshot } from "./protocol";

export interface Mark {
  op: number;
  at: number;
  /** Which cells changed; null for a whole row. */
  cells: boolean[] | null;
}

export interface RowEntry {
  key: number;
  cells: Cell[];
  mark: Mark | null;
}

export interface Counts {
  added: number;
  updated: number;
  removed: number;
}

export class KeyedRows {
  columns: string[] = [];
  rows = new Map<number, RowEntry>();
  total = 0;
  tick = 0;
  timeMs: number | null = null;
  /** Grows with every change; `structure` only when rows come, go or move. */
  version = 0;
  structure = 0;
  /** False until a whole snapshot is there. */
  isComplete = false;
  counts: Counts = { added: 0, updated: 0, removed: 0 };
  private staged: Map<number, RowEntry> | null = null;
  private marked = new Set<RowEntry>();

  /** Rows that are in the result, without those that linger after their removal. */
  get shown(): number {
    let count = this.rows.size;
    for (const entry of this.marked) if (entry.mark?.op === OP_DELETE) count--;
    return count;
  }

  /** Take one part of a snapshot; the rows change when the last part is there. */
  snapshot(part: Snapshot, changes: Change[], now: number): void {
    if (part.first) this.staged = new Map();
    if (!this.staged) return; // its beginning was lost: the gap has asked for another
    for (const { key, cells } of changes) this.staged.set(key, { key, cells, mark: null });
    if (!part.last) return;
    const before = this.rows;
    const isSame = this.isComplete && sameNames(this.columns, part.columns);
    this.rows = this.staged;
    this.staged = null;
    this.columns = part.columns;
    this.marked.clear();
    if (isSame) this.markDifferences(before, now);
    this.isComplete = true;
    this.note(part);
    this.structure++;
  }

  /** Take what changed since the frame before; ignored until there is a snapshot. */
  delta(part: Delta, changes: Change[], now: number): void {
    if (!this.isComplete) return;
    this.sweep(now);
    for (const { op, key, cells } of changes) this.change(op, key, cells, now);
    this.note(part);
  }

  /** Forget the rows: what comes next must be a snapshot. */
  invalidate(): void {
    this.staged = null;
    this.isComplete = false;
  }

  /** Drop marks and removed rows that had their moment; true while some are left. */
  sweep(now: number): boolean {
    for (const entry of this.marked) {
      if (!entry.mark || now - entry.mark.at < MARK_MS) continue;
      if (entry.mark.op === OP_DELETE && this.rows.get(entry.key) === entry) {
        this.rows.delete(entry.key);
        this.structure++;
      }
      entry.mark = null;
      this.marked.delete(entry);
      this.version++;
    }
    return this.marked.size > 0;
  }

  /** Return and reset what was counted since the last call. */
  drainCounts(): Counts {
    const counts = this.counts;
    this.counts = { added: 0, updated: 0, removed: 0 };
    return counts;
  }

  private change(op: number, key: number, cells: Cell[], now: number): void {
    const known = this.rows.get(key);
    if (op === OP_DELETE) {
      if (!known || known.mark?.op === OP_DELETE) return;
      this.counts.removed++;
      this.mark(known, { op, at: now, cells: null });
      this.structure++;
      return;
    }
    if (!known || known.mark?.op === OP_DELETE) {
      const entry: RowEntry = { key, cells, mark: null };
      this.rows.set(key, entry); // in place of itself, when it still lingers
      if (known) this.marked.delete(known);
      this.counts.added++;
      this.mark(entry, { op: OP_ADD, at: now, cells: null });
      this.structure++;
      return;
    }
    const changed = cells.map((cell, place) => !Object.is(cell, known.cells[place]));
    if (!changed.includes(true)) return; // moved and came back between two frames
    known.cells = cells;
    this.counts.updated++;
    this.mark(known, { op: OP_UPDATE, at: now, cells: changed });
  }

  private mark(entry: RowEntry, mark: Mark): void {
    entry.mark = mark;
    this.marked.add(entry);
  }

  private markDifferences(before: Map<number, RowEntry>, now: number): void {
    for (const [key, entry] of this.rows) {
      const old = before.get(key);
      if (!old || old.mark?.op === OP_DELETE) {
        this.counts.added++;
        this.mark(entry, { op: OP_ADD, at: now, cells: null });
        continue;
      }
      const changed = entry.cells.map((cell, place) => !Object.is(cell, old.cells[place]));
      if (!changed.includes(true)) continue;
      this.counts.updated++;
      this.mark(entry, { op: OP_UPDATE, at: now, cells: changed });
    }
    for (const key of before.keys()) if (!this.rows.has(key)) this.counts.removed++;
  }

  private note(part: Snapshot | Delta): void {
    this.total = part.total;
    this.tick = part.tick;
    this.timeMs = part.time_ms;
    this.version++;
  }
}

function sameNames(left: string[], right: string[]): boolean {
  return left.length === right.length && left.every((name, place) => name === right[place]);
}
