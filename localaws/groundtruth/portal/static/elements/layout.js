// The frame around every picture that is labeled: header, short instructions, stage, labels, and a bar of tools.

import { makeDialog, makeShortcutsDialog } from "./dialogs.js";
import { el } from "./dom.js";
import { divider } from "./toolbar.js";

const NARROW = "(max-width: 900px)";

/**
 * Builds the frame into `root` and returns its parts. `annotator` gives the texts and the actions, `toolbar`
 * makes the buttons, `ownTools` are those of the element itself; `submits` adds the Submit button.
 */
export function buildLayout(root, annotator, toolbar, { ownTools, submits }) {
  const parts = {};
  const short = assign(annotator, "short-instructions", "short");
  const full = assign(annotator, "full-instructions", "full");
  parts.instructions = el(
    "aside",
    { className: "pane instructions", "aria-label": "Short instructions" },
    el("slot", { name: "short" }),
  );
  parts.image = el("img", { alt: "" });
  parts.layer = el("div", { className: "layer" }, parts.image);
  parts.stage = el("div", { className: "stage", tabIndex: 0, role: "application" }, parts.layer);
  parts.side = el("aside", { className: "pane side", "aria-label": "Labels and annotations" });
  parts.middle = el("div", { className: "middle" }, parts.instructions, parts.stage, parts.side);
  parts.heading = el("h1");
  parts.top = buildTop(parts, annotator, toolbar, { short, full });
  parts.bar = buildBar(parts, annotator, toolbar, { ownTools, submits });
  parts.live = el("div", { className: "unseen", role: "status", "aria-live": "polite" });
  root.append(parts.top, parts.middle, parts.bar, parts.live, ...parts.dialogs);
  return parts;
}

function assign(annotator, tag, slot) {
  const child = annotator.querySelector(`:scope > ${tag}`);
  if (child) child.slot = slot;
  return child;
}

function buildTop(parts, annotator, toolbar, { short, full }) {
  const shortcuts = makeShortcutsDialog(() => annotator.shortcutRows());
  parts.dialogs = [shortcuts.dialog];
  parts.showShortcuts = shortcuts.open;
  const top = el("div", { className: "top" }, parts.heading);
  if (short) {
    const showInstructions = (shown) => {
      parts.middle.classList.toggle("plain", !shown);
      toolbar.press("instructions", shown);
    };
    top.append(
      toolbar.tool({
        id: "instructions",
        title: "Show the short instructions",
        text: "Instructions",
        icon: "instructions",
        action: () => showInstructions(parts.middle.classList.contains("plain")),
      }),
    );
    showInstructions(!matchMedia(NARROW).matches);
  } else parts.middle.classList.add("plain");
  if (full) {
    const title = full.getAttribute("header") || "Full instructions";
    const dialog = makeDialog(title, el("slot", { name: "full" }));
    parts.dialogs.push(dialog);
    top.append(
      toolbar.tool({
        id: "full",
        title: "View full instructions",
        text: "View full instructions",
        action: () => dialog.showModal(),
      }),
    );
  }
  top.append(
    toolbar.tool({
      id: "shortcuts",
      title: "Keyboard shortcuts",
      text: "Shortcuts",
      icon: "keyboard",
      key: "?",
      action: shortcuts.open,
    }),
  );
  return top;
}

function buildBar(parts, annotator, toolbar, { ownTools, submits }) {
  parts.zoom = el("output", { className: "zoom", "aria-label": "Zoom" });
  parts.message = el("span", { className: "message", role: "alert" });
  parts.nothing = el("input", { type: "checkbox", onchange: () => annotator.say("") });
  const end = el(
    "span",
    { className: "end" },
    parts.message,
    el("label", { className: "tick" }, parts.nothing, "Nothing to label"),
  );
  if (submits) {
    end.append(
      el("button", {
        type: "button",
        className: "primary",
        textContent: "Submit",
        title: "Submit (Ctrl+Enter)",
        "aria-keyshortcuts": "Control+Enter",
        onclick: () => annotator.closest("crowd-form").requestSubmit(),
      }),
    );
  }
  const tools = [
    { id: "undo", title: "Undo", icon: "undo", key: "Ctrl+Z", action: () => annotator.undo() },
    { id: "redo", title: "Redo", icon: "redo", key: "Ctrl+Shift+Z", action: () => annotator.redo() },
    { id: "delete", title: "Delete", icon: "delete", key: "Delete", action: () => annotator.deleteSelected() },
    { id: "hide", title: "Hide annotations", icon: "hide", key: "H", action: () => annotator.toggleHide() },
  ].map((tool) => toolbar.tool(tool));
  const zoom = [
    toolbar.tool({ id: "zoomOut", title: "Zoom out", icon: "zoomOut", key: "-", action: () => annotator.viewport.zoom(0.8) }),
    parts.zoom,
    toolbar.tool({ id: "zoomIn", title: "Zoom in", icon: "zoomIn", key: "+", action: () => annotator.viewport.zoom(1.25) }),
    toolbar.tool({ id: "fit", title: "Fit the image", icon: "fit", key: "F", action: () => annotator.viewport.fit() }),
  ];
  const groups = [ownTools, tools, zoom].filter((group) => group.length);
  const spaced = groups.flatMap((group, index) => (index ? [divider(), ...group] : group));
  parts.tools = el("div", { className: "bar", role: "toolbar", "aria-label": "Tools" }, ...spaced, end);
  return parts.tools;
}
