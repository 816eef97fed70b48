// A cursor that the arrow keys move over the image, for those who label without a pointer.

const STEP = 8; // CSS pixels: the same on the screen whatever the zoom
const FAR = 6; // times as far with Shift
const MARGIN = 48; // CSS pixels that the cursor keeps from the stage's edge

const DIRECTIONS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/**
 * Where an arrow key moves a point of an image: a step, a long one with Shift, one pixel with Alt;
 * or null.
 */
export function stepped(event, [x, y], { width, height }, scale) {
  const direction = DIRECTIONS[event.key];
  if (!direction) return null;
  const step = event.altKey
    ? 1
    : Math.max(1, Math.round((STEP * (event.shiftKey ? FAR : 1)) / scale));
  const within = (value, most) => Math.min(most - 0.5, Math.max(0.5, Math.floor(value) + 0.5));
  return [within(x + direction[0] * step, width), within(y + direction[1] * step, height)];
}

/** Moves the view so far that a point of the stage is well inside of it. */
export function bringIntoSight(viewport, stage, [left, top]) {
  const off = (value, size) => Math.max(0, MARGIN - value) - Math.max(0, value - (size - MARGIN));
  const right = off(left, stage.clientWidth);
  const down = off(top, stage.clientHeight);
  if (right || down) viewport.pan(right, down);
}
