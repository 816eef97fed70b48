// The buttons of a labeling element, and the list of keys that goes with them.

import { el } from "./dom.js";
import { icon } from "./icons.js";

/** ARIA writes keys as "Control+Z"; people read "Ctrl+Z". */
const ARIA_KEYS = { Ctrl: "Control", "?": "Shift+?", "+": "Plus" };

export class Toolbar {
  /** Rows for the dialog of shortcuts: [keys, meaning]. */
  shortcuts = [];
  #buttons = new Map();

  /**
   * A button. `title` says what it does, and is its name where `text` is absent; `key` is shown
   * with it. `icon` names one of icons.js. The button is found again by `id`.
   */
  tool({ id, title, text = "", key, icon: name, className = "", action }) {
    const button = el("button", {
      type: "button",
      className,
      title: key ? `${title} (${key})` : title,
      "aria-label": title,
      onclick: action,
    });
    const drawing = icon(name);
    if (drawing) button.append(drawing);
    if (text) button.append(el("span", { textContent: text, className: drawing ? "wide" : "" }));
    if (key) {
      button.setAttribute("aria-keyshortcuts", ariaKeys(key));
      this.shortcuts.push([key, title]);
    }
    this.#buttons.set(id, button);
    return button;
  }

  button(id) {
    return this.#buttons.get(id);
  }

  enable(id, enabled) {
    const button = this.button(id);
    if (button.disabled !== enabled) return;
    // A disabled button loses the focus to nowhere; the stage is a better place to go on.
    const focused = button.getRootNode().activeElement === button;
    button.disabled = !enabled;
    if (focused && !enabled)
      button.getRootNode().querySelector(".stage")?.focus({ preventScroll: true });
  }

  press(id, pressed) {
    this.button(id).setAttribute("aria-pressed", String(pressed));
  }
}

export function divider() {
  return el("span", { className: "divider", "aria-hidden": "true" });
}

function ariaKeys(key) {
  if (ARIA_KEYS[key]) return ARIA_KEYS[key];
  return key
    .split("+")
    .map((part) => ARIA_KEYS[part] ?? part)
    .join("+");
}
