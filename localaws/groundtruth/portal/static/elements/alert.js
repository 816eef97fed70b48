// <crowd-alert>: a message to the worker.
// Contract: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-crowd-alert.html

import { el } from "./dom.js";
import { isSet } from "./field.js";
import { icon } from "./icons.js";
import { ALERT, THEME } from "./styles.js";

const TYPES = ["info", "success", "error", "warning"];

export class CrowdAlert extends HTMLElement {
  static observedAttributes = ["type", "dismissible"];
  #box = null;
  #close = null;

  connectedCallback() {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [THEME, ALERT];
    this.#close = el("button", {
      type: "button",
      className: "quiet",
      "aria-label": "Close the message",
      onclick: () => this.remove(),
    });
    this.#close.append(icon("close"));
    this.#box = el("div", {}, el("span", {}, el("slot")), this.#close);
    root.append(this.#box);
    this.#show();
    queueMicrotask(() => this.dispatchEvent(new Event("crowd-element-ready", { bubbles: true })));
  }

  attributeChangedCallback() {
    if (this.#box) this.#show();
  }

  #show() {
    const asked = this.getAttribute("type");
    const type = TYPES.includes(asked) ? asked : "info";
    this.#box.className = type;
    this.#box.setAttribute("role", type === "error" || type === "warning" ? "alert" : "status");
    this.#close.hidden = !isSet(this, "dismissible");
  }
}
