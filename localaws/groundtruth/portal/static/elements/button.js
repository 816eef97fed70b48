// <crowd-button>: a button, or a link that looks like one. The form acts on form-action.
// Contract: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-crowd-button.html

import { el, upgradeProperty } from "./dom.js";
import { isSet } from "./field.js";
import { BUTTON, THEME } from "./styles.js";

export class CrowdButton extends HTMLElement {
  static observedAttributes = ["disabled", "loading", "variant"];
  #control = null;

  get disabled() {
    return isSet(this, "disabled");
  }

  set disabled(disabled) {
    this.toggleAttribute("disabled", Boolean(disabled));
  }

  get loading() {
    return isSet(this, "loading");
  }

  set loading(loading) {
    this.toggleAttribute("loading", Boolean(loading));
  }

  connectedCallback() {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    root.adoptedStyleSheets = [THEME, BUTTON];
    const href = this.getAttribute("href");
    this.#control = href
      ? el("a", {
          href,
          target: this.getAttribute("target") ?? "_blank",
          rel: "noopener noreferrer",
        })
      : el("button", { type: "button" });
    this.#control.append(el("slot"), ...this.#image());
    root.append(this.#control);
    // A click on the element itself, by a script, must not pass where one on the button inside
    // would not.
    this.addEventListener("click", (event) => this.#off && event.stopImmediatePropagation(), true);
    for (const property of ["disabled", "loading"]) upgradeProperty(this, property);
    this.#show();
    queueMicrotask(() => this.dispatchEvent(new Event("crowd-element-ready", { bubbles: true })));
  }

  attributeChangedCallback() {
    if (this.#control) this.#show();
  }

  get #off() {
    return this.disabled || this.loading;
  }

  #image() {
    const address = this.getAttribute("icon-url");
    if (!address) return [];
    const order = this.getAttribute("icon-align") === "right" ? 1 : -1;
    return [el("img", { src: address, alt: "", style: `order: ${order}` })];
  }

  #show() {
    const submits = this.getAttribute("form-action") === "submit";
    const variant = this.getAttribute("variant") ?? (submits ? "primary" : "normal");
    this.#control.className = variant;
    this.#control.disabled = this.#off;
    this.#control.setAttribute("aria-busy", String(this.loading));
  }
}
