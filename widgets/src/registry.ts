// Where the small view scripts find the hub's script: one promise per hub model.
import type { AnyModel } from "@anywidget/types";
import type { StillTable } from "./protocol";

export interface ViewTraits {
  hub: string;
  topic: string;
  still: Partial<StillTable>;
  height: number;
}

export interface HubExports {
  mount(model: AnyModel<ViewTraits>, el: HTMLElement): () => void;
}

interface Slot {
  promise: Promise<HubExports>;
  resolve: (hub: HubExports) => void;
}

const KEY = Symbol.for("drasi_nb.hubs");

/** Return the slot of a hub, whoever comes first. */
export function slotOf(hubId: string): Slot {
  const slots: Map<string, Slot> = ((globalThis as Record<symbol, unknown>)[KEY] ??= new Map()) as Map<string, Slot>;
  let slot = slots.get(hubId);
  if (!slot) {
    let resolve!: (hub: HubExports) => void;
    const promise = new Promise<HubExports>((done) => (resolve = done));
    slot = { promise, resolve };
    slots.set(hubId, slot);
  }
  return slot;
}
