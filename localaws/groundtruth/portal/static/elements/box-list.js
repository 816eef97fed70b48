// The boxes as a list of buttons: what is there, how large, and which one is selected.

import { el } from "./dom.js";

/**
 * A heading and the list; `swatch(label)` makes a colour sample, `select(box)` is called on a
 * press.
 */
export function makeBoxList(boxes, selected, { swatch, select }) {
  const heading = el("h2", {}, "Boxes", el("small", { textContent: String(boxes.length) }));
  if (!boxes.length) {
    return [heading, el("p", { className: "hint", textContent: "Drag on the image to draw one." })];
  }
  const items = boxes.map((box, index) => {
    const name = `${index + 1}. ${box.label}${box.proposed ? " (proposed)" : ""}`;
    const button = el(
      "button",
      {
        type: "button",
        "aria-pressed": String(box === selected),
        "data-key": `box ${box.id}`,
        onclick: () => select(box),
      },
      swatch(box.label),
      el("span", { textContent: name }),
      el("small", { textContent: `${box.width} × ${box.height}` }),
    );
    return el("li", {}, button);
  });
  return [heading, el("ul", { className: "items" }, ...items)];
}
