// The tools that change a mask. Each understands press, drag and release at a point of the image,
// whether a pointer or the keyboard gives it. They work on a board: {raster, size, ink, commit(),
// changed(), say(text)}; `ink` is what the chosen label writes, `commit()` ends the raster's edit
// and puts it into the history.

import { paintPolygon, paintRegion, paintStroke, snapBrush } from "./mask-drawing.js";

/**
 * A round brush; also the eraser, if `ink()` gives ink that removes. A press is one dab at once.
 */
export class Brush {
  #board;
  #ink;
  #last = null;

  constructor(board, ink) {
    this.#board = board;
    this.#ink = ink;
  }

  get busy() {
    return this.#last !== null;
  }

  press(point) {
    this.#board.raster.begin();
    this.#last = snapBrush(point, this.#board.size);
    this.drag(point);
  }

  drag(point) {
    if (!this.busy) return;
    const { raster, size } = this.#board;
    const next = snapBrush(point, size);
    paintStroke(raster, this.#last, next, size, this.#ink());
    this.#last = next;
    this.#board.changed();
  }

  release() {
    if (!this.busy) return;
    this.#last = null;
    this.#board.commit();
  }

  cancel() {
    if (!this.busy) return;
    this.#last = null;
    this.#board.raster.cancel();
    this.#board.changed();
  }
}

/**
 * Fills the region under the point; at the release, so that two fingers can still become a pinch.
 */
export class Fill {
  #board;

  constructor(board) {
    this.#board = board;
  }

  busy = false;

  press() {}

  drag() {}

  release([x, y]) {
    const { raster, ink } = this.#board;
    const value = raster.at(Math.floor(x), Math.floor(y));
    if (value === null) return;
    raster.begin();
    const painted = paintRegion(raster, Math.floor(x), Math.floor(y), ink);
    this.#board.commit();
    if (painted) return;
    const reason =
      value === ink.label ? "This region has the label already." : "Other labels are kept.";
    this.#board.say(reason);
  }

  cancel() {}
}

/**
 * Corners one by one; a corner on the first one closes the polygon, and so does one on the last (a
 * double click). Corners lie on the corners of pixels.
 */
export class Polygon {
  #board;
  corners = [];

  busy = false;

  constructor(board) {
    this.#board = board;
  }

  get open() {
    return this.corners.length > 0;
  }

  press() {}

  drag() {}

  /** `reach`: how near, in image pixels, a corner has to be to the first one to be taken for it. */
  release([x, y], reach = 0) {
    const { width, height } = this.#board.raster;
    const within = (value, most) => Math.min(most, Math.max(0, Math.round(value)));
    const corner = [within(x, width), within(y, height)];
    const [first, last] = [this.corners[0], this.corners.at(-1)];
    const near = (other, distance) => Math.hypot(x - other[0], y - other[1]) <= distance;
    if (this.open && (near(last, reach / 2) || isSame(corner, last))) this.#closeIfComplete();
    else if (this.corners.length > 2 && (near(first, reach) || isSame(corner, first))) this.close();
    else this.corners.push(corner);
    this.#board.changed();
  }

  cancel() {}

  removeLast() {
    this.corners.pop();
    this.#board.changed();
  }

  abandon() {
    this.corners = [];
    this.#board.changed();
  }

  close() {
    if (this.corners.length < 3) {
      this.#board.say("A polygon needs three corners. Escape cancels it.");
      return;
    }
    const { raster, ink } = this.#board;
    raster.begin();
    paintPolygon(raster, this.corners, ink);
    this.corners = [];
    this.#board.commit();
  }

  #closeIfComplete() {
    if (this.corners.length > 2) this.close();
  }
}

const isSame = (one, other) => one[0] === other[0] && one[1] === other[1];
