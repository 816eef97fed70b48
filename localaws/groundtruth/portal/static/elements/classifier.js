// <crowd-classifier>: one category for a text, or for whatever stands in <classification-target>.
// Contract: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-crowd-classifier.html

import { CategoryList } from "./category-list.js";
import { el } from "./dom.js";
import { assign, buildFrame } from "./frame.js";
import { indexOfKey } from "./label-list.js";
import { LabelingElement } from "./labeling-element.js";
import { parseStrings } from "./relaxed-json.js";

export class CrowdClassifier extends LabelingElement {
  static observedAttributes = ["header", "categories"];
  choices = new CategoryList(() => this.chosen());

  // Hooks.
  buildMain() {
    assign(this, "classification-target", "target");
    const content = { className: "pane target", tabIndex: 0, "aria-label": "What to classify" };
    return el("main", content, el("slot", { name: "target" }));
  }
  tools() {
    return [];
  }
  sideContent() {
    return [];
  }
  onKey(_event) {
    return false;
  }
  extraKeys = [];

  get categories() {
    return this.choices.categories;
  }

  set categories(categories) {
    this.choices.categories = Array.from(categories ?? [], String);
  }

  /** The chosen category, as templates read it; null before there is one. */
  get value() {
    return this.choices.chosen;
  }

  get _submittableValue() {
    return this.value === null ? null : { label: this.value };
  }

  get draft() {
    return { label: this.choices.chosen };
  }

  set draft(draft) {
    this.choices.chosen = draft?.label ?? null;
  }

  build(submits) {
    const side = el(
      "aside",
      { className: "pane side annotation-area", "aria-label": "Categories" },
      this.choices.element,
      ...this.sideContent(),
    );
    const main = this.buildMain();
    return buildFrame(this, this.toolbar, {
      main,
      side,
      tools: this.tools(),
      controls: [],
      submits,
    });
  }

  async start() {
    this.#readCategories();
  }

  attributeChangedCallback(attribute, before, now) {
    if (!this.parts || before === now) return;
    if (attribute === "header") this.showHeader(this.header);
    else this.#readCategories();
  }

  showHeader(header) {
    super.showHeader(header);
    this.choices.title = header || "Categories";
  }

  #readCategories() {
    try {
      this.categories = parseStrings(this.getAttribute("categories"));
    } catch (problem) {
      this.fail(`The list of categories could not be read: ${problem.message}`);
    }
  }

  chosen() {
    this.say(this.failure);
    this.changed();
  }

  problem() {
    if (this.failure) return this.failure;
    return this.choices.chosen === null ? "Choose a category first." : "";
  }

  showProblem(message) {
    this.say(message);
    this.choices.focus();
  }

  reset() {
    this.choices.chosen = null;
  }

  shortcutRows() {
    return [
      ["1, 2, 3, 4, 5, 6, 7, 8, 9, 0", "Choose one of the first ten categories"],
      ...this.extraKeys,
      ...this.toolbar.shortcuts,
      ["Ctrl+Enter", "Submit"],
    ];
  }

  handleKey(event) {
    if (this.onKey(event)) return true;
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const index = indexOfKey(event.key);
    if (event.key === "?") this.parts.showShortcuts();
    else if (index !== null && !this.parts.side.inert) this.choices.choose(index);
    else return false;
    return true;
  }
}
