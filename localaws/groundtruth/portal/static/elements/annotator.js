// Base of the elements with which people draw on a picture. It has what all of them share: the attributes header,
// labels, src, name and initial-value; instructions; toolbar; history; keys; zoom; "Nothing to label"; drafts.
//
// A labeling element extends it and overrides the hooks below. It draws into `parts.stage` (screen pixels) or
// `parts.layer` (image pixels), and calls `commit(before)` after every change that can be undone.

import { GENERAL_SHORTCUTS, handleKey } from "./annotator-keys.js";
import { buildAnnotator } from "./annotator-layout.js";
import { replaceKeepingFocus, upgradeProperty } from "./dom.js";
import { History } from "./history.js";
import { listenForKeys, stopListening } from "./keyboard.js";
import { makeLabelButtons, makeSwatch } from "./label-list.js";
import { labelColour } from "./palette.js";
import { makeViewport } from "./picture-stage.js";
import { loadPicture } from "./picture.js";
import { PointerInput } from "./pointer.js";
import { parseLiteral, parseStrings } from "./relaxed-json.js";
import { FRAME, THEME } from "./styles.js";
import { fillsForm } from "./submit-place.js";
import { Toolbar } from "./toolbar.js";

export class Annotator extends HTMLElement {
  static observedAttributes = ["header", "labels"];

  parts = null; // of annotator-layout.js, once connected
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
    return false; // whether the key was used. `modified`: with Ctrl or Meta
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
    if (!this.imageWidth) return;
    this.renderSide();
    this.onView();
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
    listenForKeys(this, (event) => this.imageWidth > 0 && handleKey(this, event));
    if (this.shadowRoot) return;
    upgradeProperty(this, "labels");
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [THEME, FRAME];
    const fills = fillsForm(this);
    this.toggleAttribute("beside", !fills);
    this.parts = buildAnnotator(this, this.toolbar, fills);
    this.viewport = makeViewport(this.parts, () => this.imageWidth && this.onView());
    this.#showHeader();
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
      this.#fail(problem.message);
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
    const open = (act) => (event, point) => this.#locked || act(event, point);
    new PointerInput(this.parts.stage, this.viewport, {
      down: open((event, point) => this.down(event, point)),
      move: open((event, point) => this.move(event, point)),
      hover: open((event, point) => this.hover(event, point)),
      doubleClick: open((event, point) => this.doubleClick(event, point)),
      up: (event, point, cancelled) => this.up(event, point, cancelled || this.#locked),
    });
    this.renderSide();
    this.onView();
    this.showHistory();
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
      this.labels = parseStrings(this.getAttribute("labels"));
    } catch (problem) {
      this.#fail(`The list of labels could not be read: ${problem.message}`);
    }
  }

  // Messages.

  say(message) {
    this.parts.message.textContent = message;
  }

  announce(message) {
    this.parts.live.textContent = message;
  }

  #fail(message) {
    this.#failure = message;
    this.say(message);
  }

  /** A sentence that says why this cannot be submitted as it is; "" when it can. */
  problem() {
    if (this.#failure) return this.#failure;
    return this.empty && !this.parts.nothing.checked ? this.emptyMessage : "";
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
    if (!this.#history.undo()) return;
    this.announce("Undone");
    this.#changed();
  }

  redo() {
    if (!this.#history.redo()) return;
    this.announce("Redone");
    this.#changed();
  }

  reset() {
    while (this.#history.undo());
    this.parts.nothing.checked = false;
    this.#changed();
  }

  #changed() {
    this.showHistory();
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** Whether undo() has something to take back; an element may have smaller steps of its own. */
  get canUndo() {
    return this.#history.canUndo;
  }

  showHistory() {
    this.toolbar.enable("undo", this.canUndo);
    this.toolbar.enable("redo", this.#history.canRedo);
  }

  get draft() {
    const own = { nothing: this.parts.nothing.checked, modified: this.modified };
    const state = this.saveState();
    return state instanceof Promise
      ? state.then((state) => ({ ...own, state }))
      : { ...own, state };
  }

  set draft(draft) {
    if (!draft || !this.imageWidth) return;
    this.#restoreDraft(draft).catch((problem) =>
      this.say(`The saved draft could not be read: ${problem.message}`),
    );
  }

  async #restoreDraft({ state, nothing, modified }) {
    await this.loadState(state);
    this.#history.clear();
    this.#modifiedBefore = modified === true;
    this.parts.nothing.checked = nothing === true;
    this.showHistory();
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
    const colour = (index) => this.colour(index);
    return makeLabelButtons(this.labels, this.current, colour, (index) => this.pick(index));
  }

  swatch(index) {
    return makeSwatch(this.colour(index));
  }

  /** Replace what the side panel shows. */
  showSide(...children) {
    replaceKeepingFocus(this.parts.side, ...children);
  }

  shortcutRows() {
    return [...this.extraKeys, ...this.toolbar.shortcuts, ...GENERAL_SHORTCUTS];
  }
}
