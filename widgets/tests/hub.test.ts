import { tableFromArrays, tableToIPC } from "@uwdata/flechette";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Hub } from "../src/hub";
import { OP_ADD, type Frame, type Part, type QueryState, type ToKernel } from "../src/protocol";

const TOPIC = "query:q";
const state: QueryState = {
  part: "query", query: "q", status: "Running", error: null, total: 1, rate: 0, failures: 0, sources: [], text: "", time_ms: null,
};
const rows = [{ key: 1, op: OP_ADD, cells: ["a", 1] }];
const snapshot: Part = { part: "snapshot", query: "q", columns: ["x", "n"], first: true, last: true, total: 1, tick: 1, time_ms: 1, rows };
const delta = (key: number): Part => ({
  part: "delta", query: "q", total: 2, tick: 2, time_ms: 2, outside: 0, rows: [{ key, op: OP_ADD, cells: ["b", key] }],
});
const frame = (seq: number, ...parts: Part[]): Frame => ({ kind: "frame", seq, parts });

let sent: ToKernel[];
let hub: Hub;
const kinds = () => sent.map((message) => message.kind);
const drain = () => new Promise<void>((done) => queueMicrotask(done));

beforeEach(() => {
  sent = [];
  hub = new Hub({ send: (message) => sent.push(message), now: () => 0 }, "me");
});

describe("a hub", () => {
  it("greets once for all views that appear together", async () => {
    hub.watch(TOPIC, () => {});
    hub.watch("runtime", () => {});
    await drain();
    expect(sent).toEqual([{ kind: "hello", client: "me", topics: [TOPIC, "runtime"], json: false }]);
    hub.watch("query:later", () => {});
    expect(sent[1]).toMatchObject({ kind: "topics", fresh: ["query:later"] });
  });

  it("shares the rows of two views of one query", async () => {
    const first = hub.watch(TOPIC, () => {});
    await drain();
    const second = hub.watch(TOPIC, () => {});
    expect(second.topic).toBe(first.topic);
    expect(kinds()).toEqual(["hello"]);
  });

  it("takes frames, tells the views and acknowledges", async () => {
    const told = vi.fn();
    const { topic } = hub.watch(TOPIC, told);
    await drain();
    hub.receive(frame(5, state, snapshot), []);
    hub.receive(frame(6, delta(2)), []);
    expect(topic.query).toEqual(state);
    expect(topic.rows.rows.size).toBe(2);
    expect(told).toHaveBeenCalledTimes(2);
    expect(sent.slice(1)).toEqual([{ kind: "ack", client: "me", seq: 5 }, { kind: "ack", client: "me", seq: 6 }]);
  });

  it("asks anew after a gap and waits for the snapshot", async () => {
    const { topic } = hub.watch(TOPIC, () => {});
    await drain();
    hub.receive(frame(1, snapshot), []);
    hub.receive(frame(3, delta(3)), []);
    expect(kinds()).toEqual(["hello", "ack", "hello", "ack"]);
    expect(topic.rows.isComplete).toBe(false);
    expect([...topic.rows.rows.keys()]).toEqual([1]);
    hub.receive(frame(4, snapshot), []);
    hub.receive(frame(5, delta(5)), []);
    expect([...topic.rows.rows.keys()]).toEqual([1, 5]);
  });

  it("reads Arrow buffers at any offset", async () => {
    const { topic } = hub.watch(TOPIC, () => {});
    await drain();
    const ipc = tableToIPC(tableFromArrays({ _op: [2, 2], _key: [1, 2], c0: ["a", null], c1: [1.5, 2] }), { format: "stream" })!;
    const padded = new Uint8Array(ipc.length + 8);
    padded.set(ipc, 8);
    const { rows: _, ...part } = snapshot as Extract<Part, { part: "snapshot" }>;
    hub.receive(frame(1, { ...part, buffer: 0 }), [new DataView(padded.buffer, 8)]);
    expect([...topic.rows.rows.values()].map((row) => row.cells)).toEqual([["a", 1.5], [null, 2]]);
  });

  it("asks for JSON where a host drops the buffers", async () => {
    hub.watch(TOPIC, () => {});
    await drain();
    const { rows: _, ...part } = snapshot as Extract<Part, { part: "snapshot" }>;
    hub.receive(frame(1, { ...part, buffer: 0 }), []);
    expect(sent).toContainEqual({ kind: "hello", client: "me", topics: [TOPIC], json: true });
  });

  it("shows a fault of the rows instead of losing it", async () => {
    const { topic } = hub.watch(TOPIC, () => {});
    await drain();
    const { rows: _, ...part } = snapshot as Extract<Part, { part: "snapshot" }>;
    hub.receive(frame(1, { ...part, buffer: 0 }), [new DataView(new ArrayBuffer(3))]);
    expect(topic.notice).toContain("could not be read");
    expect(kinds()).toContain("ack");
  });

  it("greets again when the kernel has forgotten it, and only it", async () => {
    hub.watch(TOPIC, () => {});
    await drain();
    hub.receive({ kind: "resync", client: "somebody" }, []);
    expect(kinds()).toEqual(["hello"]);
    hub.receive({ kind: "resync", client: "me" }, []);
    expect(kinds()).toEqual(["hello", "hello"]);
  });

  it("says bye when the last view goes", async () => {
    const one = hub.watch(TOPIC, () => {});
    const two = hub.watch("runtime", () => {});
    await drain();
    one.leave();
    two.leave();
    expect(kinds()).toEqual(["hello", "topics", "bye"]);
    hub.watch(TOPIC, () => {});
    await drain();
    expect(kinds().at(-1)).toBe("hello");
  });
});
