// The frame of an annotator: a stage to draw on, the labels beside it, and a bar of tools.

import { el } from "./dom.js";
import { buildFrame } from "./frame.js";
import { buildStage, zoomTools } from "./picture-stage.js";
import { divider } from "./toolbar.js";

/**
 * Builds it and returns its parts: those of frame.js and of picture-stage.js, and `nothing`, the
 * tick.
 */
export function buildAnnotator(annotator, toolbar, submits) {
  const stage = buildStage();
  const side = el("aside", { className: "pane side", "aria-label": "Labels and annotations" });
  const nothing = el("input", { type: "checkbox", onchange: () => annotator.say("") });
  const groups = [
    annotator.tools(),
    changeTools(annotator, toolbar),
    zoomTools(toolbar, stage.zoom, () => annotator.viewport),
  ].filter((group) => group.length);
  const frame = buildFrame(annotator, toolbar, {
    main: stage.stage,
    side,
    tools: groups.flatMap((group, index) => (index ? [divider(), ...group] : group)),
    controls: [el("label", { className: "tick" }, nothing, "Nothing to label")],
    submits,
  });
  return { ...frame, ...stage, nothing };
}

function changeTools(annotator, toolbar) {
  const tool = (id, title, key, action) => toolbar.tool({ id, title, icon: id, key, action });
  return [
    tool("undo", "Undo", "Ctrl+Z", () => annotator.undo()),
    tool("redo", "Redo", "Ctrl+Shift+Z", () => annotator.redo()),
    tool("delete", "Delete", "Delete", () => annotator.deleteSelected()),
    tool("hide", "Hide annotations", "H", () => annotator.toggleHide()),
  ];
}
