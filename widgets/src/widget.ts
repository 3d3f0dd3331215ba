// The script of the hub model: one per runtime and page; draws every view of that runtime.
import type { AnyWidget, AnyModel } from "@anywidget/types";
import { ensureStyle } from "./dom";
import { Hub } from "./hub";
import { QUERY_TOPIC, type FromKernel } from "./protocol";
import { QueryViewElement } from "./query_view";
import { slotOf, type HubExports, type ViewTraits } from "./registry";
import { RuntimeViewElement } from "./runtime_view";

/** What the model behind the proxy has, where the host has it at all. */
interface RealModel {
  model_id?: string;
  comm_live?: boolean;
}

function mountOn(hub: Hub): HubExports {
  return {
    mount(model: AnyModel<ViewTraits>, el: HTMLElement) {
      ensureStyle(el);
      const topic = model.get("topic");
      const still = model.get("still") ?? {};
      const view = topic.startsWith(QUERY_TOPIC)
        ? new QueryViewElement(hub, topic, still, model.get("height"))
        : new RuntimeViewElement(hub, still);
      el.append(view.el);
      return () => {
        view.close();
        view.el.remove();
      };
    },
  };
}

const widget: AnyWidget<{ model_key: string }> = {
  initialize({ model }) {
    const id = model.get("model_key");
    const hub: Hub = new Hub({
      send: (message) => {
        try {
          model.send(message);
        } catch {
          hub.setConnected(false); // the comm went with its kernel
        }
      },
      now: () => performance.now(),
    });
    const receive = (message: FromKernel, buffers: DataView[]) => hub.receive(message, buffers ?? []);
    const onVisible = () => {
      if (!document.hidden) hub.ack();
    };
    model.on("msg:custom", receive);
    document.addEventListener("visibilitychange", onVisible);
    const watchComm = async () => {
      const real = (await model.widget_manager.get_model(id)) as unknown as RealModel;
      const look = () => hub.setConnected(real.comm_live !== false);
      model.on("comm_live_update", look);
      look();
    };
    void watchComm().catch(() => undefined);
    slotOf(id).resolve(mountOn(hub));
    return () => {
      model.off("msg:custom", receive);
      document.removeEventListener("visibilitychange", onVisible);
      hub.close();
    };
  },
};

export default widget;
