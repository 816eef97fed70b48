// <crowd-classifier>: one category for a text, or for whatever stands in <classification-target>.
// Contract: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-crowd-classifier.html

import { CategoryList } from "./category-list.js";
import { el } from "./dom.js";
import { assign, buildFrame } from "./frame.js";
import { listenForKeys, stopListening } from "./keyboard.js";
import { indexOfKey } from "./label-list.js";
import { parseStrings } from "./relaxed-json.js";
import { FRAME, THEME } from "./styles.js";
import { fillsForm } from "./submit-place.js";
import { Toolbar } from "./toolbar.js";

export class CrowdClassifier extends HTMLElement {
  static observedAttributes = ["header", "categories"];
  parts = null; // of frame.js, once connected
  toolbar = new Toolbar();
  choices = new CategoryList(() => this.chosen());
  #becomeReady;
  ready = new Promise((resolve) => (this.#becomeReady = resolve));
  #failure = "";

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
  async setup() {} // once; throws what keeps the task from being done
  onKey(_event) {
    return false;
  }
  extraKeys = [];

  get name() {
    return this.getAttribute("name") || this.localName;
  }

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

  connectedCallback() {
    listenForKeys(this, (event) => this.#key(event));
    if (this.shadowRoot) return;
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [THEME, FRAME];
    const submits = fillsForm(this);
    this.toggleAttribute("beside", !submits);
    const side = el(
      "aside",
      { className: "pane side annotation-area", "aria-label": "Categories" },
      this.choices.element,
      ...this.sideContent(),
    );
    const main = this.buildMain();
    this.parts = buildFrame(this, this.toolbar, {
      main,
      side,
      tools: this.tools(),
      controls: [],
      submits,
    });
    this.#readHeader();
    this.#readCategories();
    this.#start();
  }

  disconnectedCallback() {
    stopListening(this);
  }

  attributeChangedCallback(attribute, before, now) {
    if (!this.parts || before === now) return;
    if (attribute === "header") this.#readHeader();
    else this.#readCategories();
  }

  async #start() {
    try {
      await this.setup();
      // Keys work at once, without a click into the frame first.
      if (document.activeElement === document.body) this.parts.main.focus({ preventScroll: true });
    } catch (problem) {
      this.#fail(problem.message);
    }
    this.#becomeReady();
    this.dispatchEvent(new Event("crowd-element-ready", { bubbles: true }));
  }

  #readHeader() {
    const header = this.getAttribute("header") ?? "";
    this.parts.heading.textContent = header;
    this.choices.title = header || "Categories";
  }

  #readCategories() {
    try {
      this.categories = parseStrings(this.getAttribute("categories"));
    } catch (problem) {
      this.#fail(`The list of categories could not be read: ${problem.message}`);
    }
  }

  #fail(message) {
    this.#failure = message;
    this.say(message);
  }

  say(message) {
    this.parts.message.textContent = message;
  }

  chosen() {
    this.say(this.#failure);
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }

  problem() {
    if (this.#failure) return this.#failure;
    return this.choices.chosen === null ? "Choose a category first." : "";
  }

  showProblem(message) {
    this.say(message);
    this.choices.focus();
  }

  lock() {
    this.parts.bar.inert = true;
    this.parts.side.inert = true;
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

  #key(event) {
    if (this.parts.dialogs.some((dialog) => dialog.open)) return false;
    if (this.onKey(event)) return true;
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const index = indexOfKey(event.key);
    if (event.key === "?") this.parts.showShortcuts();
    else if (index !== null && !this.parts.side.inert) this.choices.choose(index);
    else return false;
    return true;
  }
}
