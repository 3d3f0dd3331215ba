// The few ways this widget makes elements. Text of the user only ever becomes a text node.
import css from "./drasi.css";

type Props = Record<string, string | number | boolean | null | undefined>;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === true) el.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) el.setAttribute(name, String(value));
  }
  el.append(...children);
  return el;
}

/** Write a text only when it differs, so that nothing is laid out or read aloud for nothing. */
export function setText(el: HTMLElement, text: string): void {
  if (el.textContent !== text) el.textContent = text;
}

export function setAttr(el: HTMLElement, name: string, value: string | null): void {
  if (value === null) el.removeAttribute(name);
  else if (el.getAttribute(name) !== value) el.setAttribute(name, value);
}

/** The status in words, with a shape beside it: never by colour alone. */
export function statusChip(testid: string | null): { el: HTMLElement; set(status: string): void } {
  const text = document.createTextNode("");
  const el = h("span", { class: "drasi-chip", "data-testid": testid }, h("i", { "aria-hidden": "true" }), text);
  return {
    el,
    set(status) {
      setAttr(el, "data-status", status);
      if (text.data !== status) text.data = status;
    },
  };
}

/** Start or Stop, whichever the status allows; `act` is called with the action. */
export function lifeButton(act: (action: "start" | "stop") => void): {
  el: HTMLButtonElement;
  set(status: string, id: string): void;
} {
  const el = h("button", { type: "button", class: "drasi-button drasi-life" });
  el.addEventListener("click", () => act(el.dataset["action"] === "stop" ? "stop" : "start"));
  return {
    el,
    set(status, id) {
      const isOn = status === "Running" || status === "Starting";
      const action = isOn ? "stop" : "start";
      el.hidden = status === "Dropped" || status === "";
      if (el.dataset["action"] === action && el.getAttribute("aria-label")?.endsWith(id)) return;
      el.dataset["action"] = action;
      el.dataset["testid"] = `drasi-${action}`;
      setText(el, isOn ? "Stop" : "Start");
      el.setAttribute("aria-label", `${isOn ? "Stop" : "Start"} ${id}`);
    },
  };
}

/** The root of a view: themed, and a wall for keys, which would edit the notebook else. */
export function viewRoot(testid: string, label: string): HTMLElement {
  const root = h("div", {
    class: "drasi",
    role: "group",
    "aria-label": label,
    "data-testid": testid,
    "data-lm-suppress-shortcuts": "true",
  });
  for (const type of ["keydown", "keyup", "keypress"]) root.addEventListener(type, (event) => event.stopPropagation());
  return root;
}

/** Put the style sheet where `el` lives, once per document or shadow root. */
export function ensureStyle(el: HTMLElement): void {
  const scope = el.getRootNode();
  const home = scope instanceof ShadowRoot ? scope : document.head;
  let style = home.querySelector<HTMLStyleElement>("style[data-drasi-nb]");
  if (!style) {
    style = h("style", { "data-drasi-nb": true });
    home.append(style);
  }
  setText(style, css);
}
