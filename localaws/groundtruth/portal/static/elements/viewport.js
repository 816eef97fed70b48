// How the picture lies in the stage. Image pixels are the coordinate system of every annotation;
// `scale` is CSS pixels per image pixel, (x, y) the place of the image's top left corner in the
// stage.

const MARGIN = 16; // CSS pixels around a fitted picture
const KEEP = 40; // CSS pixels of the picture that always stay in sight
const SMALLEST = 0.02;
const LARGEST = 40;
const CRISP = 3; // from this scale on, pixels are shown as squares

export class Viewport {
  scale = 1;
  x = 0;
  y = 0;
  #stage;
  #layer;
  #onChange;
  #width = 1;
  #height = 1;
  #fitted = true;

  /** `layer` holds the picture and lies in `stage`; `onChange` is called after every movement. */
  constructor(stage, layer, onChange) {
    this.#stage = stage;
    this.#layer = layer;
    this.#onChange = onChange;
    new ResizeObserver(() => (this.#fitted ? this.fit() : this.#apply())).observe(stage);
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  setSize(width, height) {
    this.#width = width;
    this.#height = height;
    this.fit();
  }

  fit() {
    const { clientWidth, clientHeight } = this.#stage;
    if (!clientWidth || !clientHeight) return;
    const scale = Math.min(
      (clientWidth - 2 * MARGIN) / this.#width,
      (clientHeight - 2 * MARGIN) / this.#height,
    );
    this.#place(Math.max(SMALLEST, scale), this.#width / 2, this.#height / 2);
    this.#fitted = true;
  }

  /** Zoom so that the point (left, top) of the stage keeps its place; its middle unless given. */
  zoom(factor, left = this.#stage.clientWidth / 2, top = this.#stage.clientHeight / 2) {
    const scale = Math.min(LARGEST, Math.max(SMALLEST, this.scale * factor));
    this.x = left - ((left - this.x) * scale) / this.scale;
    this.y = top - ((top - this.y) * scale) / this.scale;
    this.scale = scale;
    this.#fitted = false;
    this.#apply();
  }

  /** Show a box {left, top, width, height} of the image in the middle, at half the stage's size. */
  focusOn(box) {
    const { clientWidth, clientHeight } = this.#stage;
    const scale =
      Math.min(clientWidth / Math.max(box.width, 1), clientHeight / Math.max(box.height, 1)) / 2;
    this.#place(
      Math.min(LARGEST / 2, Math.max(SMALLEST, scale)),
      box.left + box.width / 2,
      box.top + box.height / 2,
    );
    this.#fitted = false;
  }

  pan(right, down) {
    this.x += right;
    this.y += down;
    this.#fitted = false;
    this.#apply();
  }

  /** [x, y] of a pointer event in image pixels; outside the image too. */
  toImage(event) {
    const stage = this.#stage.getBoundingClientRect();
    return [
      (event.clientX - stage.left - this.x) / this.scale,
      (event.clientY - stage.top - this.y) / this.scale,
    ];
  }

  /** A box of the image in stage pixels. */
  toStage(box) {
    return {
      left: this.x + box.left * this.scale,
      top: this.y + box.top * this.scale,
      width: box.width * this.scale,
      height: box.height * this.scale,
    };
  }

  /**
   * The point of the image that lies in the middle of the stage, and the stage's size in image
   * pixels.
   */
  get view() {
    const { clientWidth, clientHeight } = this.#stage;
    return {
      x: (clientWidth / 2 - this.x) / this.scale,
      y: (clientHeight / 2 - this.y) / this.scale,
      width: clientWidth / this.scale,
      height: clientHeight / this.scale,
    };
  }

  clamp([x, y]) {
    return [Math.min(this.#width, Math.max(0, x)), Math.min(this.#height, Math.max(0, y))];
  }

  #place(scale, centreX, centreY) {
    this.scale = scale;
    this.x = this.#stage.clientWidth / 2 - centreX * scale;
    this.y = this.#stage.clientHeight / 2 - centreY * scale;
    this.#apply();
  }

  #wheel(event) {
    event.preventDefault();
    const stage = this.#stage.getBoundingClientRect();
    if (event.shiftKey) return this.pan(-(event.deltaX || event.deltaY), 0);
    const step = event.deltaMode ? 0.06 : 0.002; // lines or pixels
    return this.zoom(
      Math.exp(-event.deltaY * step),
      event.clientX - stage.left,
      event.clientY - stage.top,
    );
  }

  #apply() {
    const { clientWidth, clientHeight } = this.#stage;
    this.x = Math.min(clientWidth - KEEP, Math.max(KEEP - this.#width * this.scale, this.x));
    this.y = Math.min(clientHeight - KEEP, Math.max(KEEP - this.#height * this.scale, this.y));
    this.#layer.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.scale})`;
    this.#layer.classList.toggle("crisp", this.scale >= CRISP);
    this.#onChange();
  }
}
