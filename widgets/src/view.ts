// The script of one view: it waits for the hub's script and lets that draw.
import type { AnyWidget } from "@anywidget/types";
import { slotOf, type ViewTraits } from "./registry";

const view: AnyWidget<ViewTraits> = {
  async render({ model, el }) {
    el.textContent = "Connecting to the query…";
    const id = model.get("hub");
    model.widget_manager.get_model(id).catch(() => {
      el.textContent = "The kernel of this view is gone. Run the cell again to see it live.";
    });
    const hub = await slotOf(id).promise;
    el.textContent = "";
    return hub.mount(model, el);
  },
};

export default view;
