// Shapes on a mask raster: strokes, polygons, regions. Pure logic, no DOM.
//
// A pixel belongs to a shape if its centre lies in it. Points are [x, y] in image pixels, the
// centre of the first pixel is [0.5, 0.5].

/**
 * Where a round brush of that diameter is set down: on the centre of a pixel if the diameter is
 * odd, on a corner if it is even. So a dab of n pixels is n pixels wide wherever the pointer
 * stands.
 */
export function snapBrush([x, y], diameter) {
  return diameter % 2 ? [Math.floor(x) + 0.5, Math.floor(y) + 0.5] : [Math.round(x), Math.round(y)];
}

/**
 * Paints what a round brush covers on its way from one point to another; a dab if they are the
 * same.
 */
export function paintStroke(raster, from, to, diameter, ink) {
  const radius = diameter / 2;
  const corners = ribbon(from, to, radius);
  const first = Math.floor(Math.min(from[1], to[1]) - radius);
  const last = Math.ceil(Math.max(from[1], to[1]) + radius);
  for (let y = Math.max(0, first); y < Math.min(raster.height, last); y++) {
    const middle = y + 0.5;
    // The covered area is convex: in each row it is one span, the hull of its three parts.
    const ends = [from, to].flatMap((centre) => discEnds(centre, radius, middle));
    if (corners) ends.push(...crossings(corners, middle));
    if (ends.length) paintBetween(raster, y, Math.min(...ends), Math.max(...ends), ink);
  }
}

/** Paints the inside of a polygon; where it crosses itself, by the even-odd rule. */
export function paintPolygon(raster, corners, ink) {
  const heights = corners.map(([, y]) => y);
  const first = Math.max(0, Math.floor(Math.min(...heights)));
  const last = Math.min(raster.height, Math.ceil(Math.max(...heights)));
  for (let y = first; y < last; y++) {
    const ends = crossings(corners, y + 0.5).sort((a, b) => a - b);
    for (let i = 0; i + 1 < ends.length; i += 2) {
      raster.paint(y, Math.ceil(ends[i] - 0.5), Math.ceil(ends[i + 1] - 0.5), ink);
    }
  }
}

/**
 * Paints the region around a pixel: all pixels of the same value that are connected to it by their
 * sides. Returns false, and paints nothing, if the ink may not write on that value or the region
 * has it already.
 */
export function paintRegion(raster, x, y, ink) {
  const value = raster.at(x, y);
  if (value === null || value === ink.label) return false;
  if (ink.own !== null && value !== 0 && value !== ink.own) return false;
  const { width, height, pixels } = raster;
  const seeds = [y * width + x];
  while (seeds.length) {
    const seed = seeds.pop();
    if (pixels[seed] !== value) continue;
    const row = Math.floor(seed / width);
    const start = row * width;
    let left = seed;
    let right = seed + 1;
    while (left > start && pixels[left - 1] === value) left--;
    while (right < start + width && pixels[right] === value) right++;
    raster.paint(row, left - start, right - start, ink);
    if (row > 0) seedRow(seeds, pixels, left - width, right - width, value);
    if (row < height - 1) seedRow(seeds, pixels, left + width, right + width, value);
  }
  return true;
}

/** One seed for each run of the value between two indices of a row. */
function seedRow(seeds, pixels, from, to, value) {
  for (let i = from; i < to; i++) {
    if (pixels[i] === value && (i === from || pixels[i - 1] !== value)) seeds.push(i);
  }
}

function paintBetween(raster, y, left, right, ink) {
  raster.paint(y, Math.ceil(left - 0.5), Math.floor(right - 0.5) + 1, ink);
}

function discEnds([x, y], radius, middle) {
  const square = radius ** 2 - (middle - y) ** 2;
  if (square < 0) return [];
  const half = Math.sqrt(square);
  return [x - half, x + half];
}

/** The rectangle between the two discs at the ends of a stroke, or null for a dab. */
function ribbon([ax, ay], [bx, by], radius) {
  const length = Math.hypot(bx - ax, by - ay);
  if (!length) return null;
  const dx = ((ay - by) / length) * radius;
  const dy = ((bx - ax) / length) * radius;
  return [
    [ax + dx, ay + dy],
    [bx + dx, by + dy],
    [bx - dx, by - dy],
    [ax - dx, ay - dy],
  ];
}

/** The x where a polygon's edges cross the line at height y, in the order of the edges. */
function crossings(corners, y) {
  const found = [];
  let [ax, ay] = corners[corners.length - 1];
  for (const [bx, by] of corners) {
    if (ay <= y !== by <= y) found.push(ax + ((y - ay) / (by - ay)) * (bx - ax));
    [ax, ay] = [bx, by];
  }
  return found;
}
