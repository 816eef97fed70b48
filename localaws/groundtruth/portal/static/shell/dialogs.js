// Questions that must be answered before anything goes on.

import { button, make } from "./dom.js";

/**
 * Ask before something is lost. `paragraphs` say what; `action` is the button's text, `danger` colours it.
 * Resolves to whether it was chosen; Escape and Cancel say no.
 */
export function ask({ title, paragraphs, action, danger = false }) {
  return new Promise((resolve) => {
    const cancel = button("Cancel", () => dialog.close());
    const confirm = button(action, () => dialog.close("yes"), { className: danger ? "danger" : "primary" });
    const dialog = makeDialog(
      title,
      ...paragraphs.map((text) => make("p", { textContent: text })),
      make("div", { className: "actions" }, cancel, confirm),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    open(dialog);
  });
}

/** Show something that cannot be left with Escape; the caller closes the dialog that is returned. */
export function insist(title, ...content) {
  const dialog = makeDialog(title, ...content);
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.addEventListener("close", () => dialog.remove());
  return open(dialog);
}

function makeDialog(title, ...content) {
  const heading = make("h2", { textContent: title, id: "dialog-title" });
  return make("dialog", { "aria-labelledby": heading.id }, heading, ...content);
}

function open(dialog) {
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
