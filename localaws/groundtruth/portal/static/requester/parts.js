// Small parts that the pages have in common.

import { el } from "../elements/dom.js";
import { count, moment } from "./format.js";

const STATUSES = {
  Initializing: "▸ Initializing",
  InProgress: "▸ In progress",
  Completed: "✓ Completed",
  Failed: "✕ Failed",
  Stopping: "■ Stopping",
  Stopped: "■ Stopped",
};

/** A status as a word with a mark of its own, so that nobody needs its colour. */
export function fillStatus(node, status) {
  node.className = `status ${status.toLowerCase()}`;
  setText(node, STATUSES[status] ?? status);
}

/** A bar and the words it stands for. */
export function makeProgress() {
  return el("div", { className: "progress" }, el("progress", { max: 1 }), el("span"));
}

/** `end`: when all is expected to be done, in seconds since the epoch. */
export function fillProgress(node, { done, total, percent, name }, end = null) {
  const [bar, words] = node.children;
  bar.value = total ? done / total : 0;
  bar.setAttribute("aria-label", `Progress of ${name}`);
  const until = end ? ` · done about ${moment(end)}` : "";
  setText(words, total ? `${percent} % · ${count(done)} of ${count(total)}${until}` : "no objects");
}

/** Figures with their names: `update({name: text})`; all names are given when it is made. */
export class Tiles {
  #values = {};

  constructor(names) {
    this.element = el("dl", { className: "tiles" });
    for (const name of names) {
      this.#values[name] = el("dd");
      this.element.append(el("div", {}, el("dt", { textContent: name }), this.#values[name]));
    }
  }

  update(texts) {
    for (const [name, text] of Object.entries(texts)) setText(this.#values[name], text);
  }
}

export function section(title, ...children) {
  return el("section", {}, el("h2", { textContent: title }), ...children);
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
