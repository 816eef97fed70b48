// Shows a mask over its image: a canvas as large as the stage, not as the image, painted from the
// raster once an animation frame, and only where the mask has changed. So a large image costs no
// more than a small one, and a pixel of the mask is always shown as one sharp square.

import { rgb } from "./palette.js";

const HATCH = 10; // width in device pixels of one stripe and its gap
const FAINT = 70; // opacity of the gaps, of 255

export class MaskOverlay {
  canvas = document.createElement("canvas");
  /** How much has been painted so far, for tests and benchmarks: frames, and device pixels. */
  work = { frames: 0, pixels: 0 };

  #context = this.canvas.getContext("2d");
  #image = null;
  #columns = null; // image column of each canvas column, -1 outside
  #view = null;
  #everything = true;
  #frame = 0;
  #solid = new Uint32Array(256);
  #faint = new Uint32Array(256);
  #proposal = null;

  /**
   * `view` returns {x, y, scale, width, height}: the image's place on the stage and the stage's
   * size, in CSS px.
   */
  constructor(raster, view) {
    this.raster = raster;
    this.view = view;
  }

  /** The labels' colours, such as "#1f77b4". */
  set colours(colours) {
    const bytes = new Uint8Array(this.#solid.buffer);
    const faintBytes = new Uint8Array(this.#faint.buffer);
    colours.forEach((colour, i) => {
      bytes.set([...rgb(colour), 255], 4 * (i + 1));
      faintBytes.set([...rgb(colour), FAINT], 4 * (i + 1));
    });
    this.repaint();
  }

  /** Label bytes that were proposed: where the mask still is as proposed, it is hatched. */
  set proposal(pixels) {
    this.#proposal = pixels;
    this.repaint();
  }

  /** Paints everything in the next frame: the view or the colours have changed. */
  repaint() {
    this.#everything = true;
    this.update();
  }

  /** Paints in the next frame what has changed in the raster. */
  update() {
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.#paint());
  }

  #paint() {
    this.#frame = 0;
    const dirty = this.raster.takeDirty();
    if (this.#everything) this.#adoptView();
    else if (!dirty) return;
    if (!this.#image) return; // the stage is not laid out yet
    const area = this.#everything ? this.#whole() : this.#onCanvas(dirty);
    this.#everything = false;
    const width = area.right - area.left;
    const height = area.bottom - area.top;
    if (width <= 0 || height <= 0) return;
    this.#fill(area);
    this.#context.putImageData(this.#image, 0, 0, area.left, area.top, width, height);
    this.work.frames++;
    this.work.pixels += width * height;
  }

  #adoptView() {
    const { x, y, scale, width, height } = this.view();
    const ratio = devicePixelRatio;
    this.#view = { x: x * ratio, y: y * ratio, scale: scale * ratio };
    const across = Math.round(width * ratio);
    const down = Math.round(height * ratio);
    if (!across || !down) {
      this.#image = null;
      return;
    }
    if (this.#image?.width !== across || this.#image?.height !== down) {
      this.canvas.width = across;
      this.canvas.height = down;
      this.#image = this.#context.createImageData(across, down);
      this.#columns = new Int32Array(across);
    }
    for (let i = 0; i < across; i++) {
      const column = Math.floor((i + 0.5 - this.#view.x) / this.#view.scale);
      this.#columns[i] = column >= 0 && column < this.raster.width ? column : -1;
    }
  }

  #whole() {
    return { left: 0, top: 0, right: this.#image.width, bottom: this.#image.height };
  }

  #onCanvas({ left, top, right, bottom }) {
    const { x, y, scale } = this.#view;
    const { width, height } = this.#image;
    return {
      left: Math.max(0, Math.floor(x + left * scale)),
      top: Math.max(0, Math.floor(y + top * scale)),
      right: Math.min(width, Math.ceil(x + right * scale)),
      bottom: Math.min(height, Math.ceil(y + bottom * scale)),
    };
  }

  #fill({ left, top, right, bottom }) {
    const target = new Uint32Array(this.#image.data.buffer);
    const across = this.#image.width;
    const { pixels, width, height } = this.raster;
    const columns = this.#columns;
    for (let y = top; y < bottom; y++) {
      const row = Math.floor((y + 0.5 - this.#view.y) / this.#view.scale);
      const start = y * across;
      if (row < 0 || row >= height) {
        target.fill(0, start + left, start + right);
        continue;
      }
      const source = row * width;
      for (let x = left; x < right; x++) {
        const column = columns[x];
        const value = column < 0 ? 0 : pixels[source + column];
        target[start + x] =
          value && this.#isGap(x + y, source + column, value)
            ? this.#faint[value]
            : this.#solid[value];
      }
    }
  }

  #isGap(diagonal, index, value) {
    return (
      this.#proposal !== null && this.#proposal[index] === value && diagonal % HATCH >= HATCH / 2
    );
  }
}
