// All components of a runtime with their state, and the latest events.
import { h, lifeButton, setAttr, setText, statusChip, viewRoot } from "./dom";
import { countText, rateText, timeText } from "./format";
import type { Hub, Topic } from "./hub";
import { RUNTIME_TOPIC, type ComponentState, type EventState, type StillTable } from "./protocol";

const HEADS = ["", "Name", "Status", "Rows", "Changes", "Rate", "Errors", ""];
const KINDS = [
  ["source", "Sources"],
  ["query", "Queries"],
  ["reaction", "Reactions"],
] as const;

interface Line {
  tr: HTMLTableRowElement;
  set(component: ComponentState): void;
}

export class RuntimeViewElement {
  readonly el = viewRoot("drasi-runtime", "Runtime");
  private readonly topic: Topic;
  private readonly leave: () => void;
  private readonly facts = h("span", { class: "drasi-facts" });
  private readonly alert = h("div", { class: "drasi-alert", role: "alert", hidden: true, "data-testid": "drasi-error" });
  private readonly empty = h("div", { class: "drasi-empty", "data-testid": "drasi-empty" });
  private readonly body = h("tbody");
  private readonly box: HTMLElement;
  private readonly events = h("ol", { class: "drasi-events", "aria-label": "Latest events", "data-testid": "drasi-events" });
  private readonly live = h("div", { class: "drasi-live", role: "status", "aria-live": "polite" });
  private readonly lines = new Map<string, Line>();
  private readonly groups = new Map<string, HTMLTableRowElement>();
  private drawnEvents = "";
  private request = 0;

  constructor(
    private readonly hub: Hub,
    private readonly still: Partial<StillTable>,
  ) {
    const head = h("tr", {}, ...HEADS.map((text, place) => h("th", { scope: "col", class: place > 2 && place < 7 ? "drasi-num" : null }, text)));
    this.box = h("div", { class: "drasi-components" }, h("table", {}, h("thead", {}, head), this.body));
    this.el.append(h("div", { class: "drasi-bar" }, h("span", { class: "drasi-name" }, "Runtime"), this.facts));
    this.el.append(this.alert, this.box, this.empty, this.events, this.live);
    const watched = hub.watch(RUNTIME_TOPIC, () => this.plan());
    this.topic = watched.topic;
    this.leave = watched.leave;
    this.plan();
  }

  close(): void {
    this.leave();
    cancelAnimationFrame(this.request);
  }

  private plan(): void {
    if (!this.request) this.request = requestAnimationFrame(() => this.paint());
  }

  private paint(): void {
    this.request = 0;
    const { runtime, notice } = this.topic;
    const components = runtime?.components ?? [];
    setText(this.facts, runtime ? this.summary(components, runtime.tick) : (this.still.caption ?? ""));
    this.alert.hidden = notice === "";
    setText(this.alert, notice);
    this.box.hidden = components.length === 0;
    setAttr(this.el, "data-off", this.hub.isConnected ? null : "");
    this.empty.hidden = components.length > 0 && this.hub.isConnected;
    setText(this.empty, this.emptyText(runtime !== null));
    this.paintLines(components);
    this.paintEvents(runtime?.events ?? []);
  }

  private emptyText(isKnown: boolean): string {
    if (!this.hub.isConnected) return "The kernel is gone. Run the cell again to see the runtime live.";
    return isKnown ? "No components yet: add a source, then a query." : "Waiting for the kernel…";
  }

  private summary(components: ComponentState[], tick: number): string {
    const running = components.filter((component) => component.status === "Running").length;
    const failed = components.filter((component) => component.status === "Error").length;
    const parts = [`${running} of ${components.length} running`, `change ${countText(tick)}`];
    if (failed) parts.splice(1, 0, `${failed} in error`);
    return parts.join(" · ");
  }

  private paintLines(components: ComponentState[]): void {
    const ids = new Set(components.map((component) => component.id));
    for (const [id, line] of this.lines) {
      if (ids.has(id)) continue;
      line.tr.remove();
      this.lines.delete(id);
    }
    const wanted: HTMLTableRowElement[] = [];
    for (const [kind, title] of KINDS) {
      const members = components.filter((component) => component.kind === kind);
      if (members.length) wanted.push(this.group(kind, title));
      for (const component of members) {
        let line = this.lines.get(component.id);
        if (!line) this.lines.set(component.id, (line = this.newLine(component.id)));
        line.set(component);
        wanted.push(line.tr);
      }
    }
    const isSame = wanted.length === this.body.children.length && wanted.every((tr, place) => tr === this.body.children[place]);
    if (!isSame) this.body.replaceChildren(...wanted);
  }

  private group(kind: string, title: string): HTMLTableRowElement {
    let tr = this.groups.get(kind);
    if (!tr) {
      tr = h("tr", { class: "drasi-group" }, h("th", { colspan: HEADS.length, scope: "rowgroup" }, title));
      this.groups.set(kind, tr);
    }
    return tr;
  }

  private newLine(id: string): Line {
    const chip = statusChip("drasi-status");
    const life = lifeButton((action) => this.hub.act(action, id, RUNTIME_TOPIC));
    const error = h("span", { class: "drasi-reason" });
    const numbers = [0, 1, 2, 3].map(() => h("td", { class: "drasi-num" }));
    const name = h("td", { class: "drasi-id" }, h("span", { title: id }, id), error);
    const tr = h("tr", { "data-testid": `drasi-component-${id}` }, h("td"), name, h("td", {}, chip.el), ...numbers, h("td", { class: "drasi-act" }, life.el));
    const set = (component: ComponentState) => {
      chip.set(component.status);
      life.set(component.status, id);
      const texts = [
        component.rows === null ? "" : countText(component.rows),
        countText(component.changes),
        component.status === "Running" ? rateText(component.rate) : "",
        countText(component.errors),
      ];
      texts.forEach((text, place) => setText(numbers[place]!, text));
      setAttr(numbers[3]!, "data-bad", component.errors ? "" : null);
      setText(error, component.error ?? "");
      setAttr(error, "title", component.error);
    };
    return { tr, set };
  }

  private paintEvents(events: EventState[]): void {
    const key = JSON.stringify(events);
    this.events.hidden = events.length === 0;
    if (key === this.drawnEvents) return;
    this.drawnEvents = key;
    const now = Date.now();
    const lines = [...events].reverse().map((event) => {
      const chip = statusChip(null);
      chip.set(event.status);
      return h(
        "li",
        {},
        h("time", {}, timeText(event.time_ms, now)),
        chip.el,
        h("b", {}, event.id),
        h("span", { class: "drasi-message", title: event.message }, event.message),
      );
    });
    this.events.replaceChildren(...lines);
    const last = events[events.length - 1];
    if (last) setText(this.live, `${last.id}: ${last.status} ${last.message}`);
  }
}
