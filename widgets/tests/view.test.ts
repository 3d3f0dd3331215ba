import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Hub } from "../src/hub";
import { OP_ADD, OP_DELETE, OP_UPDATE, type Part, type QueryState, type ToKernel } from "../src/protocol";
import { QueryViewElement } from "../src/query_view";
import { RuntimeViewElement } from "../src/runtime_view";

const base: QueryState = {
  part: "query", query: "q", status: "Running", error: null, total: 3, rate: 2, failures: 0, sources: ["s"], text: "", time_ms: 1,
};
const snapshot = (rows: [number, ...(string | number | null)[]][], total = rows.length): Part => ({
  part: "snapshot", query: "q", columns: ["room", "temp"], first: true, last: true, total, tick: 1, time_ms: 1,
  rows: rows.map(([key, ...cells]) => ({ key, op: OP_ADD, cells })),
});
const three: [number, ...(string | number | null)[]][] = [[1, "<b>A</b>", 21.5], [2, "B", null], [3, "C", 19.25]];

let sent: ToKernel[];
let hub: Hub;
let seq: number;
let frames: FrameRequestCallback[];
const opened: { close(): void }[] = [];
const paint = () => frames.splice(0).forEach((call) => call(0));
const push = (...parts: Part[]) => {
  hub.receive({ kind: "frame", seq: ++seq, parts }, []);
  paint();
};
const open = () => {
  const view = new QueryViewElement(hub, "query:q", {}, 360);
  opened.push(view);
  document.body.append(view.el);
  paint();
  return view.el;
};
const texts = (el: HTMLElement) => [...el.querySelectorAll(".drasi-row")].map((tr) => [...tr.querySelectorAll('[role="gridcell"]')].map((td) => td.textContent));
const part = (el: HTMLElement, testid: string) => el.querySelector<HTMLElement>(`[data-testid="${testid}"]`)!;

beforeEach(() => {
  sent = [];
  seq = 0;
  frames = [];
  vi.stubGlobal("requestAnimationFrame", (call: FrameRequestCallback) => frames.push(call));
  vi.stubGlobal("cancelAnimationFrame", () => {});
  hub = new Hub({ send: (message) => sent.push(message), now: () => performance.now() }, "me");
});
afterEach(() => {
  opened.splice(0).forEach((view) => view.close()); // a timer must not outlive the page
  hub.close();
  document.body.replaceChildren();
});

describe("the live table", () => {
  it("shows rows, facts and status as text", () => {
    const el = open();
    expect(part(el, "drasi-status").textContent).toBe("Waiting");
    push(base, snapshot(three));
    expect(texts(el)).toEqual([["<b>A</b>", "21.50"], ["B", "null"], ["C", "19.25"]]);
    expect(el.querySelector("td b")).toBeNull();
    expect(part(el, "drasi-status").textContent).toBe("Running");
    expect(part(el, "drasi-rows").textContent).toBe("3 rows");
    expect(part(el, "drasi-rate").textContent).toBe("2 changes/s");
    expect(el.querySelector("table")!.getAttribute("aria-rowcount")).toBe("4");
  });

  it("marks changes with glyphs and strikes a removed row", () => {
    const el = open();
    push(base, snapshot(three));
    push({
      part: "delta", query: "q", total: 3, tick: 2, time_ms: 2, outside: 0,
      rows: [{ key: 2, op: OP_DELETE, cells: [] }, { key: 1, op: OP_UPDATE, cells: ["<b>A</b>", 22] }, { key: 4, op: OP_ADD, cells: ["D", 1] }],
    });
    const lines = [...el.querySelectorAll<HTMLElement>(".drasi-row")];
    expect(lines.map((tr) => tr.dataset["op"])).toEqual(["updated", "removed", undefined, "added"]);
    expect(lines.map((tr) => tr.firstElementChild!.textContent)).toEqual(["~", "−", "", "+"]);
    expect(lines[0]!.querySelectorAll("[data-changed]")).toHaveLength(1);
    expect(part(el, "drasi-rows").textContent).toBe("3 rows");
  });

  it("sorts by a click on a header and keeps the sort over updates", () => {
    const el = open();
    push(base, snapshot(three));
    const header = () => el.querySelectorAll<HTMLElement>(".drasi-sort")[1]!;
    header().click();
    paint();
    expect(texts(el).map((row) => row[0])).toEqual(["C", "<b>A</b>", "B"]);
    expect(header().parentElement!.getAttribute("aria-sort")).toBe("ascending");
    push({ part: "delta", query: "q", total: 3, tick: 2, time_ms: 2, outside: 0, rows: [{ key: 3, op: OP_UPDATE, cells: ["C", 30] }] });
    expect(texts(el).map((row) => row[0])).toEqual(["<b>A</b>", "C", "B"]);
  });

  it("lets no key reach the notebook", () => {
    const el = open();
    push(base, snapshot(three));
    const reached = vi.fn();
    document.body.addEventListener("keydown", reached);
    for (const key of ["x", "d", "ArrowDown", "Enter"]) {
      el.querySelector("table")!.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    }
    expect(reached).not.toHaveBeenCalled();
    paint();
    expect(el.querySelector('[aria-selected="true"]')!.getAttribute("data-index")).toBe("0");
    document.body.removeEventListener("keydown", reached);
  });

  it("presses stop and start", () => {
    const el = open();
    push(base, snapshot(three));
    part(el, "drasi-stop").click();
    push({ ...base, status: "Stopped" });
    part(el, "drasi-start").click();
    const actions = sent.filter((message) => message.kind === "action");
    expect(actions).toMatchObject([{ action: "stop", id: "q", topic: "query:q" }, { action: "start", id: "q" }]);
  });

  it("says why it is empty", () => {
    const el = open();
    const words = () => part(el, "drasi-empty").textContent;
    expect(words()).toContain("Waiting for the kernel");
    push(base, snapshot([]));
    expect(words()).toContain("No rows yet");
    push({ ...base, status: "Stopped", total: 0 });
    expect(words()).toContain("Press Start");
    push({ ...base, status: "Error", error: "engine fault", total: 0 });
    expect(words()).toContain("in error");
    expect(part(el, "drasi-error").textContent).toBe("engine fault");
    push({ ...base, status: "Dropped" });
    expect(words()).toContain("was dropped");
    hub.setConnected(false);
    paint();
    expect(words()).toContain("kernel is gone");
  });

  it("says when it does not show all rows", () => {
    const el = open();
    push(base, snapshot(three, 1_000_000));
    expect(part(el, "drasi-note").textContent).toContain("showing 3 of 1,000,000 rows");
  });

  it("pauses: later rows wait for resume", () => {
    const el = open();
    push(base, snapshot(three));
    part(el, "drasi-pause").click();
    paint();
    push({ part: "delta", query: "q", total: 4, tick: 2, time_ms: 2, outside: 0, rows: [{ key: 9, op: OP_ADD, cells: ["N", 1] }] });
    expect(texts(el)).toHaveLength(3);
    part(el, "drasi-pause").click();
    paint();
    expect(texts(el)).toHaveLength(4);
  });

  it("draws a small part of ten thousand rows", () => {
    const el = open();
    const many = Array.from({ length: 10_000 }, (_, key): [number, string, number] => [key, `r${key}`, key]);
    push(base, snapshot(many));
    expect(el.querySelectorAll(".drasi-row").length).toBeLessThan(40);
    expect(el.querySelector("table")!.getAttribute("aria-rowcount")).toBe("10001");
  });
});

describe("the list of components", () => {
  it("shows kinds, errors and buttons that work", () => {
    const view = new RuntimeViewElement(hub, {});
    opened.push(view);
    document.body.append(view.el);
    const component = { kind: "query", status: "Running", error: null, changes: 4, errors: 0, rate: 1, rows: 3 };
    push({
      part: "runtime", tick: 12, events: [{ time_ms: 1, id: "q", kind: "query", status: "Error", message: "oh" }],
      components: [{ ...component, id: "s", kind: "source", rows: null }, { ...component, id: "q", status: "Error", error: "oh", errors: 1 }],
    });
    const line = part(view.el, "drasi-component-q");
    expect(line.textContent).toContain("Error");
    expect(line.textContent).toContain("oh");
    line.querySelector("button")!.click();
    expect(sent.at(-1)).toMatchObject({ kind: "action", action: "start", id: "q", topic: "runtime" });
    expect(part(view.el, "drasi-events").textContent).toContain("oh");
    push({ part: "runtime", tick: 12, events: [], components: [] });
    expect(part(view.el, "drasi-empty").textContent).toContain("No components yet");
    hub.setConnected(false);
    paint();
    expect(part(view.el, "drasi-empty").textContent).toContain("kernel is gone");
  });
});
