// Categories of which one is chosen: radio buttons, with a digit to press for each of the first
// ten.

import { el } from "./dom.js";
import { keyCap } from "./label-list.js";

export class CategoryList {
  #options = el("div");
  /** What to put on the page. */
  element = el(
    "div",
    // The second name is AWS's own: templates find the place of the categories by it.
    { className: "categories category-picker-wrapper", role: "radiogroup" },
    el("h2", { textContent: "Categories" }),
    this.#options,
  );
  #categories = [];
  #inputs = [];
  #onChoice;

  /** `onChoice` is called when the worker chooses. */
  constructor(onChoice) {
    this.#onChoice = onChoice;
  }

  set title(title) {
    this.element.setAttribute("aria-label", title);
  }

  get categories() {
    return [...this.#categories];
  }

  set categories(categories) {
    const chosen = this.chosen;
    this.#categories = categories;
    this.#inputs = categories.map((category) =>
      el("input", {
        type: "radio",
        name: "category",
        value: category,
        checked: category === chosen,
        onchange: () => this.#onChoice(),
      }),
    );
    this.#options.replaceChildren(
      ...categories.map((category, index) =>
        el(
          "label",
          { className: "category" },
          this.#inputs[index],
          el("span", { textContent: category }),
          keyCap(index),
        ),
      ),
    );
  }

  /** The chosen category; null before there is one. */
  get chosen() {
    return this.#inputs.find((input) => input.checked)?.value ?? null;
  }

  set chosen(category) {
    for (const input of this.#inputs) input.checked = input.value === category;
  }

  choose(index) {
    const input = this.#inputs[index];
    if (!input) return;
    input.focus({ preventScroll: true });
    if (!input.checked) input.click();
  }

  focus() {
    this.#inputs[0]?.focus();
  }
}
