// <crowd-checkbox>: something that can be ticked.
// Contract: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-crowd-checkbox.html

import { el } from "./dom.js";
import { Field, isSet } from "./field.js";

export class CrowdCheckbox extends Field {
  static observedAttributes = [...Field.observedAttributes, "checked"];

  build(root) {
    const control = el("input", { type: "checkbox", checked: isSet(this, "checked") });
    control.addEventListener("change", () => this.changed());
    root.append(el("label", { className: "tick" }, control, el("span", {}, el("slot"))));
    return control;
  }

  attributeChanged(attribute) {
    if (attribute === "checked") this.checked = isSet(this, "checked");
  }

  get checked() {
    return this.control ? this.control.checked : isSet(this, "checked");
  }

  set checked(checked) {
    if (this.control) this.control.checked = Boolean(checked);
    else this.toggleAttribute("checked", Boolean(checked));
  }

  /** The name of the tick in the answer; boxes of the same name tell themselves apart by it. */
  get value() {
    return this.getAttribute("value") || "on";
  }

  set value(value) {
    this.setAttribute("value", value);
  }

  get _submittableValue() {
    return this.disabled ? undefined : { [this.value]: this.checked };
  }

  get draft() {
    return this.checked;
  }

  set draft(draft) {
    this.checked = draft === true;
  }

  reset() {
    this.checked = isSet(this, "checked");
  }

  problem() {
    return this.required && !this.checked ? `Tick “${this.caption}”.` : "";
  }
}
