// The mask as numbers: one byte a pixel, 0 = unlabeled, i + 1 = label i. No DOM.
//
// Undo must not copy a 12-megapixel mask for each stroke: an edit keeps the former bytes of only
// those tiles that it touches, and once it ends they are packed.

import { pack, unpack } from "./runs.js";

export const TILE = 128;
export const MOST_LABELS = 255;

/**
 * What an edit writes: `label` everywhere, or, if `own` is given, only on unlabeled pixels and on
 * `own`'s.
 */
export const ink = (label, own = null) => ({ label, own });

export class MaskRaster {
  #before = null; // tile number -> its bytes before the open edit
  #dirty = null;

  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.pixels = new Uint8Array(width * height);
    /** Pixels of each value; counts[0] are the unlabeled ones. Up to date between edits. */
    this.counts = new Uint32Array(MOST_LABELS + 1);
    this.counts[0] = width * height;
    this.columns = Math.ceil(width / TILE);
    this.rows = Math.ceil(height / TILE);
  }

  get empty() {
    return this.counts[0] === this.pixels.length;
  }

  get editing() {
    return this.#before !== null;
  }

  /** The value at a pixel, or null outside the image. */
  at(x, y) {
    const inside = x >= 0 && y >= 0 && x < this.width && y < this.height;
    return inside ? this.pixels[y * this.width + x] : null;
  }

  // ---- editing: begin, paint spans, then end (or cancel)

  begin() {
    if (this.#before) throw new Error("an edit of the mask is open already");
    this.#before = new Map();
  }

  /** Writes the pixels from x0 up to and without x1 of row y, as far as they lie in the image. */
  paint(y, x0, x1, { label, own }) {
    const from = Math.max(0, x0);
    const to = Math.min(this.width, x1);
    if (y < 0 || y >= this.height || from >= to) return;
    this.#keepTiles(y, from, to);
    const start = y * this.width + from;
    const end = y * this.width + to;
    if (own === null) {
      this.pixels.fill(label, start, end);
    } else {
      for (let i = start; i < end; i++) {
        const now = this.pixels[i];
        if (now === 0 || now === own) this.pixels[i] = label;
      }
    }
    this.#soil(from, y, to, y + 1);
  }

  /** Ends the edit. Returns the patch that undoes it, or null if it changed no pixel. */
  end() {
    const before = this.#before;
    this.#before = null;
    return this.#patch(before);
  }

  /** Ends the edit and puts everything back. */
  cancel() {
    for (const [number, bytes] of this.#before) this.#writeTile(number, bytes);
    this.#before = null;
  }

  /** Applies a patch and returns its inverse. */
  apply(patch) {
    const before = new Map();
    for (const [number, packed] of patch.tiles) {
      before.set(number, this.#readTile(number));
      const { width, height } = this.#tile(number);
      this.#writeTile(number, unpack(packed, width * height));
    }
    return this.#patch(before) ?? { tiles: [], bytes: 0 };
  }

  /** Replaces the whole mask; not an edit that can be undone. */
  load(pixels) {
    if (pixels.length !== this.pixels.length) {
      const expected = `${this.width} x ${this.height}`;
      throw new RangeError(`a mask of ${expected} pixels cannot have ${pixels.length} of them`);
    }
    this.pixels.set(pixels);
    this.counts.fill(0);
    for (const value of this.pixels) this.counts[value]++;
    this.#soil(0, 0, this.width, this.height);
  }

  // ---- what must be shown again

  /** The rectangle {left, top, right, bottom} changed since the last call, or null. */
  takeDirty() {
    const dirty = this.#dirty;
    this.#dirty = null;
    return dirty;
  }

  #soil(left, top, right, bottom) {
    const dirty = this.#dirty;
    if (!dirty) {
      this.#dirty = { left, top, right, bottom };
      return;
    }
    dirty.left = Math.min(dirty.left, left);
    dirty.top = Math.min(dirty.top, top);
    dirty.right = Math.max(dirty.right, right);
    dirty.bottom = Math.max(dirty.bottom, bottom);
  }

  // ---- tiles

  #tile(number) {
    const left = (number % this.columns) * TILE;
    const top = Math.floor(number / this.columns) * TILE;
    return {
      left,
      top,
      width: Math.min(TILE, this.width - left),
      height: Math.min(TILE, this.height - top),
    };
  }

  #readTile(number) {
    const { left, top, width, height } = this.#tile(number);
    const bytes = new Uint8Array(width * height);
    for (let row = 0; row < height; row++) {
      const start = (top + row) * this.width + left;
      bytes.set(this.pixels.subarray(start, start + width), row * width);
    }
    return bytes;
  }

  #writeTile(number, bytes) {
    const { left, top, width, height } = this.#tile(number);
    for (let row = 0; row < height; row++) {
      this.pixels.set(
        bytes.subarray(row * width, (row + 1) * width),
        (top + row) * this.width + left,
      );
    }
    this.#soil(left, top, left + width, top + height);
  }

  #keepTiles(y, from, to) {
    const first = Math.floor(y / TILE) * this.columns;
    for (let column = Math.floor(from / TILE); column * TILE < to; column++) {
      const number = first + column;
      if (!this.#before.has(number)) this.#before.set(number, this.#readTile(number));
    }
  }

  #patch(before) {
    const tiles = [];
    let bytes = 0;
    for (const [number, old] of before) {
      if (!this.#account(old, this.#readTile(number))) continue;
      const packed = pack(old);
      bytes += packed.length;
      tiles.push([number, packed]);
    }
    return tiles.length ? { tiles, bytes } : null;
  }

  /** Corrects the counts by what changed in a tile; whether anything did. */
  #account(old, now) {
    let changed = false;
    for (let i = 0; i < old.length; i++) {
      if (old[i] === now[i]) continue;
      changed = true;
      this.counts[old[i]]--;
      this.counts[now[i]]++;
    }
    return changed;
  }
}
