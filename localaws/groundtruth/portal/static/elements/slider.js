// <crowd-slider>: a number between two others.
// Contract: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-crowd-slider.html

import { el } from "./dom.js";
import { Field, isSet, numberOf } from "./field.js";

export class CrowdSlider extends Field {
  static observedAttributes = [...Field.observedAttributes, "min", "max", "step"];
  #number = el("input", { type: "number", className: "number" });
  #pin = el("span", { className: "pin" });
  #touched = false;

  build(root) {
    const control = el("input", { type: "range", "aria-label": this.name });
    this.control = control;
    this.#limit();
    control.value = numberOf(this, "value", control.min);
    control.addEventListener("input", () => this.#moved(control.value));
    control.addEventListener("change", () => this.changed());
    this.#number.setAttribute("aria-label", this.name);
    this.#number.addEventListener("input", () => this.#moved(this.#number.value));
    this.#number.addEventListener("change", () => this.changed());
    this.#pin.hidden = !isSet(this, "pin");
    this.#number.hidden = !isSet(this, "editable");
    root.append(el("div", { className: "slider" }, control, this.#pin, this.#number));
    this.#show();
    return control;
  }

  attributeChanged(attribute) {
    if (attribute === "value") this.value = this.getAttribute("value");
    else this.#limit();
    this.#show();
  }

  get value() {
    return this.control ? Number(this.control.value) : numberOf(this, "value", 0);
  }

  set value(value) {
    if (!this.control) this.setAttribute("value", value);
    else this.#moved(value);
  }

  get min() {
    return numberOf(this, "min", 0);
  }

  get max() {
    return numberOf(this, "max", 100);
  }

  get draft() {
    return this.#touched ? this.value : null;
  }

  set draft(draft) {
    if (typeof draft === "number") this.#moved(draft);
  }

  reset() {
    this.control.value = numberOf(this, "value", this.min);
    this.#touched = false;
    this.#show();
  }

  problem() {
    const waiting = this.required && !this.#touched && !this.hasAttribute("value");
    return waiting ? `Move the slider “${this.caption}”.` : "";
  }

  lock() {
    super.lock();
    this.#number.disabled = true;
  }

  #limit() {
    for (const input of [this.control, this.#number]) {
      input.min = this.min;
      input.max = this.max;
      input.step = numberOf(this, "step", 1);
    }
  }

  #moved(value) {
    if (value === "" || !Number.isFinite(Number(value))) return;
    this.control.value = value;
    this.#touched = true;
    this.#show();
  }

  #show() {
    this.#pin.textContent = this.control.value;
    if (this.shadowRoot.activeElement !== this.#number) this.#number.value = this.control.value;
  }
}
