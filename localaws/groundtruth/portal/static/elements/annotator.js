// Base of the elements with which people draw on a picture. It adds to LabelingElement: the
// attributes labels, src and initial-value; the stage and its zoom; history; "Nothing to label";
// drafts.
//
// An annotator extends it and overrides the hooks below. It draws into `parts.stage` (screen
// pixels) or `parts.layer` (image pixels), and calls `commit(before)` after every change that can
// be undone.

import { GENERAL_SHORTCUTS, handleKey } from "./annotator-keys.js";
import { buildAnnotator } from "./annotator-layout.js";
import { replaceKeepingFocus, upgradeProperty } from "./dom.js";
import { History } from "./history.js";
import { makeLabelButtons, makeSwatch } from "./label-list.js";
import { LabelingElement } from "./labeling-element.js";
import { labelColour } from "./palette.js";
import { makeViewport } from "./picture-stage.js";
import { loadPicture } from "./picture.js";
import { PointerInput } from "./pointer.js";
import { parseLiteral, parseStrings } from "./relaxed-json.js";

export class Annotator extends LabelingElement {
  static observedAttributes = ["header", "labels"];

  viewport = null;
  imageWidth = 0; // pixels of the stored file, once ready
  imageHeight = 0;
  current = 0; // index of the label that is drawn with
  #labels = null;
  #history = new History((entry) => this.restore(entry));
  #modifiedBefore = false; // in an earlier visit, from a draft
  #locked = false;

  // Hooks. `point` is [x, y] in image pixels and may lie outside the image; `event` is the pointer
  // event.
  tools() {
    return []; // buttons of the element's own, each made by this.toolbar.tool(...)
  }
  extraKeys = []; // [keys, meaning] for the dialog of shortcuts
  instruction = "Draw on the image."; // for screen readers
  emptyMessage = "Nothing is labeled yet. Label something, or tick “Nothing to label”.";
  // once, when the image is there; throws when initial-value cannot be used
  async setup(_initialValue) {}
  onView() {} // the viewport moved
  // go back to an entry given to commit(); returns the entry that leads here again
  restore(_entry) {}
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

  /**
   * What the form submits; an element that needs time for it has an async getSubmission() as well.
   */
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
    upgradeProperty(this, "labels");
    super.connectedCallback();
  }

  attributeChangedCallback(attribute, before, now) {
    if (!this.parts || before === now) return;
    if (attribute === "header") this.showHeader(this.header);
    else this.#readLabels();
  }

  build(submits) {
    const parts = buildAnnotator(this, this.toolbar, submits);
    this.viewport = makeViewport(parts, () => this.imageWidth && this.onView());
    return parts;
  }

  async start() {
    if (this.#labels === null) this.#readLabels();
    const { width, height } = await loadPicture(this.parts.image, this.getAttribute("src"));
    this.imageWidth = width;
    this.imageHeight = height;
    this.viewport.setSize(width, height);
    await this.#setUp();
    this.#openForWork();
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
  }

  showHeader(header) {
    super.showHeader(header);
    const name = `${header || "Image"}. ${this.instruction} Question mark lists the keys.`;
    this.parts.stage.setAttribute("aria-label", name);
  }

  #readLabels() {
    try {
      this.labels = parseStrings(this.getAttribute("labels"));
    } catch (problem) {
      this.fail(`The list of labels could not be read: ${problem.message}`);
    }
  }

  handleKey(event) {
    return this.imageWidth > 0 && handleKey(this, event);
  }

  /** A sentence that says why this cannot be submitted as it is; "" when it can. */
  problem() {
    if (this.failure) return this.failure;
    return this.empty && !this.parts.nothing.checked ? this.emptyMessage : "";
  }

  showProblem(message) {
    this.say(message);
    if (!this.failure) this.parts.nothing.focus();
  }

  lock(reason) {
    this.#locked = true;
    super.lock(reason);
  }

  // Changes.

  /** A change was made; `before` is the entry that restore() takes to undo it. */
  commit(before) {
    this.#history.push(before);
    this.parts.nothing.checked = false;
    this.say("");
    this.changed();
  }

  undo() {
    if (!this.#history.undo()) return;
    this.announce("Undone");
    this.changed();
  }

  redo() {
    if (!this.#history.redo()) return;
    this.announce("Redone");
    this.changed();
  }

  reset() {
    while (this.#history.undo());
    this.parts.nothing.checked = false;
    this.changed();
  }

  changed() {
    this.showHistory();
    super.changed();
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
