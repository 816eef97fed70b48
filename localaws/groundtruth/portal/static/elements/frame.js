// The frame that all labeling elements share: a header with the instructions, the work in the
// middle with a side panel, and a bar at the bottom.

import { makeDialog, makeShortcutsDialog, openDialog } from "./dialogs.js";
import { el } from "./dom.js";

const NARROW = "(max-width: 900px)"; // where the instructions start folded away

/**
 * Builds the frame into the shadow root of `element` and returns its parts. `main` is what the work
 * is done in, `tools` are the buttons in the bar, `controls` what stands beside Submit; `submits`
 * tells whether there is one.
 */
export function buildFrame(element, toolbar, { main, side, tools, controls, submits }) {
  const shortcuts = makeShortcutsDialog(() => element.shortcutRows());
  const parts = {
    main,
    side,
    heading: el("h1"),
    message: el("span", { className: "message", role: "alert" }),
    live: el("div", { className: "unseen", role: "status", "aria-live": "polite" }),
    submit: submits ? submitButton(() => element.closest("crowd-form").requestSubmit()) : null,
    dialogs: [shortcuts.dialog],
    showShortcuts: shortcuts.open,
  };
  parts.instructions = el(
    "aside",
    { className: "pane instructions", "aria-label": "Short instructions" },
    el("slot", { name: "short" }),
  );
  parts.middle = el("div", { className: "middle" }, parts.instructions, main, side);
  const top = el("div", { className: "top" }, parts.heading);
  top.append(...instructionButtons(element, toolbar, parts));
  parts.end = el("span", { className: "end" }, parts.message, ...controls);
  if (parts.submit) parts.end.append(parts.submit);
  parts.bar = el(
    "div",
    { className: "bar", role: "toolbar", "aria-label": "Tools" },
    ...tools,
    parts.end,
  );
  element.shadowRoot.append(top, parts.middle, parts.bar, parts.live, ...parts.dialogs);
  return parts;
}

export function submitButton(action) {
  return el("button", {
    type: "button",
    className: "primary",
    textContent: "Submit",
    title: "Submit (Ctrl+Enter)",
    "aria-keyshortcuts": "Control+Enter",
    onclick: action,
  });
}

function instructionButtons(element, toolbar, parts) {
  const buttons = [];
  if (assign(element, "short-instructions", "short")) {
    buttons.push(
      toolbar.tool({
        id: "instructions",
        title: "Show the short instructions",
        text: "Instructions",
        icon: "instructions",
        action: () => showShort(parts.middle.classList.contains("plain")),
      }),
    );
    const showShort = (shown) => {
      parts.middle.classList.toggle("plain", !shown);
      toolbar.press("instructions", shown);
    };
    showShort(!matchMedia(NARROW).matches);
  } else parts.middle.classList.add("plain");
  const full = assign(element, "full-instructions", "full");
  if (full) {
    const title = full.getAttribute("header") || "Full instructions";
    const dialog = makeDialog(title, el("slot", { name: "full" }));
    parts.dialogs.push(dialog);
    buttons.push(
      toolbar.tool({
        id: "full",
        title: "View full instructions",
        text: "View full instructions",
        action: () => openDialog(dialog),
      }),
    );
  }
  buttons.push(
    toolbar.tool({
      id: "shortcuts",
      title: "Keyboard shortcuts",
      text: "Shortcuts",
      icon: "keyboard",
      key: "?",
      action: parts.showShortcuts,
    }),
  );
  return buttons;
}

/** Put a child of the element into its slot; null when it has none. */
export function assign(element, tag, slot) {
  const child = element.querySelector(`:scope > ${tag}`);
  if (child) child.slot = slot;
  return child;
}
