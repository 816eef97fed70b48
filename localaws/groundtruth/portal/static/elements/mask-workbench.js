// What the worker does on the stage: the tool at hand, the cursor that the pointer or the arrow
// keys move, and the marks that show both.

import { bringIntoSight, stepped } from "./mask-cursor.js";
import { paintRegion } from "./mask-drawing.js";
import { brushRing, crosshair, polygonOutline } from "./mask-outlines.js";
import { ink } from "./mask-raster.js";
import { Brush, Fill, Polygon } from "./mask-tools.js";
import { svg } from "./dom.js";

const SIZE = 12; // pixels of the image

export class Workbench {
  size = SIZE;
  keepsOthers = false;
  marks = svg("svg", { class: "overlay", "aria-hidden": "true" });
  tool = "brush";
  #mask;
  #viewport;
  #stage;
  #host;
  #tools;
  #cursor = null; // [x, y] in image pixels
  #byKeys = false; // whether the keyboard moved it there
  #held = false; // whether Space is down, as the keyboard's button

  /**
   * `host` has label (the name chosen, or undefined), commit(patch), changed(), say(text),
   * announce(text) and locked.
   */
  constructor(mask, viewport, stage, host) {
    this.#mask = mask;
    this.#viewport = viewport;
    this.#stage = stage;
    this.#host = host;
    this.#tools = {
      brush: new Brush(this, () => this.ink),
      eraser: new Brush(this, () => this.#erasingInk),
      polygon: new Polygon(this),
      fill: new Fill(this),
    };
    stage.addEventListener("keydown", (event) => this.#spaceDown(event));
    stage.addEventListener("keyup", (event) => this.#spaceUp(event));
    stage.addEventListener("blur", () => this.#letGo());
  }

  // ---- what the tools work on

  get raster() {
    return this.#mask.raster;
  }

  get ink() {
    const chosen = this.#mask.labels.valueOf(this.#host.label);
    return ink(chosen, this.keepsOthers ? chosen : null);
  }

  get #erasingInk() {
    return ink(0, this.keepsOthers ? this.ink.label : null);
  }

  commit() {
    const patch = this.raster.end();
    this.changed();
    if (patch) this.#host.commit(patch);
  }

  changed() {
    this.#host.changed();
    this.draw();
  }

  say(message) {
    this.#host.say(message);
  }

  // ---- tools

  get #inHand() {
    return this.#tools[this.tool];
  }

  get polygon() {
    return this.#tools.polygon;
  }

  /** Whether a stroke is being painted: nothing else may change the mask now. */
  get busy() {
    return this.raster.editing;
  }

  press(point) {
    if (this.busy) return;
    if (this.#host.label === undefined) this.say("The task has no labels to paint with.");
    else this.#inHand.press(point);
  }

  /** The pointer has moved over these points, the last of them is where it is now. */
  drag(points) {
    for (const point of points) this.#inHand.drag(point);
    this.pointAt(points.at(-1));
  }

  /** `reach` is how near, in image pixels, a polygon's first corner has to be to be meant. */
  release(point = this.#cursor, reach = 0) {
    if (this.#host.label !== undefined) this.#inHand.release(point, reach);
  }

  cancel() {
    this.#inHand.cancel();
  }

  /** Takes the label off the region at the cursor. */
  eraseRegion() {
    if (!this.#cursor || this.busy || this.#host.label === undefined) return;
    const [x, y] = this.#cursor.map(Math.floor);
    this.raster.begin();
    paintRegion(this.raster, x, y, this.#erasingInk);
    this.commit();
  }

  // ---- cursor

  /** `point` is null when the pointer has left. */
  pointAt(point) {
    if (this.#held) return; // a mouse that is pushed must not tear a stroke of the keyboard
    this.#cursor = point;
    this.#byKeys = false;
    this.draw();
  }

  /** Keys that move the cursor, use the tool there or finish a polygon; whether it was one. */
  key(event) {
    if (this.#moveCursor(event)) return true;
    if (event.altKey || this.busy) return false;
    if (event.key === "Enter" && !this.polygon.open) return this.#useAtCursor();
    if (!this.polygon.open) return false;
    if (event.key === "Enter") this.polygon.close();
    else if (event.key === "Escape") this.polygon.abandon();
    else if (event.key === "Backspace") this.polygon.removeLast();
    else return false;
    return true;
  }

  #moveCursor(event) {
    const { view, scale } = this.#viewport;
    const from = this.#cursor ?? this.#viewport.clamp([view.x, view.y]);
    const point = stepped(event, from, this.raster, scale);
    if (!point) return false;
    this.#inHand.drag(point);
    this.#cursor = point;
    this.#byKeys = true;
    bringIntoSight(this.#viewport, this.#stage, this.#place(point));
    this.draw();
    const value = this.raster.at(...point.map(Math.floor));
    this.#host.announce(value ? this.#mask.labels.names[value - 1] : "no label");
    return true;
  }

  #useAtCursor() {
    if (!this.#byKeys) return false;
    this.press(this.#cursor);
    this.release();
    return true;
  }

  /** Space is the keyboard's button: pressed, held while the arrows move the cursor, released. */
  #spaceDown(event) {
    if (event.code !== "Space" || !this.#byKeys || this.#host.locked) return;
    event.preventDefault(); // or it would take hold of the picture
    if (this.#held) return;
    this.#held = true;
    this.press(this.#cursor);
  }

  #spaceUp(event) {
    if (event.code === "Space") this.#letGo();
  }

  #letGo() {
    if (!this.#held) return;
    this.#held = false;
    if (this.#host.locked) this.cancel();
    else this.release();
  }

  // ---- marks

  #place([x, y]) {
    const { left, top } = this.#viewport.toStage({ left: x, top: y, width: 0, height: 0 });
    return [left, top];
  }

  draw() {
    const place = (point) => this.#place(point);
    const cursor = this.#cursor;
    const brushes = this.tool === "brush" || this.tool === "eraser";
    const marks = [];
    if (this.polygon.open) {
      const next = cursor && this.tool === "polygon" ? this.#viewport.clamp(cursor) : null;
      const colour = this.#mask.labels.colourOf(this.#host.label);
      marks.push(...polygonOutline(this.polygon.corners, next, colour, place));
    }
    if (cursor && brushes) {
      const erases = this.tool === "eraser";
      marks.push(...brushRing(cursor, this.size, erases, place, this.#viewport.scale));
    }
    if (cursor && this.#byKeys) marks.push(...crosshair(cursor, place));
    this.marks.replaceChildren(...marks);
  }
}
