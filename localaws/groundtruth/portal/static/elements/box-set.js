// The boxes of a task and which one is selected; knows nothing of the page.
// A box is {id, label, proposed, left, top, width, height}; `proposed` until somebody changes it.

import { boxBetween } from "./boxes.js";

const SIDES = ["left", "top", "width", "height"];

export class BoxSet {
  boxes = [];
  selected = null;
  #nextId = 1;

  /**
   * Begin with the boxes of an earlier job. Returns how many cannot be used: outside, or of no
   * label here.
   */
  propose(proposals, labels, image) {
    if (!Array.isArray(proposals)) throw new Error("a list of boxes is expected");
    this.boxes = proposals
      .filter((proposal) => labels.includes(proposal?.label))
      .flatMap((proposal) => this.#read(proposal, image, true));
    return proposals.length - this.boxes.length;
  }

  /** Begin with the boxes of a draft. */
  load(drafted, image) {
    this.boxes = drafted.flatMap((box) => this.#read(box, image, box.proposed === true));
    this.selected = null;
  }

  /** The whole state; restore() takes it. */
  snapshot() {
    return { boxes: this.boxes.map((box) => ({ ...box })), selected: this.selected?.id };
  }

  restore({ boxes, selected }) {
    this.boxes = boxes.map((box) => ({ ...box }));
    this.selected = this.boxes.find((box) => box.id === selected) ?? null;
  }

  /** Add a box at a place and select it. */
  add(place, label) {
    this.selected = { ...place, id: this.#nextId++, label, proposed: false };
    this.boxes.push(this.selected);
  }

  /** Change the selected box: a place, or a label. Returns whether anything differs. */
  change(properties) {
    const differs = Object.entries(properties).some(
      ([name, value]) => this.selected[name] !== value,
    );
    if (differs) Object.assign(this.selected, properties, { proposed: false });
    return differs;
  }

  removeSelected() {
    this.boxes = this.boxes.filter((box) => box !== this.selected);
    this.selected = null;
  }

  /** The box `step` places after the selected one, around the end; null without boxes. */
  next(step) {
    const count = this.boxes.length;
    const at = this.boxes.indexOf(this.selected);
    if (at < 0) return this.boxes.at(step > 0 ? 0 : -1) ?? null;
    return this.boxes[(at + step + count) % count];
  }

  #read(given, image, proposed) {
    const [left, top, width, height] = SIDES.map((side) => Number(given[side]));
    const place = boxBetween([left, top], [left + width, top + height], image);
    return place ? [{ ...place, id: this.#nextId++, label: String(given.label), proposed }] : [];
  }
}
