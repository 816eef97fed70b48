// Base of the elements with which people draw on a picture. It has what all of them share: the attributes header,
// labels, src, name and initial-value; instructions; toolbar; history; keys; zoom; "Nothing to label"; drafts.
//
// A labeling element extends it and overrides the hooks below. It draws into `parts.stage` (screen pixels) or
// `parts.layer` (image pixels), and calls `commit(before)` after every change that can be undone.

import { replaceKeepingFocus, el, upgradeProperty } from "./dom.js";
import { History } from "./history.js";
import { listenForKeys, stopListening } from "./keyboard.js";
import { buildLayout } from "./layout.js";
import { labelColour } from "./palette.js";
import { loadPicture } from "./picture.js";
import { PointerInput } from "./pointer.js";
import { parseLiteral } from "./relaxed-json.js";
import { ANNOTATOR, THEME } from "./styles.js";
import { fillsForm } from "./submit-place.js";
import { Toolbar } from "./toolbar.js";
import { Viewport } from "./viewport.js";

const GENERAL_SHORTCUTS = [
  ["1, 2, 3, 4, 5, 6, 7, 8, 9, 0", "Choose one of the first ten labels"],
  ["Wheel", "Zoom at the pointer"],
  ["Space+drag, Right-drag", "Move the picture (or drag with two fingers)"],
  ["Ctrl+Enter", "Submit"],
];

export class Annotator extends HTMLElement {
  static observedAttributes = ["header", "labels"];

  parts = null; // of layout.js, once connected
  viewport = null;
  toolbar = new Toolbar();
  imageWidth = 0; // pixels of the stored file, once ready
  imageHeight = 0;
  current = 0; // index of the label that is drawn with
  #becomeReady;
  /** Resolves when the element can be used, also when its image could not be loaded. */
  ready = new Promise((resolve) => (this.#becomeReady = resolve));
  #labels = null;
  #history = new History((entry) => this.restore(entry));
  #modifiedBefore = false; // in an earlier visit, from a draft
  #failure = "";
  #locked = false;

  // Hooks. `point` is [x, y] in image pixels and may lie outside the image; `event` is the pointer event.
  tools() {
    return []; // buttons of the element's own, each made by this.toolbar.tool(...)
  }
  extraKeys = []; // [keys, meaning] for the dialog of shortcuts
  instruction = "Draw on the image."; // for screen readers
  emptyMessage = "Nothing is labeled yet. Label something, or tick “Nothing to label”.";
  async setup(_initialValue) {} // once, when the image is there; throws when initial-value cannot be used
  onView() {} // the viewport moved
  restore(_entry) {} // go back to an entry given to commit(); returns the entry that leads here again
  renderSide() {}
  deleteSelected() {}
  toggleHide() {}
  relabelSelected(_index) {}
  onKey(_event, _modified) {
    return false; // whether the key was used; comes before the keys of the base. `modified`: Ctrl or Meta
  }
  down(_event, _point) {}
  move(_event, _point) {}
  up(_event, _point, _cancelled) {}
  hover(_event, _point) {} // without a button; (null, null) when the pointer leaves
  doubleClick(_event, _point) {}
  get empty() {
    return true;
  }
  get value() {
    return null;
  }
  saveState() {
    return null; // what a draft needs beside the base's own; JSON, or a promise of it
  }
  async loadState(_state) {}

  get name() {
    return this.getAttribute("name") || this.localName;
  }

  get labels() {
    return [...(this.#labels ?? [])];
  }

  set labels(labels) {
    this.#labels = Array.from(labels ?? [], String);
    if (this.current >= this.#labels.length) this.current = 0;
    if (this.imageWidth) {
      this.renderSide();
      this.onView();
    }
  }

  /** What the form submits; an element that needs time for it has an async getSubmission() as well. */
  get _submittableValue() {
    return this.value;
  }

  /** Whether the task is to adjust what is already there. */
  get adjusting() {
    return (this.getAttribute("initial-value") ?? "").trim() !== "";
  }

  /** Whether the worker changed anything; false again when everything is undone. */
  get modified() {
    return this.#modifiedBefore || this.#history.canUndo;
  }

  get locked() {
    return this.#locked;
  }

  colour(index) {
    return labelColour(index);
  }

  connectedCallback() {
    listenForKeys(this, (event) => this.#key(event));
    if (this.shadowRoot) return;
    upgradeProperty(this, "labels");
    this.#build();
    this.#start();
  }

  disconnectedCallback() {
    stopListening(this);
  }

  attributeChangedCallback(attribute, before, now) {
    if (!this.parts || before === now) return;
    if (attribute === "header") this.#showHeader();
    else this.#readLabels();
  }

  #build() {
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [THEME, ANNOTATOR];
    const fills = fillsForm(this);
    this.toggleAttribute("beside", !fills);
    const ownTools = this.tools();
    this.parts = buildLayout(root, this, this.toolbar, { ownTools, submits: fills });
    this.viewport = new Viewport(this.parts.stage, this.parts.layer, () => {
      this.parts.zoom.textContent = `${Math.round(this.viewport.scale * 100)} %`;
      if (this.imageWidth) this.onView();
    });
    this.#showHeader();
  }

  async #start() {
    try {
      if (this.#labels === null) this.#readLabels();
      const { width, height } = await loadPicture(this.parts.image, this.getAttribute("src"));
      this.imageWidth = width;
      this.imageHeight = height;
      this.viewport.setSize(width, height);
      await this.#setUp();
      this.#openForWork();
    } catch (problem) {
      this.#failure = problem.message;
      this.say(this.#failure);
    }
    this.#becomeReady();
    this.dispatchEvent(new Event("crowd-element-ready", { bubbles: true }));
  }

  async #setUp() {
    let initial = null;
    try {
      initial = parseLiteral(this.getAttribute("initial-value"));
      await this.setup(initial);
    } catch (problem) {
      this.say(`The proposed labels could not be read: ${problem.message}`);
      if (initial === null) await this.setup(null);
    }
  }

  #openForWork() {
    new PointerInput(this.parts.stage, this.viewport, {
      down: (event, point) => this.#locked || this.down(event, point),
      move: (event, point) => this.#locked || this.move(event, point),
      up: (event, point, cancelled) => this.up(event, point, cancelled || this.#locked),
      hover: (event, point) => this.#locked || this.hover(event, point),
      doubleClick: (event, point) => this.#locked || this.doubleClick(event, point),
    });
    this.parts.stage.addEventListener("keyup", (event) => {
      if (event.code === "Space") this.parts.stage.classList.remove("pan");
    });
    this.parts.stage.addEventListener("blur", () => this.parts.stage.classList.remove("pan"));
    this.renderSide();
    this.onView();
    this.#showHistory();
    if (document.activeElement === document.body) this.parts.stage.focus({ preventScroll: true });
  }

  #showHeader() {
    const header = this.getAttribute("header") ?? "";
    this.parts.heading.textContent = header;
    const name = `${header || "Image"}. ${this.instruction} Question mark lists the keys.`;
    this.parts.stage.setAttribute("aria-label", name);
  }

  #readLabels() {
    try {
      const labels = parseLiteral(this.getAttribute("labels")) ?? [];
      if (!Array.isArray(labels)) throw new SyntaxError("a list is expected");
      this.labels = labels;
    } catch (problem) {
      this.#failure = `The list of labels could not be read: ${problem.message}`;
      this.say(this.#failure);
    }
  }

  // Messages.

  say(message) {
    this.parts.message.textContent = message;
  }

  announce(message) {
    this.parts.live.textContent = message;
  }

  /** A sentence that says why this cannot be submitted as it is; "" when it can. */
  problem() {
    if (this.#failure) return this.#failure;
    if (this.empty && !this.parts.nothing.checked) return this.emptyMessage;
    return "";
  }

  showProblem(message) {
    this.say(message);
    if (!this.#failure) this.parts.nothing.focus();
  }

  /** The time is over: what is there can be looked at, and no longer changed. */
  lock() {
    this.#locked = true;
    this.parts.bar.inert = true;
    this.parts.side.inert = true;
  }

  // Changes.

  /** A change was made; `before` is the entry that restore() takes to undo it. */
  commit(before) {
    this.#history.push(before);
    this.parts.nothing.checked = false;
    this.say("");
    this.#changed();
  }

  undo() {
    if (this.#history.undo()) {
      this.announce("Undone");
      this.#changed();
    }
  }

  redo() {
    if (this.#history.redo()) {
      this.announce("Redone");
      this.#changed();
    }
  }

  #changed() {
    this.#showHistory();
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }

  #showHistory() {
    this.toolbar.enable("undo", this.#history.canUndo);
    this.toolbar.enable("redo", this.#history.canRedo);
  }

  get draft() {
    const own = { nothing: this.parts.nothing.checked, modified: this.modified };
    const state = this.saveState();
    if (state instanceof Promise) return state.then((state) => ({ ...own, state }));
    return { ...own, state };
  }

  set draft(draft) {
    if (!draft || !this.imageWidth) return;
    this.#modifiedBefore = draft.modified === true;
    this.#history.clear();
    this.parts.nothing.checked = draft.nothing === true;
    Promise.resolve(this.loadState(draft.state)).catch((problem) =>
      this.say(`The saved draft could not be read: ${problem.message}`),
    );
    this.#showHistory();
  }

  // Labels.

  /** Draw with the label from now on; what is selected gets it too. */
  pick(index) {
    if (index < 0 || index >= this.labels.length) return;
    this.current = index;
    this.relabelSelected(index);
    this.renderSide();
    this.announce(`Label ${this.labels[index]}`);
  }

  labelButtons() {
    return this.labels.map((label, index) =>
      el(
        "button",
        {
          type: "button",
          className: "label",
          "aria-pressed": String(index === this.current),
          "data-key": `label ${index}`,
          onclick: () => this.pick(index),
        },
        this.swatch(index),
        el("span", { textContent: label }),
        index < 10 ? el("kbd", { textContent: String((index + 1) % 10), "aria-hidden": "true" }) : null,
      ),
    );
  }

  swatch(index) {
    return el("span", { className: "swatch", style: `background: ${this.colour(index)}`, "aria-hidden": "true" });
  }

  /** Replace what the side panel shows. */
  showSide(...children) {
    replaceKeepingFocus(this.parts.side, ...children);
  }

  shortcutRows() {
    return [...this.extraKeys, ...this.toolbar.shortcuts, ...GENERAL_SHORTCUTS];
  }

  // Keys.

  #key(event) {
    if (!this.imageWidth || this.parts.dialogs.some((dialog) => dialog.open)) return false;
    const modified = event.ctrlKey || event.metaKey;
    if (this.#viewKey(event, modified)) return true;
    if (this.#locked) return false;
    const key = event.key.toLowerCase();
    if (modified && key === "z") return this.#did(event.shiftKey ? this.redo() : this.undo());
    if (modified && key === "y") return this.#did(this.redo());
    if (this.onKey(event, modified)) return true;
    if (modified || event.altKey) return false;
    if (/^\d$/.test(key)) return this.#did(this.pick((Number(key) + 9) % 10));
    if (key === "delete" || key === "backspace") return this.#did(this.deleteSelected());
    return false;
  }

  #viewKey(event, modified) {
    if (modified || event.altKey) return false;
    const key = event.key.toLowerCase();
    if (key === "+" || key === "=") this.viewport.zoom(1.25);
    else if (key === "-") this.viewport.zoom(0.8);
    else if (key === "f") this.viewport.fit();
    else if (key === "h") this.toggleHide();
    else if (key === "?") this.parts.showShortcuts();
    else if (event.code === "Space") this.parts.stage.classList.add("pan");
    else return false;
    return true;
  }

  #did() {
    return true;
  }
}
