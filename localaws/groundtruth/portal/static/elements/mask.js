// One image's mask: raster and labels together, as a proposal, an answer and a draft know it.

import { MaskLabels } from "./mask-labels.js";
import { readProposal } from "./mask-proposal.js";
import { MaskRaster } from "./mask-raster.js";
import { deflated, encodeMask, fromBase64, inflated, toBase64 } from "./png.js";

export class Mask {
  labels = new MaskLabels();

  constructor(width, height) {
    this.raster = new MaskRaster(width, height);
  }

  /** What part of the image has the label, from 0 to 1. */
  share(label) {
    return this.raster.counts[this.labels.valueOf(label)] / this.raster.pixels.length;
  }

  /**
   * Takes over {src, labelMappings}; returns {pixels, unknown} of mask-proposal.js. Throws what it
   * throws.
   */
  async propose(proposal) {
    const { width, height } = this.raster;
    const read = await readProposal(proposal, width, height, this.labels);
    this.raster.load(read.pixels);
    return read;
  }

  /** The answer but for labeledImage. */
  get answer() {
    const { width, height, counts } = this.raster;
    const colours = this.labels
      .used(counts)
      .map((label) => [label, { color: this.labels.colourOf(label) }]);
    return { inputImageProperties: { height, width }, labelMappings: Object.fromEntries(colours) };
  }

  /** {pngImageData}: the mask as a PNG in the colours of the answer, in base64. */
  async labeledImage() {
    const { pixels, width, height } = this.raster;
    return {
      pngImageData: await toBase64(await encodeMask(pixels, width, height, this.labels.colours)),
    };
  }

  /** The mask as JSON for a draft: {names, pixels}; names[i] is the label of the value i + 1. */
  async save() {
    const { names } = this.labels;
    const copy = this.raster.pixels.slice(); // the worker goes on while it is compressed
    return { names, pixels: await toBase64(await deflated([copy])) };
  }

  /** Takes over what save() returned, also when the labels have another order by now. */
  async load({ names, pixels }) {
    const saved = await inflated(fromBase64(pixels));
    const values = [0, ...names.map((name) => this.labels.valueOf(name))];
    this.raster.load(saved.map((value) => values[value] ?? 0));
  }
}
