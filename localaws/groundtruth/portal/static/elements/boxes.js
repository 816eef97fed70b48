// The arithmetic of boxes {left, top, width, height} in whole image pixels. No box leaves the
// image, and none is smaller than one pixel.

/** Names by compass; where each lies on a box, as parts of its width and height. */
export const HANDLES = {
  nw: [0, 0],
  n: [0.5, 0],
  ne: [1, 0],
  e: [1, 0.5],
  se: [1, 1],
  s: [0.5, 1],
  sw: [0, 1],
  w: [0, 0.5],
};

/**
 * The box between two corners, clamped to the image {width, height}; null when nothing of it is
 * inside.
 */
export function boxBetween([x0, y0], [x1, y1], image) {
  const [left, right] = [x0, x1].map((x) => clamp(Math.round(x), 0, image.width)).sort(ascending);
  const [top, bottom] = [y0, y1].map((y) => clamp(Math.round(y), 0, image.height)).sort(ascending);
  const box = { left, top, width: right - left, height: bottom - top };
  return box.width >= 1 && box.height >= 1 ? box : null;
}

/** The box moved as far as the image allows, its size kept. */
export function moved(box, right, down, image) {
  return {
    left: clamp(Math.round(box.left + right), 0, image.width - box.width),
    top: clamp(Math.round(box.top + down), 0, image.height - box.height),
    width: box.width,
    height: box.height,
  };
}

/** The box with one of its HANDLES at `point`; pulled over the opposite edge, it turns over. */
export function resized(box, handle, [x, y], image) {
  let [x0, y0, x1, y1] = corners(box);
  if (handle.includes("w")) x0 = x;
  if (handle.includes("e")) x1 = x;
  if (handle.includes("n")) y0 = y;
  if (handle.includes("s")) y1 = y;
  return boxBetween([x0, y0], [x1, y1], image) ?? box;
}

/** The box with its right and bottom edges moved; `others` moves its left and top edges instead. */
export function stretched(box, right, down, others, image) {
  const [x0, y0, x1, y1] = corners(box);
  const from = others ? [Math.min(x0 + right, x1 - 1), Math.min(y0 + down, y1 - 1)] : [x0, y0];
  const to = others ? [x1, y1] : [Math.max(x1 + right, x0 + 1), Math.max(y1 + down, y0 + 1)];
  return boxBetween(from, to, image) ?? box;
}

/** The smallest box that holds the point; null without one. */
export function smallestAt(boxes, [x, y]) {
  return boxes
    .filter((box) => isInside(box, x, y))
    .reduce((best, box) => (!best || area(box) < area(best) ? box : best), null);
}

/** The handle within `reach` of the point; all in the same unit. A box's inner third moves it. */
export function handleAt(box, x, y, reach) {
  const inner = Math.min(box.width, box.height) / 3;
  const edges = [x - box.left, box.left + box.width - x, y - box.top, box.top + box.height - y];
  if (edges.every((distance) => distance > inner)) return null;
  let nearest = null;
  for (const [name, [right, down]] of Object.entries(HANDLES)) {
    const distance = Math.hypot(x - box.left - right * box.width, y - box.top - down * box.height);
    if (distance <= reach && distance < (nearest?.distance ?? Infinity))
      nearest = { name, distance };
  }
  return nearest?.name ?? null;
}

function corners({ left, top, width, height }) {
  return [left, top, left + width, top + height];
}

function isInside(box, x, y) {
  return x >= box.left && x <= box.left + box.width && y >= box.top && y <= box.top + box.height;
}

function area(box) {
  return box.width * box.height;
}

function clamp(value, least, most) {
  return Math.max(least, Math.min(most, value));
}

function ascending(a, b) {
  return a - b;
}
