// One drag over the picture: it draws a box, or moves or resizes the selected one.

import { boxBetween, handleAt, moved, resized, smallestAt } from "./boxes.js";
import { isCoarse } from "./dom.js";

const CLICK = 4; // screen pixels a pointer may stray in a click
const REACH = { fine: 9, coarse: 24 }; // screen pixels around a handle
const CURSORS = {
  n: "ns",
  s: "ns",
  e: "ew",
  w: "ew",
  nw: "nwse",
  se: "nwse",
  ne: "nesw",
  sw: "nesw",
};

/**
 * What a press at `point` would do: {kind: "draw" | "move" | "resize", handle}. Inside the selected
 * box it moves, at its handles it resizes; Alt draws everywhere.
 */
export function intentAt(event, point, { boxes, selected, viewport, stage }) {
  if (!selected || event.altKey) return { kind: "draw", handle: null };
  const { left, top } = stage.getBoundingClientRect();
  const reach = isCoarse(event) ? REACH.coarse : REACH.fine;
  const box = viewport.toStage(selected);
  const handle = handleAt(box, event.clientX - left, event.clientY - top, reach);
  if (handle) return { kind: "resize", handle };
  return { kind: smallestAt(boxes, point) === selected ? "move" : "draw", handle: null };
}

export function cursorFor({ kind, handle }) {
  if (kind === "resize") return `${CURSORS[handle]}-resize`;
  return kind === "move" ? "move" : "";
}

export class BoxDrag {
  /** The box drawn so far; null when nothing is drawn. */
  drawn = null;
  /** Whether the pointer has left the place of a click. */
  hasMoved = false;
  #event;
  #from;
  #original;
  #image;

  /**
   * `before` is the history's entry from before the drag, `image` the picture's {width, height}.
   */
  constructor({ kind, handle }, { event, from, selected, before, image }) {
    Object.assign(this, { kind, handle, before });
    this.#event = event;
    this.#from = from;
    this.#original = selected && { ...selected };
    this.#image = image;
  }

  /** Follow the pointer. Returns where the selected box goes; null when it stays. */
  follow(event, point) {
    const { clientX, clientY } = this.#event;
    this.hasMoved ||= Math.hypot(event.clientX - clientX, event.clientY - clientY) >= CLICK;
    if (!this.hasMoved) return null;
    if (this.kind === "draw") {
      this.drawn = boxBetween(this.#from, point, this.#image);
      return null;
    }
    if (this.kind === "resize") return resized(this.#original, this.handle, point, this.#image);
    const [right, down] = [point[0] - this.#from[0], point[1] - this.#from[1]];
    return moved(this.#original, right, down, this.#image);
  }
}
