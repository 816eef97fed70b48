// A table that is filled again and again: its cells stay, so focus and selection survive a refresh.

import { el } from "../elements/dom.js";

/**
 * Columns are `{title, text(row)}`, or `{title, make(), fill(node, row)}` for cells that hold more
 * than text; `numeric` aligns them to the right, `whole` keeps them on one line, `heading` makes
 * their cells the headings of their rows.
 */
export class DataTable {
  #columns;
  #keyOf;
  #body = el("tbody");
  #rows = new Map();
  #empty;

  constructor(caption, columns, keyOf, emptyText) {
    this.#columns = columns;
    this.#keyOf = keyOf;
    this.#empty = el("p", { className: "empty", textContent: emptyText });
    const titles = columns.map(({ title, numeric }) =>
      el("th", { scope: "col", textContent: title, className: numeric ? "numeric" : "" }),
    );
    const head = el("thead", {}, el("tr", {}, ...titles));
    this.table = el("table", {}, el("caption", { textContent: caption }), head, this.#body);
    const scroller = el("div", { className: "scroller", tabIndex: 0, role: "group" }, this.table);
    scroller.setAttribute("aria-label", caption);
    this.element = el("div", {}, scroller, this.#empty);
  }

  update(items) {
    this.#empty.hidden = items.length > 0;
    this.table.parentElement.hidden = items.length === 0;
    const gone = new Set(this.#rows.keys());
    let place = this.#body.firstElementChild;
    for (const item of items) {
      const key = this.#keyOf(item);
      gone.delete(key);
      if (!this.#rows.has(key)) this.#rows.set(key, this.#makeRow());
      const row = this.#rows.get(key);
      this.#columns.forEach((column, index) => fill(column, row.cells[index], item));
      if (row === place) place = row.nextElementSibling;
      else this.#body.insertBefore(row, place);
    }
    for (const key of gone) {
      this.#rows.get(key).remove();
      this.#rows.delete(key);
    }
  }

  #makeRow() {
    const cells = this.#columns.map(({ heading, numeric, whole, make }) => {
      const cell = el(heading ? "th" : "td");
      cell.classList.toggle("numeric", Boolean(numeric));
      cell.classList.toggle("whole", Boolean(whole));
      if (heading) cell.scope = "row";
      if (make) cell.append(make());
      return cell;
    });
    return el("tr", {}, ...cells);
  }
}

function fill(column, cell, item) {
  if (column.fill) return column.fill(cell.firstElementChild, item);
  const text = column.text(item);
  if (cell.textContent !== text) cell.textContent = text;
}
