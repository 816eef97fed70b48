// <crowd-bounding-box>: boxes around the objects of a picture.
// Contract: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-crowd-bounding-box.html

import { Annotator } from "./annotator.js";
import { BoxOverlay } from "./box-overlay.js";
import { BoxDrag, cursorFor, intentAt } from "./box-drag.js";
import { makeBoxList } from "./box-list.js";
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
  #boxes = [];
  #selected = null;
  #drag = null;
  #overlay = null;
  #hidden = false;
  #touch = false;
  #nextId = 1;

  get empty() {
    return this.#boxes.length === 0;
  }

  get value() {
    if (!this.imageWidth) return null;
    const value = {
      boundingBoxes: this.#boxes.map(({ height, label, left, top, width }) => ({
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

  setup(proposals) {
    this.#overlay ??= new BoxOverlay(this.parts.stage, this.viewport);
    // AWS's own element draws on a canvas of this name; templates lay pictures over the place where it lies.
    this.parts.layer.append(el("canvas", { className: "upper-canvas", width: 1, height: 1 }));
    if (proposals === null) return;
    if (!Array.isArray(proposals)) throw new Error("a list of boxes is expected");
    const boxes = proposals.map((proposal) => this.#proposed(proposal));
    this.#boxes = boxes.filter((box) => box);
    const unusable = boxes.length - this.#boxes.length;
    if (unusable) {
      this.say(
        `${unusable} of ${boxes.length} proposed boxes cannot be used: an unknown label, or outside the image.`,
      );
    }
  }

  #proposed(proposal) {
    const [left, top, width, height] = ["left", "top", "width", "height"].map((side) =>
      Number(proposal?.[side]),
    );
    const box = boxBetween([left, top], [left + width, top + height], this.#image);
    if (!box || !this.labels.includes(proposal.label)) return null;
    return { id: this.#nextId++, label: proposal.label, proposed: true, ...box };
  }

  get #image() {
    return { width: this.imageWidth, height: this.imageHeight };
  }

  // Changes. An entry of the history is the list as it was.

  #snapshot() {
    return { boxes: this.#boxes.map((box) => ({ ...box })), selected: this.#selected?.id };
  }

  restore(entry) {
    const now = this.#snapshot();
    this.#drag = null;
    this.#boxes = entry.boxes.map((box) => ({ ...box }));
    this.#selected = this.#boxes.find((box) => box.id === entry.selected) ?? null;
    this.#show();
    return now;
  }

  /** `change` may return false for nothing that changed. */
  #change(change) {
    const before = this.#snapshot();
    if (change() !== false) this.commit(before);
    this.#reveal();
    this.#show();
  }

  /** What changes must be seen. */
  #reveal() {
    if (this.#hidden) this.toggleHide();
  }

  /** Whether it could be added: without a label there is nothing to call it. */
  #add(box) {
    const label = box.label ?? this.labels[this.current];
    if (label === undefined) {
      this.say("There is no label to draw with.");
      return false;
    }
    this.#selected = { ...box, id: this.#nextId++, label, proposed: false };
    this.#boxes.push(this.#selected);
    this.announce(`${label} added, ${this.#boxes.length} in all`);
    return true;
  }

  #place(box, place) {
    Object.assign(box, place, { proposed: false });
  }

  deleteSelected() {
    if (!this.#selected || this.#drag) return;
    this.#change(() => {
      this.#boxes = this.#boxes.filter((box) => box !== this.#selected);
      this.announce(`${this.#selected.label} deleted, ${this.#boxes.length} left`);
      this.#selected = null;
    });
  }

  relabelSelected(index) {
    const label = this.labels[index];
    if (!this.#selected || this.#drag || this.#selected.label === label) return;
    this.#change(() => this.#place(this.#selected, { label }));
  }

  saveState() {
    return { boxes: this.#snapshot().boxes };
  }

  loadState(state) {
    const boxes = (state?.boxes ?? []).map((box) => ({
      ...this.#proposed(box),
      proposed: box.proposed === true,
    }));
    this.#boxes = boxes.filter((box) => box.id);
    this.#selected = null;
    this.#show();
  }

  // Pointer.

  #intent(event, point) {
    return intentAt(event, point, {
      boxes: this.#boxes,
      selected: this.#hidden ? null : this.#selected,
      viewport: this.viewport,
      stage: this.parts.stage,
    });
  }

  down(event, point) {
    this.#touch = isCoarse(event);
    this.#drag = new BoxDrag(this.#intent(event, point), {
      event,
      from: point,
      selected: this.#selected,
      before: this.#snapshot(),
      image: this.#image,
    });
  }

  move(event, point) {
    if (!this.#drag) return;
    const place = this.#drag.follow(event, point);
    if (place) this.#place(this.#selected, place);
    if (!this.#drag.hasMoved) return;
    this.#overlay.drawCross(this.viewport.clamp(point));
    this.onView();
  }

  up(_event, point, cancelled) {
    const drag = this.#drag;
    this.#drag = null;
    if (!drag) return;
    if (cancelled) this.restore(drag.before);
    else if (!drag.hasMoved) this.#select(this.#hidden ? null : smallestAt(this.#boxes, point));
    else {
      if (drag.kind !== "draw") this.commit(drag.before);
      else if (isLargeEnough(drag.drawn) && this.#add(drag.drawn)) this.commit(drag.before);
      this.#reveal();
      this.#show();
    }
  }

  hover(event, point) {
    this.#overlay.drawCross(point && this.viewport.clamp(point));
    if (event) this.parts.stage.style.cursor = cursorFor(this.#intent(event, point));
  }

  // Keys.

  onKey(event, modified) {
    if (this.#drag && event.key !== "Escape") return indexOfKey(event.key) === null;
    const box = this.#selected;
    if (modified) return event.key.toLowerCase() === "d" && box !== null && this.#duplicate(box);
    if (ARROWS[event.key]) return box !== null && this.#nudge(box, ARROWS[event.key], event);
    if (event.altKey) return false;
    switch (event.key) {
      case "Escape":
        return this.#leave();
      case "Enter":
        return this.#addInTheMiddle();
      case "[":
        return this.#selectNext(-1);
      case "]":
        return this.#selectNext(1);
      case "g":
      case "G":
        if (box) this.viewport.focusOn(box);
        return box !== null;
      default:
        return false;
    }
  }

  #nudge(box, [right, down], { altKey, shiftKey }) {
    const step = shiftKey && !altKey ? 10 : 1;
    const place = altKey
      ? stretched(box, right, down, shiftKey, this.#image)
      : moved(box, right * step, down * step, this.#image);
    const same = Object.entries(place).every(([side, pixels]) => box[side] === pixels);
    if (!same) this.#change(() => this.#place(box, place));
    return true;
  }

  #duplicate(box) {
    this.#change(() => this.#add({ ...box, ...moved(box, 10, 10, this.#image) }));
    return true;
  }

  #leave() {
    if (!this.#drag) this.#select(null);
    else {
      this.restore(this.#drag.before);
      this.#drag = null;
    }
    return true;
  }

  #addInTheMiddle() {
    const { x, y, width, height } = this.viewport.view;
    const half = Math.max(1, Math.min(width, height) / 8);
    const box = boxBetween([x - half, y - half], [x + half, y + half], this.#image);
    if (box) this.#change(() => this.#add(box));
    return true;
  }

  #selectNext(step) {
    const count = this.#boxes.length;
    if (!count) return false;
    const at = this.#boxes.indexOf(this.#selected);
    this.#select(this.#boxes[at < 0 ? (step > 0 ? 0 : count - 1) : (at + step + count) % count]);
    return true;
  }

  #select(box) {
    this.#selected = box;
    if (box) {
      this.current = Math.max(0, this.labels.indexOf(box.label));
      const place = `${box.width} by ${box.height} pixels at ${box.left}, ${box.top}`;
      this.announce(
        `${box.label}, box ${this.#boxes.indexOf(box) + 1} of ${this.#boxes.length}, ${place}`,
      );
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
      : this.#boxes.map((box) => ({ ...box, colour: colour(box.label) }));
    const drawn = this.#drag?.drawn && { ...this.#drag.drawn, colour: this.colour(this.current) };
    const selected = boxes.find((box) => box.id === this.#selected?.id);
    this.#overlay.draw(boxes, { selected, drawn, touch: this.#touch });
  }

  renderSide() {
    this.toolbar.enable("delete", this.#selected !== null);
    this.showSide(
      el("h2", { textContent: "Labels" }),
      ...this.labelButtons(),
      ...makeBoxList(this.#boxes, this.#selected, {
        swatch: (label) => this.swatch(this.labels.indexOf(label)),
        select: (box) => this.#select(box),
      }),
    );
  }
}

function isLargeEnough(drawn) {
  return drawn !== null && drawn.width >= SMALLEST_DRAWN && drawn.height >= SMALLEST_DRAWN;
}
