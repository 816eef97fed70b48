// Labels of an earlier job, drawn over a picture for people to judge: the attribute `overlay` of
// <crowd-image-classifier>. Every kind has draw(), `hidden` and `legend`, a list of {label,
// colour}.

import { BoxOverlay } from "./box-overlay.js";
import { boxBetween } from "./boxes.js";
import { el } from "./dom.js";
import { labelColour, rgb } from "./palette.js";
import { loadPicture } from "./picture.js";

/**
 * Reads {boundingBox: {labels, value}} or {semanticSegmentation: {labels, labelMappings, src}}.
 * Rejects.
 */
export async function readOverlay(description, stage, viewport, size) {
  if (description?.boundingBox) return new Boxes(description.boundingBox, stage, viewport, size);
  if (description?.semanticSegmentation) {
    const mask = new Mask(description.semanticSegmentation, stage);
    await mask.load(size);
    return mask;
  }
  const kinds = Object.keys(description ?? {}).join(", ") || "nothing";
  throw new Error(`boundingBox or semanticSegmentation is expected, found ${kinds}`);
}

class Boxes {
  #overlay;
  #boxes;
  #hidden = false;

  constructor({ labels = [], value = [] }, { stage }, viewport, size) {
    const names = [...new Set([...labels, ...value.map((box) => box.label)])].map(String);
    this.#overlay = new BoxOverlay(stage, viewport);
    this.#boxes = value.flatMap((given) => {
      const [left, top] = [Number(given.left), Number(given.top)];
      const end = [left + Number(given.width), top + Number(given.height)];
      const box = boxBetween([left, top], end, size);
      const label = String(given.label);
      return box ? [{ ...box, label, colour: labelColour(names.indexOf(label)) }] : [];
    });
    const used = new Set(this.#boxes.map((box) => box.label));
    this.legend = names
      .map((label, index) => ({ label, colour: labelColour(index) }))
      .filter(({ label }) => used.has(label));
  }

  get hidden() {
    return this.#hidden;
  }

  set hidden(hidden) {
    this.#hidden = hidden;
    this.draw();
  }

  draw() {
    this.#overlay.draw(this.#hidden ? [] : this.#boxes, {});
  }
}

class Mask {
  #canvas = el("canvas", { className: "mask" });
  #address;

  constructor({ labelMappings = {}, src }, { layer }) {
    this.#address = src;
    this.legend = Object.entries(labelMappings).map(([label, mapping]) => ({
      label,
      colour: readColour(mapping?.color),
    }));
    layer.append(this.#canvas);
  }

  /**
   * Only the pixels in the labels' colours are shown: the background of a mask may be white, or
   * nothing.
   */
  async load({ width, height }) {
    const image = el("img", { className: "unseen-mask", alt: "" });
    this.#canvas.after(image);
    const size = await loadPicture(image, this.#address);
    if (size.width !== width || size.height !== height) {
      throw new Error(
        `the mask has ${size.width} x ${size.height} pixels, the image ${width} x ${height}`,
      );
    }
    Object.assign(this.#canvas, size);
    const context = this.#canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    image.remove();
    const pixels = context.getImageData(0, 0, width, height);
    keepColours(
      pixels.data,
      this.legend.map(({ colour }) => rgb(colour)),
    );
    context.putImageData(pixels, 0, 0);
  }

  get hidden() {
    return this.#canvas.hidden;
  }

  set hidden(hidden) {
    this.#canvas.hidden = hidden;
  }

  draw() {}
}

function readColour(text) {
  const colour = String(text).toLowerCase();
  if (!/^#[0-9a-f]{6}$/.test(colour))
    throw new Error(`#rrggbb is expected as a colour, not ${text}`);
  return colour;
}

function keepColours(data, colours) {
  const kept = new Set(colours.map(([red, green, blue]) => (red << 16) | (green << 8) | blue));
  for (let at = 0; at < data.length; at += 4) {
    if (!kept.has((data[at] << 16) | (data[at + 1] << 8) | data[at + 2])) data[at + 3] = 0;
  }
}
