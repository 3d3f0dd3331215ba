// Written by `python -m drasi_nb.views.protocol`; change that file, not this one.

export const PROTOCOL = 1;
export const ACK_WINDOW = 3;
export const FRAME_INTERVAL_S = 0.05;
export const BEAT_S = 0.5;
export const KEEPALIVE_S = 8.0;
export const SILENCE_S = 30.0;
export const ROWS_PER_MESSAGE = 5000;
export const MARK_MS = 1500;
export const KEY_COLUMN = "_key";
export const OP_COLUMN = "_op";
export const OP_DELETE = 0;
export const OP_UPDATE = 1;
export const OP_ADD = 2;
export const RUNTIME_TOPIC = "runtime";
export const QUERY_TOPIC = "query:";

/** One row in the JSON form; `cells` is empty for a removed one. */
export interface Row {
  key: number;
  op: number;
  cells: (string | number | boolean | null)[];
}

/** The rows of a query at one tick; a large one comes in several parts, in order. */
export interface Snapshot {
  part: "snapshot";
  query: string;
  columns: string[];
  first: boolean;
  last: boolean;
  total: number;
  tick: number;
  time_ms: number | null;
  buffer?: number;
  rows?: Row[];
}

/** What changed since the frame before; `outside` counts changes of rows not shown. */
export interface Delta {
  part: "delta";
  query: string;
  total: number;
  tick: number;
  time_ms: number | null;
  outside: number;
  buffer?: number;
  rows?: Row[];
}

/** How a query is; `rate` is changes of its result per second. */
export interface QueryState {
  part: "query";
  query: string;
  status: string;
  error: string | null;
  total: number;
  rate: number;
  failures: number;
  sources: string[];
  text: string;
  time_ms: number | null;
}

/** How one source, query or reaction is. */
export interface ComponentState {
  id: string;
  kind: string;
  status: string;
  error: string | null;
  changes: number;
  errors: number;
  rate: number;
  rows: number | null;
}

/** One line of the runtime's events. */
export interface EventState {
  time_ms: number;
  id: string;
  kind: string;
  status: string;
  message: string;
}

/** All components of a runtime, and its latest events, newest last. */
export interface RuntimeState {
  part: "runtime";
  components: ComponentState[];
  events: EventState[];
  tick: number;
}

/** A fault of the view itself, or of a button; empty text takes the notice away. */
export interface Notice {
  part: "notice";
  topic: string;
  text: string;
}

/** One message to the browser. */
export interface Frame {
  kind: "frame";
  seq: number;
  parts: (Snapshot | Delta | QueryState | RuntimeState | Notice)[];
}

/** `client` was forgotten: it shall say `Hello` again. */
export interface Resync {
  kind: "resync";
  client: string;
}

/** A page shows these topics now and has none of their rows; the answer is snapshots. */
export interface Hello {
  kind: "hello";
  client: string;
  topics: string[];
  json: boolean;
}

/** A page shows these topics from now on; only the `fresh` ones need snapshots. */
export interface Topics {
  kind: "topics";
  client: string;
  topics: string[];
  fresh: string[];
}

/** A page has taken the frames up to `seq`; also said now and then to stay known. */
export interface Ack {
  kind: "ack";
  client: string;
  seq: number;
}

/** A button was pressed. */
export interface Action {
  kind: "action";
  client: string;
  action: "start" | "stop";
  id: string;
  topic: string;
}

/** A page shows nothing any more. */
export interface Bye {
  kind: "bye";
  client: string;
}

/** The text of a result when its view was made: shown until, or instead of, live rows. */
export interface StillTable {
  columns: string[];
  rows: string[][];
  numeric: boolean[];
  caption: string;
}

export type Part = Snapshot | Delta | QueryState | RuntimeState | Notice;

export type FromKernel = Frame | Resync;

export type ToKernel = Hello | Topics | Ack | Action | Bye;
