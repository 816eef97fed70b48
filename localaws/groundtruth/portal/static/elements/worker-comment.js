// <worker-comment>: where a worker says why, in a dialog behind a link under the categories.

import { makeDialog } from "./dialogs.js";
import { el } from "./dom.js";
import { assign } from "./frame.js";

const ADD = "Add a comment";

export class WorkerComment {
  #text;
  #link;
  /**
   * The link that opens the dialog, and the dialog; both belong into the shadow root of `element`.
   */
  link;
  dialog;

  /** Null-like (`present` is false) where `element` has no <worker-comment>. */
  constructor(element, onChange) {
    const region = assign(element, "worker-comment", "comment");
    this.present = region !== null;
    const title = region?.getAttribute("header") || ADD;
    this.#link = region?.getAttribute("link-text") || ADD;
    this.#text = el("textarea", {
      rows: 5,
      placeholder: region?.getAttribute("placeholder") ?? "",
      "aria-label": title,
      oninput: () => {
        this.#show();
        onChange();
      },
    });
    const explanation = el("slot", { name: "comment" });
    this.dialog = makeDialog(title, explanation, this.#text);
    this.link = el("button", {
      type: "button",
      className: "quiet comment",
      onclick: () => this.dialog.showModal(),
    });
    this.#show();
  }

  get text() {
    return this.#text.value.trim();
  }

  set text(text) {
    this.#text.value = text;
    this.#show();
  }

  #show() {
    this.link.textContent = this.text ? `${this.#link} ✓` : this.#link;
  }
}
