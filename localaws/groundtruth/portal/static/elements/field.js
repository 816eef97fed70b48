// Base of the small inputs: a name, a value, a label, and what the form asks of everything that it
// submits.

import { upgradeProperty } from "./dom.js";
import { FIELD, THEME } from "./styles.js";

export class Field extends HTMLElement {
  static observedAttributes = ["disabled", "value"];
  /** The control inside; its own events and focus are the element's. */
  control = null;

  // Hooks.
  build(_root) {
    return null; // builds into the shadow root once and returns the control
  }
  attributeChanged(_name) {}
  problem() {
    return ""; // a sentence that says why the form cannot be submitted; "" when it can
  }

  get name() {
    return this.getAttribute("name") ?? "";
  }

  set name(name) {
    this.setAttribute("name", name);
  }

  get disabled() {
    return isSet(this, "disabled");
  }

  set disabled(disabled) {
    this.toggleAttribute("disabled", Boolean(disabled));
  }

  get required() {
    return isSet(this, "required");
  }

  /** What the form submits; undefined for nothing, as for an input that is disabled. */
  get _submittableValue() {
    return this.disabled ? undefined : this.value;
  }

  get draft() {
    return this.value;
  }

  set draft(draft) {
    this.value = draft;
  }

  /** How people know the field: its label, or else its name. */
  get caption() {
    return this.getAttribute("label") || this.textContent.trim() || this.name;
  }

  connectedCallback() {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    root.adoptedStyleSheets = [THEME, FIELD];
    this.control = this.build(root);
    for (const property of ["value", "checked", "disabled"]) upgradeProperty(this, property);
    this.#showDisabled();
    queueMicrotask(() => this.dispatchEvent(new Event("crowd-element-ready", { bubbles: true })));
  }

  attributeChangedCallback(attribute, before, now) {
    if (!this.control || before === now) return;
    if (attribute === "disabled") this.#showDisabled();
    else this.attributeChanged(attribute);
  }

  showProblem(message) {
    this.control.setCustomValidity?.(message);
    this.control.reportValidity?.();
    this.control.setCustomValidity?.("");
    this.focus();
  }

  lock() {
    this.control.disabled = true;
  }

  /** Events of a control inside do not all leave the shadow root. */
  changed() {
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }

  #showDisabled() {
    if (this.control) this.control.disabled = this.disabled;
  }
}

/** Boolean attributes are set by their presence; templates write `disabled="false"`, too. */
export function isSet(element, attribute) {
  return element.hasAttribute(attribute) && element.getAttribute(attribute) !== "false";
}

/** The attribute as a number; `otherwise` when it is absent or none. */
export function numberOf(element, attribute, otherwise) {
  const text = element.getAttribute(attribute) ?? "";
  return text.trim() === "" || !Number.isFinite(Number(text)) ? otherwise : Number(text);
}
