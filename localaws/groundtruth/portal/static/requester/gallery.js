// The objects that were consolidated last: their pictures, with their labels drawn over them.

import { el, svg } from "../elements/dom.js";
import { labelColour } from "../elements/palette.js";
import { confidence, counted } from "./format.js";

const TALLEST = 340; // pixels
const NOTE = "A dashed box was not drawn by all workers; the numbers are the labels' confidences.";

export class Gallery {
  #figures = new Map(); // number -> {shown: JSON of what the figure shows, figure}
  #list = el("div", { className: "gallery" });
  #empty = el("p", { className: "empty", textContent: "Nothing has been consolidated yet." });
  #note = el("p", { className: "note", textContent: NOTE });

  constructor() {
    this.element = el("div", {}, this.#empty, this.#note, this.#list);
  }

  update(pictures) {
    this.#empty.hidden = pictures.length > 0;
    this.#note.hidden = !pictures.some(({ boxes }) => boxes?.length);
    const before = this.#figures;
    this.#figures = new Map();
    for (const picture of pictures) {
      const shown = JSON.stringify(picture);
      const known = before.get(picture.number);
      const figure = known?.shown === shown ? known.figure : drawFigure(picture);
      this.#figures.set(picture.number, { shown, figure });
    }
    const figures = [...this.#figures.values()].map(({ figure }) => figure);
    if (figures.some((figure, index) => this.#list.children[index] !== figure)) {
      this.#list.replaceChildren(...figures);
    } else {
      while (this.#list.children.length > figures.length) this.#list.lastElementChild.remove();
    }
  }
}

function drawFigure(picture) {
  const legend = legendOf(picture);
  const caption = el(
    "figcaption",
    {},
    el("span", { className: "source", textContent: nameOf(picture), title: picture.source ?? "" }),
    ...legend.map(drawLabel),
    ...picture.comments.map((comment) => el("q", { textContent: comment })),
    picture.problem && el("span", { className: "problem", textContent: picture.problem }),
  );
  return el("figure", {}, drawPicture(picture, legend), caption);
}

function drawLabel({ color, words }) {
  return el("span", { className: "label" }, color && swatch(color), words);
}

function drawPicture(picture, legend) {
  const { width, height } = picture;
  const frame = el("div", { className: "picture" });
  if (!picture.image || !width || !height) {
    frame.append(el("p", { textContent: "This object has no picture." }));
    return frame;
  }
  frame.style.aspectRatio = `${width} / ${height}`;
  frame.style.width = `min(100%, ${Math.max(60, Math.round((TALLEST * width) / height))}px)`;
  const alt = [`Line ${picture.number + 1}`, ...legend.map(({ words }) => words)].join(", ");
  frame.append(image(picture.image, alt));
  if (picture.mask) {
    const mask = image(picture.mask.image, "");
    mask.className = "mask";
    frame.append(mask);
  }
  if (picture.boxes) frame.append(drawBoxes(picture));
  return frame;
}

function drawBoxes({ boxes, width, height }) {
  const rectangles = boxes.flatMap((box) => {
    const { left: x, top: y } = box;
    const place = { x, y, width: Math.max(0, box.width), height: Math.max(0, box.height) };
    const words = `${box.label ?? "?"} ${confidence(box.confidence)}`;
    const dashed = box.confidence !== null && box.confidence < 1;
    const stroke = { stroke: labelColour(box.class_id), class: dashed ? "box unsure" : "box" };
    const title = svg("title");
    title.textContent = words;
    return [svg("rect", { ...place, class: "halo" }), svg("rect", { ...place, ...stroke }, title)];
  });
  const size = { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none" };
  return svg("svg", { ...size, "aria-hidden": "true" }, ...rectangles);
}

/** What the picture's labels are, one entry for each name: `{color, words}`. */
function legendOf(picture) {
  const boxes = byClass(picture.boxes ?? []);
  if (picture.boxes && !boxes.size && !picture.problem) return [{ words: "Nothing to label" }];
  const named = [...boxes.values()].map((same) => ({
    color: labelColour(same[0].class_id),
    words: `${same.length} × ${same[0].label ?? "?"} ${range(same)}`,
  }));
  const colors = (picture.mask?.colors ?? []).map((entry) => ({
    color: entry.color,
    words: `${entry.label ?? "?"} ${confidence(entry.confidence)}`,
  }));
  const one = picture.class;
  const chosen = one ? [{ words: `${one.label} ${confidence(one.confidence)}` }] : [];
  return [...named, ...colors, ...chosen];
}

function byClass(boxes) {
  const found = new Map();
  for (const box of boxes) found.set(box.class_id, [...(found.get(box.class_id) ?? []), box]);
  return found;
}

/** The confidences of boxes: "1.00", or "0.67 to 1.00" where they differ. */
function range(boxes) {
  const values = boxes.map((box) => box.confidence).filter((value) => value !== null);
  if (!values.length) return confidence(null);
  const [least, most] = [Math.min(...values), Math.max(...values)].map(confidence);
  return least === most ? least : `${least} to ${most}`;
}

function nameOf({ number, source }) {
  const name = source?.split("/").at(-1);
  return name ? `${number + 1} · ${name}` : `Line ${number + 1}`;
}

function swatch(color) {
  const square = svg("rect", { width: 1, height: 1, fill: color });
  return svg("svg", { class: "swatch", viewBox: "0 0 1 1", "aria-hidden": "true" }, square);
}

/** A picture that says so where it cannot be shown. */
function image(address, alt) {
  const picture = el("img", { alt, loading: "lazy", decoding: "async", draggable: false });
  picture.src = address;
  picture.addEventListener("error", () => {
    const textContent = "This picture cannot be shown.";
    picture.replaceWith(el("p", { className: "problem", textContent }));
  });
  return picture;
}
