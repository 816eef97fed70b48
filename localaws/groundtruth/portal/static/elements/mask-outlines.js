// What is shown of a tool at work. `place` turns a point of the image into one of the stage, in CSS
// pixels.

import { svg } from "./dom.js";
import { snapBrush } from "./mask-drawing.js";

/** The ring that shows what the brush would cover. */
export function brushRing(point, diameter, erases, place, scale) {
  const [cx, cy] = place(snapBrush(point, diameter));
  const ring = { cx, cy, r: Math.max(1, (diameter / 2) * scale), fill: "none" };
  const dashes = erases ? "4 3" : null;
  return [
    svg("circle", { ...ring, stroke: "#000", "stroke-width": 3, "stroke-opacity": 0.55 }),
    svg("circle", { ...ring, stroke: "#fff", "stroke-width": 1.5, "stroke-dasharray": dashes }),
  ];
}

/** An open polygon, with the edge to where the next corner would be. */
export function polygonOutline(corners, next, colour, place) {
  const points = [...corners, ...(next ? [next] : [])]
    .map((corner) => place(corner).join())
    .join(" ");
  const dots = corners.map((corner, i) => {
    const [cx, cy] = place(corner);
    return svg("circle", { cx, cy, r: i ? 4 : 6, fill: "#fff", stroke: colour, "stroke-width": 2 });
  });
  return [
    svg("polygon", {
      points,
      fill: colour,
      "fill-opacity": 0.2,
      stroke: "#fff",
      "stroke-width": 3,
    }),
    svg("polygon", { points, fill: "none", stroke: colour, "stroke-width": 1.5 }),
    ...dots,
  ];
}

/** Two crossed lines: where the keyboard's cursor stands. */
export function crosshair(point, place) {
  const [x, y] = place(point);
  const across = `M${x - 12} ${y}H${x - 3}M${x + 3} ${y}H${x + 12}`;
  const down = `M${x} ${y - 12}V${y - 3}M${x} ${y + 3}V${y + 12}`;
  const d = across + down;
  return [
    svg("path", { d, stroke: "#000", "stroke-width": 4, "stroke-opacity": 0.55 }),
    svg("path", { d, stroke: "#fff", "stroke-width": 1.5 }),
  ];
}
