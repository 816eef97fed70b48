// <crowd-semantic-segmentation>: every pixel of the image gets one label or none. Contract:
// https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-crowd-semantic-segmentation.html

import { Annotator } from "./annotator.js";
import { el, isCoarse } from "./dom.js";
import * as controls from "./mask-controls.js";
import { MaskOverlay } from "./mask-overlay.js";
import { Workbench } from "./mask-workbench.js";
import { Mask } from "./mask.js";

const TOOLS = [
  { id: "brush", text: "Brush", title: "Brush", key: "B" },
  { id: "eraser", text: "Eraser", title: "Eraser", key: "E" },
  { id: "polygon", text: "Polygon", title: "Polygon", key: "P" },
  { id: "fill", text: "Fill", title: "Fill a region", key: "G" },
];
const REACH = { mouse: 10, touch: 24 }; // CSS pixels around a polygon's first corner that close it
const OPACITY = 55; // per cent

export class CrowdSemanticSegmentation extends Annotator {
  instruction =
    "Choose a label and paint its pixels. Arrow keys move a cursor, Space paints at it.";
  emptyMessage = "No pixel is labeled yet. Label something, or tick “Nothing to label”.";
  extraKeys = [
    ["[, ]", "Smaller or larger brush"],
    ["L", "Keep other labels, or paint over them"],
    [
      "Click, Enter",
      "Polygon: add a corner, close it (or double-click, or click the first corner)",
    ],
    ["Backspace, Esc", "Polygon: remove the last corner, cancel it"],
    ["Arrow keys", "Move a cursor (with Shift farther, with Alt one pixel)"],
    ["Space, Enter", "Use the tool at the cursor; hold Space while the cursor moves for a stroke"],
    ["Delete", "Take the label off the region at the pointer or cursor"],
  ];

  mask = null; // once the image is there
  overlay = null;
  #bench = null;
  #size;
  #opacity;
  #keep;

  // ---- set-up

  tools() {
    this.shadowRoot.adoptedStyleSheets.push(controls.MASK_STYLES);
    this.#size = controls.makeBrushSize((size) => this.#resize(size));
    this.#opacity = controls.makeOpacity(OPACITY, (opacity) => this.#setOpacity(opacity));
    this.#keep = controls.makeKeep((keeps) => (this.#bench.keepsOthers = keeps));
    const buttons = TOOLS.map((tool) =>
      this.toolbar.tool({ ...tool, icon: tool.id, action: () => this.#choose(tool.id) }),
    );
    return [...buttons, this.#size.node];
  }

  async setup(proposal) {
    const { viewport } = this;
    const { stage } = this.parts;
    this.mask = new Mask(this.imageWidth, this.imageHeight);
    this.overlay = new MaskOverlay(this.mask.raster, () => ({
      x: viewport.x,
      y: viewport.y,
      scale: viewport.scale,
      width: stage.clientWidth,
      height: stage.clientHeight,
    }));
    this.#bench = new Workbench(this.mask, viewport, stage, this.#benchHost());
    stage.append(this.overlay.canvas, this.#bench.marks);
    this.toolbar.button("delete").hidden = true; // nothing is ever selected
    this.#adoptLabels(this.labels);
    this.#resize(this.#bench.size);
    this.#setOpacity(OPACITY);
    this.#choose("brush");
    if (proposal) await this.#propose(proposal);
  }

  #benchHost() {
    const element = this;
    return {
      get label() {
        return element.labels[element.current];
      },
      get locked() {
        return element.locked;
      },
      commit: (patch) => {
        this.commit(patch);
        this.renderSide();
      },
      changed: () => {
        if (this.overlay.canvas.hidden) this.toggleHide();
        this.overlay.update();
        this.showHistory();
      },
      say: (message) => this.say(message),
      announce: (message) => this.announce(message),
    };
  }

  async #propose(proposal) {
    const { pixels, unknown } = await this.mask.propose(proposal);
    this.overlay.colours = this.mask.labels.colours;
    this.overlay.proposal = pixels;
    if (unknown) {
      this.say(
        `${unknown} pixels of the proposal have the colour of no label: they are unlabeled.`,
      );
    }
  }

  // ---- labels

  get labels() {
    return super.labels;
  }

  set labels(labels) {
    const list = Array.from(labels ?? [], String);
    if (this.mask) this.#adoptLabels(list);
    super.labels = list;
  }

  #adoptLabels(labels) {
    this.mask.labels.labels = labels;
    this.overlay.colours = this.mask.labels.colours;
  }

  colour(index) {
    return this.mask.labels.colourOf(this.labels[index]);
  }

  pick(index) {
    super.pick(index);
    this.#bench.draw();
  }

  renderSide() {
    if (!this.mask) return;
    const buttons = this.labelButtons();
    buttons.forEach((button, index) => {
      const share = controls.percent(this.mask.share(this.labels[index]));
      button.children[1].after(el("small", { textContent: share }));
    });
    const hint = el("p", {
      className: "hint",
      textContent: "Striped: as proposed, not changed yet.",
    });
    this.showSide(
      el("h2", { textContent: "Labels" }),
      ...buttons,
      ...(this.adjusting ? [hint] : []),
      el("h2", { textContent: "Mask" }),
      this.#keep.node,
      this.#opacity.node,
    );
  }

  // ---- controls

  /** Whether the mask may be changed now: the image is there, and no stroke is being painted. */
  get #free() {
    return this.#bench !== null && !this.#bench.busy;
  }

  #choose(tool) {
    if (!this.#free) return;
    this.#bench.tool = tool;
    for (const { id } of TOOLS) this.toolbar.press(id, id === tool);
    this.#bench.draw();
  }

  #resize(size) {
    if (!this.#bench) return;
    this.#bench.size = size;
    this.#size.show(size);
    this.#bench.draw();
  }

  #setOpacity(opacity) {
    this.#opacity.show(opacity);
    this.overlay.canvas.style.opacity = opacity / 100;
  }

  toggleHide() {
    if (!this.overlay) return;
    this.overlay.canvas.hidden = !this.overlay.canvas.hidden;
    this.toolbar.press("hide", this.overlay.canvas.hidden);
  }

  onKey(event, modified) {
    if (modified) return false;
    if (this.#bench.key(event)) return true;
    if (event.altKey) return false;
    const key = event.key.toUpperCase();
    const tool = TOOLS.find((each) => each.key === key);
    if (tool) this.#choose(tool.id);
    else if (key === "[" || key === "]")
      this.#resize(controls.nextBrushSize(this.#bench.size, key === "]"));
    else if (key === "L") this.#keep.input.click();
    else if (key === "DELETE") this.#bench.eraseRegion();
    else return false;
    return true;
  }

  shortcutRows() {
    return super.shortcutRows().filter(([, meaning]) => meaning !== "Delete"); // see extraKeys
  }

  // ---- pointer

  down(event, point) {
    this.#bench.pointAt(point);
    this.#bench.press(point);
  }

  move(event) {
    const between = event.getCoalescedEvents?.() ?? [];
    const events = between.length ? between : [event];
    this.#bench.drag(events.map((each) => this.viewport.toImage(each)));
  }

  up(event, point, cancelled) {
    const reach = (isCoarse(event) ? REACH.touch : REACH.mouse) / this.viewport.scale;
    if (cancelled) this.#bench.cancel();
    else this.#bench.release(point, reach);
  }

  hover(event, point) {
    this.#bench.pointAt(point);
  }

  onView() {
    if (!this.#bench) return;
    this.overlay.repaint();
    this.#bench.draw();
  }

  // ---- history

  restore(patch) {
    const inverse = this.mask.raster.apply(patch);
    this.overlay.update();
    this.renderSide();
    return inverse;
  }

  get canUndo() {
    return super.canUndo || this.#bench.polygon.open;
  }

  undo() {
    if (!this.#free) return;
    if (this.#bench.polygon.open) this.#bench.polygon.removeLast();
    else super.undo();
  }

  redo() {
    if (this.#free && !this.#bench.polygon.open) super.redo();
  }

  reset() {
    if (!this.#free) return;
    this.#bench.polygon.abandon();
    super.reset();
  }

  // ---- answer and draft

  get empty() {
    return !this.mask || this.mask.raster.empty;
  }

  problem() {
    const problem = super.problem();
    if (problem || !this.mask) return problem;
    if (this.#bench.polygon.open)
      return "A polygon is open: close it (Enter) or cancel it (Escape).";
    const foreign = this.mask.labels.foreign(this.mask.raster.counts);
    if (foreign.length)
      return `The mask has labels that this task does not have: ${foreign.join(", ")}.`;
    const contradicts = this.parts.nothing.checked && !this.empty;
    return contradicts ? "“Nothing to label” is ticked, but pixels are labeled." : "";
  }

  showProblem(message) {
    super.showProblem(message);
    // Enter and Escape are for the polygon then.
    if (this.#bench?.polygon.open) this.parts.stage.focus();
  }

  /** The answer but for labeledImage, which takes time: getSubmission() has all of it. */
  get value() {
    if (!this.mask) return null;
    const modified = this.adjusting ? { initialValueModified: this.modified } : {};
    return { ...this.mask.answer, ...modified };
  }

  async getSubmission() {
    return { ...this.value, labeledImage: await this.mask.labeledImage() };
  }

  async saveState() {
    if (!this.mask) return null;
    return { mask: await this.mask.save(), corners: this.#bench.polygon.corners };
  }

  async loadState(state) {
    if (!state) return;
    const { mask, corners } = state;
    await this.mask.load(mask);
    this.#bench.polygon.corners = corners ?? [];
    this.overlay.colours = this.mask.labels.colours;
    this.renderSide();
  }
}
