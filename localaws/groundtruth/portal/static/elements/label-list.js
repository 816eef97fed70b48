// The labels as buttons, and the colour samples that stand for them everywhere.

import { el } from "./dom.js";

export const HOTKEYS = 10; // the first ten are chosen by 1 to 9 and 0

/** A button per label; `pick(index)` is called when one is pressed. */
export function makeLabelButtons(labels, current, colour, pick) {
  return labels.map((label, index) =>
    el(
      "button",
      {
        type: "button",
        className: "label",
        "aria-pressed": String(index === current),
        "data-key": `label ${index}`,
        onclick: () => pick(index),
      },
      makeSwatch(colour(index)),
      el("span", { textContent: label }),
      keyCap(index),
    ),
  );
}

export function makeSwatch(colour) {
  return el("span", {
    className: "swatch",
    style: `background: ${colour}`,
    "aria-hidden": "true",
  });
}

/** What to press for the entry at `index`; null beyond the tenth. */
export function keyCap(index) {
  if (index >= HOTKEYS) return null;
  return el("kbd", { textContent: String((index + 1) % 10), "aria-hidden": "true" });
}

/** The index that a digit key stands for; null for another key. */
export function indexOfKey(key) {
  return /^\d$/.test(key) ? (Number(key) + 9) % 10 : null;
}
