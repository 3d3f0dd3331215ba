// Arrow IPC or JSON to plain rows.
import { tableFromIPC } from "@uwdata/flechette";
import type { Cell } from "./format";
import { KEY_COLUMN, OP_COLUMN, type Delta, type Snapshot } from "./protocol";

export interface Change {
  op: number;
  key: number;
  cells: Cell[];
}

export class NoBuffers extends Error {}

/** The rows of one part, whichever way they came. */
export function changesOf(part: Snapshot | Delta, buffers: DataView[]): Change[] {
  if (part.rows) return part.rows;
  const view = part.buffer === undefined ? undefined : buffers[part.buffer];
  if (!view) throw new NoBuffers("the rows did not come with the message");
  const table = tableFromIPC(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  const columns = table.toColumns() as Record<string, ArrayLike<unknown> | undefined>;
  const ops = columns[OP_COLUMN];
  const keys = columns[KEY_COLUMN];
  if (!ops || !keys) throw new Error("the message is cut or damaged");
  const cells: ArrayLike<unknown>[] = [];
  for (let column = columns["c0"]; column; column = columns[`c${cells.length}`]) cells.push(column);
  const changes: Change[] = new Array(table.numRows);
  for (let row = 0; row < table.numRows; row++) {
    const values: Cell[] = new Array(cells.length);
    for (let place = 0; place < cells.length; place++) values[place] = (cells[place]![row] ?? null) as Cell;
    changes[row] = { op: Number(ops[row]), key: Number(keys[row]), cells: values };
  }
  return changes;
}
