// Draws boxes over the picture, in screen pixels: lines stay sharp at every zoom.

import { HANDLES } from "./boxes.js";
import { svg } from "./dom.js";
import { textColourOn } from "./palette.js";

const LONGEST_LABEL = 28; // characters written at a box
const CROSS = [
  { stroke: "#fff", "stroke-opacity": 0.7, "stroke-width": 3 },
  { stroke: "#16202a", "stroke-opacity": 0.9, "stroke-width": 1 },
];

export class BoxOverlay {
  #boxes = svg("g");
  #cross = svg("g");
  #viewport;

  constructor(stage, viewport) {
    this.#viewport = viewport;
    stage.append(svg("svg", { class: "overlay", "aria-hidden": "true" }, this.#boxes, this.#cross));
  }

  /**
   * `boxes` are {left, top, width, height, label, colour, proposed}; `drawn` is the one being
   * drawn, if any.
   */
  draw(boxes, { selected, drawn, touch }) {
    const shapes = boxes.flatMap((box) => this.#box(box, box === selected));
    if (selected) shapes.push(...this.#handles(selected, touch));
    if (drawn) shapes.push(...this.#drawn(drawn));
    this.#boxes.replaceChildren(...shapes);
  }

  /** Lines through a point of the image; none for null. */
  drawCross(point) {
    if (!point) return this.#cross.replaceChildren();
    const { left, top } = this.#viewport.toStage({
      left: point[0],
      top: point[1],
      width: 0,
      height: 0,
    });
    return this.#cross.replaceChildren(
      ...CROSS.flatMap((look) => [
        svg("line", { x1: 0, x2: "100%", y1: top, y2: top, ...look }),
        svg("line", { x1: left, x2: left, y1: 0, y2: "100%", ...look }),
      ]),
    );
  }

  #box(box, selected) {
    const { left, top, width, height } = this.#viewport.toStage(box);
    const place = { x: left, y: top, width, height };
    const dashes = box.proposed ? { "stroke-dasharray": "7 4" } : {};
    const shapes = [
      svg("rect", {
        ...place,
        fill: box.colour,
        "fill-opacity": selected ? 0.06 : 0.15,
        stroke: "#fff",
        "stroke-opacity": 0.85,
        "stroke-width": selected ? 5 : 4,
      }),
      svg("rect", {
        ...place,
        ...dashes,
        class: box.proposed ? "proposed" : "drawn",
        fill: "none",
        stroke: box.colour,
        "stroke-width": selected ? 2.5 : 2,
      }),
    ];
    if (width > 24 || selected) shapes.push(...nameTag(box, left, top));
    return shapes;
  }

  #handles(box, touch) {
    const { left, top, width, height } = this.#viewport.toStage(box);
    const size = touch ? 14 : 9;
    return Object.entries(HANDLES).map(([name, [right, down]]) =>
      svg("rect", {
        class: `handle ${name}`,
        x: left + right * width - size / 2,
        y: top + down * height - size / 2,
        width: size,
        height: size,
        rx: 2,
        fill: "#fff",
        stroke: "#16202a",
        "stroke-width": 1.2,
      }),
    );
  }

  #drawn(box) {
    const { left, top, width, height } = this.#viewport.toStage(box);
    const size = svg("text", { x: left + width + 6, y: top + height + 16, ...haloed("#16202a") });
    size.textContent = `${box.width} × ${box.height}`;
    const look = { fill: box.colour, "fill-opacity": 0.15, stroke: box.colour, "stroke-width": 2 };
    return [svg("rect", { x: left, y: top, width, height, ...look }), size];
  }
}

function nameTag(box, left, top) {
  const text =
    box.label.length > LONGEST_LABEL ? `${box.label.slice(0, LONGEST_LABEL - 1)}…` : box.label;
  const above = top > 20;
  const name = svg("text", { x: left + 5, y: above ? top - 6 : top + 15, ...haloed(box.colour) });
  name.textContent = text;
  return [name];
}

function haloed(colour) {
  return {
    fill: textColourOn(colour),
    stroke: colour,
    "stroke-width": 5,
    "stroke-linejoin": "round",
    "paint-order": "stroke",
    "font-size": 12,
    "font-weight": 600,
    "font-family": "system-ui, sans-serif",
  };
}
