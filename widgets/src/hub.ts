// The browser's end of the one comm: takes frames, keeps the topics, speaks for all views of a page.
import { changesOf, NoBuffers } from "./decode";
import {
  KEEPALIVE_S,
  QUERY_TOPIC,
  RUNTIME_TOPIC,
  type Frame,
  type FromKernel,
  type Part,
  type QueryState,
  type RuntimeState,
  type ToKernel,
} from "./protocol";
import { KeyedRows } from "./rows";

export class Topic {
  readonly rows = new KeyedRows();
  query: QueryState | null = null;
  runtime: RuntimeState | null = null;
  notice = "";
  readonly listeners = new Set<() => void>();

  constructor(readonly name: string) {}

  tell(): void {
    for (const listener of this.listeners) listener();
  }
}

export interface Wire {
  send(message: ToKernel): void;
  now(): number;
}

export class Hub {
  readonly topics = new Map<string, Topic>();
  isConnected = true;
  private seq: number | null = null;
  private wantsJson = false;
  private isGreeted = false;
  private isGreeting = false;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly wire: Wire,
    readonly client: string = crypto.randomUUID?.() ?? String(Math.random()),
  ) {}

  /** Show a topic: `listener` is called after every change of it. Returns the way to stop. */
  watch(name: string, listener: () => void): { topic: Topic; leave: () => void } {
    let topic = this.topics.get(name);
    const isFresh = !topic;
    if (!topic) {
      topic = new Topic(name);
      this.topics.set(name, topic);
    }
    topic.listeners.add(listener);
    if (isFresh) this.announce([name]);
    const shown = topic;
    return { topic: shown, leave: () => this.leave(shown, listener) };
  }

  /** Press a start or stop button. */
  act(action: "start" | "stop", id: string, topic: string): void {
    this.wire.send({ kind: "action", client: this.client, action, id, topic });
  }

  /** Take one message of the kernel. */
  receive(message: FromKernel, buffers: DataView[]): void {
    if (message.kind === "resync") {
      if (message.client === this.client) this.hello();
      return;
    }
    if (message.kind !== "frame") return;
    const isGap = this.seq !== null && message.seq !== this.seq + 1;
    this.seq = message.seq;
    if (isGap) this.hello();
    this.take(message, buffers);
    if (this.topics.size) this.ack();
  }

  /** Stay known to the kernel; also after the page was hidden. */
  ack(): void {
    if (this.isGreeted) this.wire.send({ kind: "ack", client: this.client, seq: this.seq ?? 0 });
  }

  setConnected(isConnected: boolean): void {
    if (this.isConnected === isConnected) return;
    this.isConnected = isConnected;
    if (!isConnected) this.rest();
    for (const topic of this.topics.values()) topic.tell();
  }

  close(): void {
    this.rest();
    this.topics.clear();
  }

  /** Ask for everything anew. Until it comes, deltas are of no use. */
  hello(): void {
    for (const topic of this.topics.values()) topic.rows.invalidate();
    this.isGreeted = true;
    this.wire.send({ kind: "hello", client: this.client, topics: [...this.topics.keys()], json: this.wantsJson });
  }

  private announce(fresh: string[]): void {
    this.timer ??= setInterval(() => this.ack(), KEEPALIVE_S * 1000);
    if (this.isGreeted) {
      this.wire.send({ kind: "topics", client: this.client, topics: [...this.topics.keys()], fresh });
    } else if (!this.isGreeting) {
      this.isGreeting = true;
      queueMicrotask(() => {
        this.isGreeting = false;
        if (this.topics.size) this.hello();
      });
    }
  }

  private leave(topic: Topic, listener: () => void): void {
    topic.listeners.delete(listener);
    if (topic.listeners.size || this.topics.get(topic.name) !== topic) return;
    this.topics.delete(topic.name);
    if (this.topics.size) {
      this.wire.send({ kind: "topics", client: this.client, topics: [...this.topics.keys()], fresh: [] });
      return;
    }
    if (this.isGreeted) this.wire.send({ kind: "bye", client: this.client });
    this.isGreeted = false;
    this.seq = null;
    this.rest();
  }

  private rest(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private take(frame: Frame, buffers: DataView[]): void {
    const touched = new Set<Topic>();
    for (const part of frame.parts) {
      const topic = this.topics.get(topicOf(part));
      if (!topic) continue;
      touched.add(topic);
      try {
        this.apply(topic, part, buffers);
      } catch (error) {
        this.fail(topic, error);
      }
    }
    for (const topic of touched) topic.tell();
  }

  private apply(topic: Topic, part: Part, buffers: DataView[]): void {
    if (part.part === "query") topic.query = part;
    else if (part.part === "runtime") topic.runtime = part;
    else if (part.part === "notice") topic.notice = part.text;
    else if (part.part === "snapshot") topic.rows.snapshot(part, changesOf(part, buffers), this.wire.now());
    else if (topic.rows.isComplete) topic.rows.delta(part, changesOf(part, buffers), this.wire.now());
  }

  private fail(topic: Topic, error: unknown): void {
    if (error instanceof NoBuffers && !this.wantsJson) {
      this.wantsJson = true; // this host drops binary buffers
      this.hello();
      return;
    }
    topic.rows.invalidate();
    topic.notice = `the rows could not be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function topicOf(part: Part): string {
  if (part.part === "notice") return part.topic;
  return part.part === "runtime" ? RUNTIME_TOPIC : QUERY_TOPIC + part.query;
}
