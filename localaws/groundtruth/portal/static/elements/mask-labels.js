// Which byte of the raster is which label, and which colour a label has. Pure logic, no DOM.
//
// A label keeps its byte whatever becomes of the list: templates may set `labels` late or again,
// and a proposal may have labels that the task does not know. So nothing that was drawn ever
// changes its meaning.

import { MOST_LABELS } from "./mask-raster.js";
import { labelColour, rgb } from "./palette.js";

/** What Ground Truth's consolidated masks show where there is no label. */
export const BACKGROUND = "#ffffff";
const TOLERANCE = 6; // a channel may be off by so much: some browsers add noise to what they show

export class MaskLabels {
  #names = []; // name of the value i + 1
  #labels = []; // the task's
  #proposed = {};
  #colours = new Map();

  /** The labels of the task. Throws RangeError when a raster cannot hold so many. */
  set labels(labels) {
    labels.forEach((name) => this.valueOf(name));
    this.#labels = labels;
    this.#chooseColours();
  }

  /** The colours that a proposal gives to labels: {label: {color: "#rrggbb"}}. */
  set proposed(mappings) {
    this.#proposed = mappings;
    this.#chooseColours();
  }

  get names() {
    return [...this.#names];
  }

  /** The raster's value of a label. */
  valueOf(name) {
    if (!this.#names.includes(name)) {
      if (this.#names.length === MOST_LABELS) {
        throw new RangeError(`a mask can have at most ${MOST_LABELS} labels`);
      }
      this.#names.push(name);
    }
    return this.#names.indexOf(name) + 1;
  }

  /** "#rrggbb"; for a label that the task does not have, as proposed or grey. */
  colourOf(name) {
    return this.#colours.get(name) ?? mappedColour(this.#proposed, name) ?? labelColour(-1);
  }

  /** The colours of the values 1, 2, and so on. */
  get colours() {
    return this.#names.map((name) => this.colourOf(name));
  }

  /** Labels that were drawn: `counts` are the raster's. */
  used(counts) {
    return this.#names.filter((_, i) => counts[i + 1] > 0);
  }

  /** Labels that were drawn and are not among the task's. */
  foreign(counts) {
    return this.used(counts).filter((name) => !this.#labels.includes(name));
  }

  /**
   * One colour for each label of the task: the proposed one, otherwise the next of the palette that
   * no other label has. No label gets the background's white.
   */
  #chooseColours() {
    const taken = new Set([BACKGROUND]);
    this.#colours.clear();
    for (const name of this.#labels) {
      const colour = mappedColour(this.#proposed, name);
      if (colour === null || taken.has(colour)) continue;
      taken.add(colour);
      this.#colours.set(name, colour);
    }
    this.#labels.forEach((name, i) => {
      if (this.#colours.has(name)) return;
      let next = i;
      while (taken.has(labelColour(next))) next++;
      taken.add(labelColour(next));
      this.#colours.set(name, labelColour(next));
    });
  }
}

/**
 * The colour of a label in {label: {color}} in lower case, or null if there is none that can be
 * read.
 */
export function mappedColour(mappings, name) {
  if (!Object.hasOwn(mappings, name)) return null;
  const colour = String(mappings[name]?.color).toLowerCase();
  return /^#[0-9a-f]{6}$/.test(colour) ? colour : null;
}

/** Reads RGBA pixels as bytes of a raster, by [value, "#rrggbb"] pairs. */
export class ColourReader {
  #known = new Map(); // 24-bit colour -> value
  #colours;

  /** How many pixels are neither transparent nor white nor of a label's colour. */
  unknown = 0;

  constructor(pairs) {
    this.#colours = pairs.map(([value, colour]) => [value, rgb(colour)]);
  }

  /** Writes one byte for each pixel of `data` into `target` from `at` on. */
  read(data, target, at) {
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] < 128) continue;
      const key = (data[i] << 16) | (data[i + 1] << 8) | data[i + 2];
      let value = this.#known.get(key);
      if (value === undefined) {
        value = this.#nearest(data[i], data[i + 1], data[i + 2]);
        this.#known.set(key, value);
      }
      target[at + i / 4] = value;
      if (!value && key !== 0xffffff) this.unknown++;
    }
  }

  #nearest(...seen) {
    let best = 0;
    let least = TOLERANCE + 1;
    for (const [value, colour] of this.#colours) {
      const off = Math.max(...seen.map((channel, i) => Math.abs(channel - colour[i])));
      if (off < least) [best, least] = [value, off];
    }
    return best;
  }
}
