// The live table of one query: what it is, how it is, and its rows.
import type { Hub, Topic } from "./hub";
import { h, lifeButton, setAttr, setText, statusChip, viewRoot } from "./dom";
import { countText, rateText, rowsText, timeText } from "./format";
import { QUERY_TOPIC, type StillTable } from "./protocol";
import type { RowEntry } from "./rows";
import { stillTable } from "./still";
import { VirtualTable } from "./table";

const SPEAK_MS = 2_000;
const GONE = "The kernel is gone. Run the cell again to see the live result.";

export class QueryViewElement {
  readonly el: HTMLElement;
  private readonly id: string;
  private readonly topic: Topic;
  private readonly leave: () => void;
  private readonly chip = statusChip("drasi-status");
  private readonly rowCount = h("span", { class: "drasi-fact drasi-rows", "data-testid": "drasi-rows" });
  private readonly rate = h("span", { class: "drasi-fact", "data-testid": "drasi-rate", title: "changes of the result per second" });
  private readonly time = h("span", { class: "drasi-fact", "data-testid": "drasi-time", title: "time of the last tick" });
  private readonly filter = h("input", { type: "search", class: "drasi-filter", placeholder: "Filter rows" });
  private readonly pause = h("button", { type: "button", class: "drasi-button", "aria-pressed": "false", "data-testid": "drasi-pause" }, "Pause");
  private readonly life = lifeButton((action) => this.hub.act(action, this.id, this.topic.name));
  private readonly alert = h("div", { class: "drasi-alert", role: "alert", hidden: true, "data-testid": "drasi-error" });
  private readonly empty = h("div", { class: "drasi-empty", hidden: true, "data-testid": "drasi-empty" });
  private readonly note = h("div", { class: "drasi-note", hidden: true, "data-testid": "drasi-note" });
  private readonly live = h("div", { class: "drasi-live", role: "status", "aria-live": "polite" });
  private readonly table: VirtualTable;
  private readonly still: HTMLElement;
  private frozen: RowEntry[] | null = null;
  private request = 0;
  private wakeup: ReturnType<typeof setTimeout> | undefined;
  private spokenAt = 0;

  constructor(
    private readonly hub: Hub,
    topic: string,
    still: Partial<StillTable>,
    height: number,
  ) {
    this.id = topic.slice(QUERY_TOPIC.length);
    this.el = viewRoot(`drasi-query-${this.id}`, `Query ${this.id}`);
    this.table = new VirtualTable(`Result of ${this.id}`, height, () => this.plan());
    this.still = stillTable(still);
    this.filter.setAttribute("aria-label", `Filter rows of ${this.id}`);
    this.build();
    const watched = hub.watch(topic, () => this.plan());
    this.topic = watched.topic;
    this.leave = watched.leave;
    this.plan();
  }

  close(): void {
    this.leave();
    cancelAnimationFrame(this.request);
    clearTimeout(this.wakeup);
  }

  private build(): void {
    const name = h("span", { class: "drasi-name", title: this.id }, this.id);
    const facts = h("span", { class: "drasi-facts" }, this.rowCount, this.rate, this.time);
    const tools = h("span", { class: "drasi-tools" }, this.filter, this.pause, this.life.el);
    this.el.append(h("div", { class: "drasi-bar" }, this.chip.el, name, facts, tools));
    this.el.append(this.alert, this.still, this.table.el, this.empty, this.note, this.live);
    this.filter.addEventListener("input", () => {
      this.table.filter = this.filter.value;
      this.plan();
    });
    this.pause.addEventListener("click", () => {
      this.frozen = this.frozen ? null : this.table.copy(this.topic.rows);
      setAttr(this.pause, "aria-pressed", String(this.frozen !== null));
      setText(this.pause, this.frozen ? "Resume" : "Pause");
      this.plan();
    });
  }

  private plan(): void {
    if (!this.request) this.request = requestAnimationFrame(() => this.paint());
  }

  private paint(): void {
    this.request = 0;
    const now = performance.now();
    const { rows, query } = this.topic;
    const isMarked = rows.sweep(now);
    const status = !this.hub.isConnected ? "Disconnected" : (query?.status ?? "Waiting");
    this.chip.set(status);
    this.life.set(this.hub.isConnected ? (query?.status ?? "") : "", this.id);
    setAttr(this.el, "data-status", status);
    const hasTable = rows.columns.length > 0 && (rows.isComplete || rows.rows.size > 0);
    if (hasTable) this.table.draw(rows, now, this.frozen);
    this.paintFacts(status);
    this.paintAlert();
    this.paintEmpty(status, hasTable);
    this.paintNote();
    this.speak(now);
    clearTimeout(this.wakeup);
    if (isMarked) this.wakeup = setTimeout(() => this.plan(), 200);
  }

  private paintFacts(status: string): void {
    const { rows, query } = this.topic;
    const total = rows.isComplete ? rows.total : query?.total;
    setText(this.rowCount, total === undefined ? "" : rowsText(total));
    setText(this.rate, query && status === "Running" ? rateText(query.rate).replace("/s", " changes/s") : "");
    const time = rows.isComplete ? rows.timeMs : (query?.time_ms ?? null);
    setText(this.time, query ? timeText(time, Date.now()) : "");
    const isLong = rows.rows.size > 8 || this.filter.value !== "";
    this.filter.hidden = !isLong;
    this.pause.hidden = status !== "Running" && !this.frozen;
  }

  private paintAlert(): void {
    const error = this.topic.query?.error ?? "";
    const text = [error, this.topic.notice].filter(Boolean).join("\n");
    this.alert.hidden = text === "";
    setText(this.alert, text);
  }

  private paintEmpty(status: string, hasTable: boolean): void {
    const { rows } = this.topic;
    const hasRows = hasTable && this.table.order.length > 0;
    const showsStill = !hasTable && status !== "Dropped";
    this.still.hidden = !showsStill || !this.still.hasChildNodes();
    this.table.el.hidden = !hasTable;
    setAttr(this.table.el, "data-empty", hasTable && !hasRows ? "" : null);
    const [text, isShown] = this.emptyText(status, hasTable, hasRows, rows.shown);
    this.empty.hidden = !isShown;
    setText(this.empty, text);
  }

  private emptyText(status: string, hasTable: boolean, hasRows: boolean, shown: number): [string, boolean] {
    if (status === "Disconnected") return [GONE, !hasRows];
    if (status === "Dropped") return [`The query ${this.id} was dropped. Add it again to see it here.`, true];
    if (!hasTable) return [status === "Waiting" ? "Waiting for the kernel…" : "Waiting for the rows…", true];
    if (hasRows) return ["", false];
    if (this.table.filter && shown > 0) return ["No row holds this text.", true];
    if (status === "Stopped") return ["Stopped. Press Start to follow the sources again.", true];
    if (status === "Error") return ["No rows: the query is in error.", true];
    return ["No rows yet. They appear here as soon as something matches.", true];
  }

  private paintNote(): void {
    const { rows, query } = this.topic;
    const notes: string[] = [];
    const shown = rows.shown;
    if (!this.hub.isConnected && shown > 0) notes.push(GONE);
    if (rows.isComplete && rows.total > shown) notes.push(`showing ${countText(shown)} of ${rowsText(rows.total)}`);
    if (this.frozen) notes.push("paused: the result goes on without this view");
    if (query?.failures) notes.push(`${rowsText(query.failures)} left out by errors, see failures()`);
    if (query?.status === "Stopped" && shown > 0) notes.push("stopped: these are the rows of the last tick");
    this.note.hidden = notes.length === 0;
    setText(this.note, notes.join(" · "));
  }

  private speak(now: number): void {
    if (now - this.spokenAt < SPEAK_MS) return;
    const { added, updated, removed } = this.topic.rows.drainCounts();
    if (!added && !updated && !removed) return;
    this.spokenAt = now;
    const words = [added && `${added} added`, updated && `${updated} changed`, removed && `${removed} removed`];
    setText(this.live, `${this.id}: ${words.filter(Boolean).join(", ")}`);
  }
}
