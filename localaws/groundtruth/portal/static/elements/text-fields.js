// <crowd-input> and <crowd-text-area>: text that the worker types.
// Contracts: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-crowd-input.html and
// https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-crowd-text-area.html

import { el } from "./dom.js";
import { Field, isSet, numberOf } from "./field.js";

const TYPES = ["text", "number", "email", "password", "search", "tel", "url", "date", "time"];
const LINE = 1.45; // of the font's size

class TextField extends Field {
  static observedAttributes = [...Field.observedAttributes, "label", "placeholder"];
  #pattern = null;
  #label = el("span");
  #error = el("span", { className: "message", role: "alert" });
  #counter = el("span", { className: "counter", "aria-hidden": "true" });

  makeControl() {
    return el("input");
  }

  build(root) {
    const control = this.makeControl();
    control.value = this.getAttribute("value") ?? "";
    const longest = numberOf(this, "max-length", null);
    if (longest !== null) control.maxLength = longest;
    this.#pattern = patternOf(this.getAttribute("allowed-pattern"));
    control.addEventListener("beforeinput", (event) => this.#filter(event));
    control.addEventListener("input", () => this.typed());
    control.addEventListener("change", () => {
      if (isSet(this, "auto-validate")) this.#error.textContent = this.problem();
      this.changed();
    });
    const below = el("div", { className: "below" }, this.#error, this.#counter);
    root.append(el("label", {}, this.#label, control), below);
    this.control = control;
    this.#showTexts();
    this.typed();
    if (isSet(this, "auto-focus")) queueMicrotask(() => control.focus());
    return control;
  }

  attributeChanged(attribute) {
    if (attribute === "value") this.value = this.getAttribute("value");
    else this.#showTexts();
  }

  get value() {
    return this.control ? this.control.value : (this.getAttribute("value") ?? "");
  }

  set value(value) {
    const text = value === null || value === undefined ? "" : String(value);
    if (!this.control) this.setAttribute("value", text);
    else {
      this.control.value = text;
      this.typed();
    }
  }

  reset() {
    this.value = this.getAttribute("value");
  }

  typed() {
    this.#error.textContent = "";
    if (isSet(this, "char-counter")) this.#counter.textContent = `${this.value.length}`;
  }

  problem() {
    const { value } = this;
    const shortest = numberOf(this, "min-length", 0);
    const wrong = this.getAttribute("error-message");
    if (this.required && value.trim() === "") return `Fill in “${this.caption}”.`;
    if (value && value.length < shortest) {
      return wrong || `“${this.caption}” needs at least ${shortest} characters.`;
    }
    if (!this.control.validity.valid) {
      return wrong || `“${this.caption}”: ${this.control.validationMessage}`;
    }
    const matches = [...value].every((character) => this.#allows(character));
    return isSet(this, "auto-validate") && !matches
      ? wrong || `“${this.caption}” has characters that are not allowed.`
      : "";
  }

  showProblem(message) {
    this.#error.textContent = message;
    this.focus();
  }

  #allows(character) {
    return !this.#pattern || this.#pattern.test(character);
  }

  /**
   * With auto-validate, characters that do not match the allowed pattern are not taken while
   * typing.
   */
  #filter(event) {
    if (!isSet(this, "auto-validate") || event.inputType !== "insertText" || !event.data) return;
    if (![...event.data].every((character) => this.#allows(character))) event.preventDefault();
  }

  #showTexts() {
    this.#label.textContent = this.getAttribute("label") ?? "";
    this.#label.className = this.#label.textContent ? "caption" : "unseen";
    this.control.placeholder = this.getAttribute("placeholder") ?? "";
    if (!this.#label.textContent) {
      this.control.setAttribute("aria-label", this.control.placeholder || this.name);
    }
    this.control.setAttribute("aria-required", String(this.required));
  }
}

export class CrowdInput extends TextField {
  makeControl() {
    const type = this.getAttribute("type") ?? "text";
    return el("input", { type: TYPES.includes(type) ? type : "text", step: "any" });
  }
}

export class CrowdTextArea extends TextField {
  makeControl() {
    return el("textarea", { rows: numberOf(this, "rows", 2) });
  }

  /** It grows with its text, up to max-rows lines. */
  typed() {
    super.typed();
    const { control } = this;
    const most = numberOf(this, "max-rows", Infinity);
    const line = parseFloat(getComputedStyle(control).fontSize) * LINE || 20;
    control.style.height = "auto";
    const needed = Math.min(control.scrollHeight + 2, most * line + 14);
    if (needed > control.offsetHeight) control.style.height = `${needed}px`;
  }
}

/** The pattern as templates write it, such as [a-z]; null without one or for one that is broken. */
function patternOf(text) {
  if (!text) return null;
  try {
    return new RegExp(`^(?:${text})$`, "u");
  } catch {
    return null;
  }
}
