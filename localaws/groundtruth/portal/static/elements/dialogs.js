// The dialogs of the labeling elements: full instructions and keyboard shortcuts.

import { el } from "./dom.js";

/** A modal dialog that Escape, its Close button and a click beside it close. */
export function makeDialog(title, ...content) {
  const heading = el("h2", { textContent: title });
  const close = el(
    "form",
    { method: "dialog" },
    el("button", { className: "primary", textContent: "Close" }),
  );
  const dialog = el("dialog", { "aria-label": title }, heading, ...content, close);
  dialog.addEventListener("click", (event) => {
    if (event.composedPath()[0] === dialog && !isInside(event, dialog)) dialog.close();
  });
  return dialog;
}

/** Open it at its beginning: the focus, on Close, would scroll it to its end. */
export function openDialog(dialog) {
  dialog.showModal();
  dialog.scrollTop = 0;
}

/** A dialog with the table of [keys, meaning] that `rows()` gives each time it opens. */
export function makeShortcutsDialog(rows) {
  const table = el("table");
  const dialog = makeDialog("Keyboard and pointer", table);
  const open = () => {
    table.replaceChildren(
      ...rows().map(([keys, meaning]) =>
        el("tr", {}, el("td", {}, ...keyCaps(keys)), el("td", { textContent: meaning })),
      ),
    );
    openDialog(dialog);
  };
  return { dialog, open };
}

function keyCaps(keys) {
  return keys
    .split(", ")
    .flatMap((key, index) => [index ? " " : "", el("kbd", { textContent: key })]);
}

function isInside(event, dialog) {
  const box = dialog.getBoundingClientRect();
  return (
    event.clientX >= box.left &&
    event.clientX <= box.right &&
    event.clientY >= box.top &&
    event.clientY <= box.bottom
  );
}
