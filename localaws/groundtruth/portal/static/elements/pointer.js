// Turns mouse, pen and touch into what a labeling element understands: down, move, up and hover
// with image coordinates; everything that moves the view stays here. The right or middle button,
// Space with the left one, and two fingers move the picture; two fingers zoom it.

export class PointerInput {
  #stage;
  #viewport;
  #tool;
  #mode = null; // null, "tool", "pan" or "pinch"
  #fingers = new Map(); // pointerId -> last event, touch only
  #last = null;

  /**
   * `tool` has down, move, up(event, point, cancelled), hover and doubleClick; hover(null) when it
   * leaves.
   */
  constructor(stage, viewport, tool) {
    this.#stage = stage;
    this.#viewport = viewport;
    this.#tool = tool;
    stage.addEventListener("pointerdown", (event) => this.#down(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    stage.addEventListener("pointerup", (event) => this.#end(event, false));
    stage.addEventListener("pointercancel", (event) => this.#end(event, true));
    stage.addEventListener("pointerleave", () => this.#mode ?? tool.hover(null, null));
    stage.addEventListener("contextmenu", (event) => event.preventDefault());
    stage.addEventListener("dblclick", (event) => tool.doubleClick(event, viewport.toImage(event)));
  }

  #down(event) {
    this.#stage.focus({ preventScroll: true });
    event.preventDefault();
    if (event.pointerType === "touch") this.#fingers.set(event.pointerId, event);
    if (this.#fingers.size === 2) return this.#startPinch(event);
    if (this.#mode || event.button > 2) return;
    this.#stage.setPointerCapture(event.pointerId);
    this.#last = event;
    const pans = event.button > 0 || this.#stage.classList.contains("pan");
    this.#mode = pans ? "pan" : "tool";
    if (pans) this.#stage.classList.add("panning");
    else this.#tool.down(event, this.#viewport.toImage(event));
  }

  #move(event) {
    if (this.#mode === "pinch") this.#pinch(event);
    else if (this.#mode && event.pointerId !== this.#last.pointerId) return;
    else if (this.#mode === "pan") {
      this.#viewport.pan(event.clientX - this.#last.clientX, event.clientY - this.#last.clientY);
      this.#last = event;
    } else if (this.#mode === "tool") this.#tool.move(event, this.#viewport.toImage(event));
    else this.#tool.hover(event, this.#viewport.toImage(event));
  }

  #end(event, cancelled) {
    this.#fingers.delete(event.pointerId);
    if (this.#mode === "pinch") {
      // A finger that stays must not begin to draw.
      if (!this.#fingers.size) this.#mode = null;
      return;
    }
    if (!this.#mode || event.pointerId !== this.#last.pointerId) return;
    const mode = this.#mode;
    this.#mode = null;
    this.#stage.classList.remove("panning");
    if (mode !== "tool") return;
    this.#tool.up(event, this.#viewport.toImage(event), cancelled);
    if (event.pointerType === "touch") this.#tool.hover(null, null);
  }

  #startPinch(event) {
    if (this.#mode === "tool") this.#tool.up(event, this.#viewport.toImage(this.#last), true);
    this.#tool.hover(null, null);
    this.#stage.classList.remove("panning");
    this.#stage.setPointerCapture(event.pointerId);
    this.#mode = "pinch";
  }

  #pinch(event) {
    if (!this.#fingers.has(event.pointerId)) return;
    const before = spread([...this.#fingers.values()]);
    this.#fingers.set(event.pointerId, event);
    if (this.#fingers.size < 2) return;
    const after = spread([...this.#fingers.values()]);
    const stage = this.#stage.getBoundingClientRect();
    this.#viewport.pan(after.x - before.x, after.y - before.y);
    this.#viewport.zoom(
      after.distance / before.distance,
      after.x - stage.left,
      after.y - stage.top,
    );
  }
}

function spread([first, second]) {
  return {
    x: (first.clientX + second.clientX) / 2,
    y: (first.clientY + second.clientY) / 2,
    distance: Math.max(
      1,
      Math.hypot(first.clientX - second.clientX, first.clientY - second.clientY),
    ),
  };
}
