// <crowd-bounding-box>: boxes around the objects of a picture.
// Contract: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-crowd-bounding-box.html

import { Annotator } from "./annotator.js";
import { BoxDrag, cursorFor, intentAt } from "./box-drag.js";
import { makeBoxList } from "./box-list.js";
import { BoxOverlay } from "./box-overlay.js";
import { BoxSet } from "./box-set.js";
import { boxBetween, moved, smallestAt, stretched } from "./boxes.js";
import { el, isCoarse } from "./dom.js";
import { indexOfKey } from "./label-list.js";

const SMALLEST_DRAWN = 2; // image pixels
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class CrowdBoundingBox extends Annotator {
  instruction = "Drag to draw a box, or press Enter for one in the middle.";
  emptyMessage = "Nothing is labeled yet. Draw a box, or tick “Nothing to label”.";
  extraKeys = [
    ["Drag", "Draw a box, also inside another one (Alt: over the selected one)"],
    ["Click", "Select a box"],
    ["Enter", "New box in the middle of the view"],
    ["Arrows", "Move the box by 1 pixel (Shift: 10)"],
    ["Alt+Arrows", "Move its right or bottom edge (Alt+Shift: left or top)"],
    ["[, ]", "Previous or next box"],
    ["G", "Zoom to the box"],
    ["Ctrl+D", "Duplicate the box"],
    ["Esc", "Deselect, or stop drawing"],
  ];
  #set = new BoxSet();
  #drag = null;
  #overlay = null;
  #hidden = false;
  #touch = false;

  get empty() {
    return this.#set.boxes.length === 0;
  }

  get value() {
    if (!this.imageWidth) return null;
    const value = {
      boundingBoxes: this.#set.boxes.map(({ height, label, left, top, width }) => ({
        height,
        label,
        left,
        top,
        width,
      })),
      inputImageProperties: { height: this.imageHeight, width: this.imageWidth },
    };
    if (this.adjusting) value.initialValueModified = this.modified;
    return value;
  }

  build(submits) {
    const parts = super.build(submits);
    // AWS's own element draws on a canvas of this name; templates lay pictures over the place of it.
    parts.layer.append(el("canvas", { className: "upper-canvas", width: 1, height: 1 }));
    return parts;
  }

  setup(proposals) {
    this.#overlay ??= new BoxOverlay(this.parts.stage, this.viewport);
    if (proposals === null) return;
    const unusable = this.#set.propose(proposals, this.labels, this.#image);
    if (unusable) {
      const share = `${unusable} of ${proposals.length} proposed boxes cannot be used`;
      this.say(`${share}: an unknown label, or outside the image.`);
    }
  }

  get #image() {
    return { width: this.imageWidth, height: this.imageHeight };
  }

  // Changes. An entry of the history is the whole set as it was.

  restore(entry) {
    const now = this.#set.snapshot();
    this.#drag = null;
    this.#set.restore(entry);
    this.#show();
    return now;
  }

  /** `change` returns false when it changed nothing. */
  #change(change) {
    const before = this.#set.snapshot();
    if (change() !== false) this.commit(before);
    if (this.#hidden) this.toggleHide();
    this.#show();
  }

  /** Whether it could be added: without a label there is nothing to call it. */
  #add(place, label = this.labels[this.current]) {
    if (label === undefined) {
      this.say("There is no label to draw with.");
      return false;
    }
    this.#set.add(place, label);
    this.announce(`${label} added, ${this.#set.boxes.length} in all`);
    return true;
  }

  deleteSelected() {
    const { selected } = this.#set;
    if (!selected || this.#drag) return;
    this.#change(() => this.#set.removeSelected());
    this.announce(`${selected.label} deleted, ${this.#set.boxes.length} left`);
  }

  relabelSelected(index) {
    if (!this.#set.selected || this.#drag) return;
    this.#change(() => this.#set.change({ label: this.labels[index] }));
  }

  saveState() {
    return { boxes: this.#set.snapshot().boxes };
  }

  loadState(state) {
    this.#set.load(state?.boxes ?? [], this.#image);
    this.#show();
  }

  // Pointer.

  #intent(event, point) {
    return intentAt(event, point, {
      boxes: this.#set.boxes,
      selected: this.#hidden ? null : this.#set.selected,
      viewport: this.viewport,
      stage: this.parts.stage,
    });
  }

  down(event, point) {
    this.#touch = isCoarse(event);
    this.#drag = new BoxDrag(this.#intent(event, point), {
      event,
      from: point,
      selected: this.#set.selected,
      before: this.#set.snapshot(),
      image: this.#image,
    });
  }

  move(event, point) {
    if (!this.#drag) return;
    const place = this.#drag.follow(event, point);
    if (place) this.#set.change(place);
    if (!this.#drag.hasMoved) return;
    this.#overlay.drawCross(this.viewport.clamp(point));
    this.onView();
  }

  up(_event, point, cancelled) {
    const drag = this.#drag;
    this.#drag = null;
    if (!drag) return;
    if (cancelled) this.restore(drag.before);
    else if (!drag.hasMoved) {
      this.#select(this.#hidden ? null : smallestAt(this.#set.boxes, point));
    } else if (drag.kind === "draw") this.#finishDrawing(drag.drawn);
    else {
      this.commit(drag.before);
      this.#show();
    }
  }

  #finishDrawing(drawn) {
    const large = drawn && drawn.width >= SMALLEST_DRAWN && drawn.height >= SMALLEST_DRAWN;
    if (large) this.#change(() => this.#add(drawn));
    else this.#show();
  }

  hover(event, point) {
    this.#overlay.drawCross(point && this.viewport.clamp(point));
    if (event) this.parts.stage.style.cursor = cursorFor(this.#intent(event, point));
  }

  // Keys.

  onKey(event, modified) {
    if (this.#drag && event.key !== "Escape") return indexOfKey(event.key) === null;
    const box = this.#set.selected;
    const key = event.key.toLowerCase();
    const arrow = ARROWS[event.key];
    if (modified && key === "d" && box) this.#duplicate(box);
    else if (modified) return false;
    else if (arrow && box) this.#nudge(box, arrow, event);
    else if (event.altKey) return false;
    else if (key === "escape") this.#leave();
    else if (key === "enter") this.#addInTheMiddle();
    else if (key === "[") this.#select(this.#set.next(-1));
    else if (key === "]") this.#select(this.#set.next(1));
    else if (key === "g" && box) this.viewport.focusOn(box);
    else return false;
    return true;
  }

  #nudge(box, [right, down], { altKey, shiftKey }) {
    const step = shiftKey && !altKey ? 10 : 1;
    const place = altKey
      ? stretched(box, right, down, shiftKey, this.#image)
      : moved(box, right * step, down * step, this.#image);
    this.#change(() => this.#set.change(place));
  }

  #duplicate(box) {
    this.#change(() => this.#add(moved(box, 10, 10, this.#image), box.label));
  }

  #leave() {
    if (this.#drag) this.restore(this.#drag.before);
    else this.#select(null);
  }

  #addInTheMiddle() {
    const { x, y, width, height } = this.viewport.view;
    const half = Math.max(1, Math.min(width, height) / 8);
    const place = boxBetween([x - half, y - half], [x + half, y + half], this.#image);
    if (place) this.#change(() => this.#add(place));
  }

  #select(box) {
    const { boxes } = this.#set;
    this.#set.selected = box;
    if (box) {
      this.current = Math.max(0, this.labels.indexOf(box.label));
      const place = `${box.width} by ${box.height} pixels at ${box.left}, ${box.top}`;
      this.announce(`${box.label}, box ${boxes.indexOf(box) + 1} of ${boxes.length}, ${place}`);
    }
    this.#show();
  }

  // Looks.

  toggleHide() {
    this.#hidden = !this.#hidden;
    this.toolbar.press("hide", this.#hidden);
    this.announce(this.#hidden ? "Boxes hidden" : "Boxes shown");
    this.onView();
  }

  #show() {
    this.onView();
    this.renderSide();
  }

  onView() {
    if (!this.#overlay) return;
    const colour = (label) => this.colour(this.labels.indexOf(label));
    const boxes = this.#hidden
      ? []
      : this.#set.boxes.map((box) => ({ ...box, colour: colour(box.label) }));
    const drawn = this.#drag?.drawn && { ...this.#drag.drawn, colour: this.colour(this.current) };
    const selected = boxes.find((box) => box.id === this.#set.selected?.id);
    this.#overlay.draw(boxes, { selected, drawn, touch: this.#touch });
  }

  renderSide() {
    this.toolbar.enable("delete", this.#set.selected !== null);
    this.showSide(
      el("h2", { textContent: "Labels" }),
      ...this.labelButtons(),
      ...makeBoxList(this.#set.boxes, this.#set.selected, {
        swatch: (label) => this.swatch(this.labels.indexOf(label)),
        select: (box) => this.#select(box),
      }),
    );
  }
}
