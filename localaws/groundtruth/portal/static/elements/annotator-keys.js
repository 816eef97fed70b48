// The keys that all annotators share.

import { indexOfKey } from "./label-list.js";
import { handleViewKey } from "./picture-stage.js";

export const GENERAL_SHORTCUTS = [
  ["1, 2, 3, 4, 5, 6, 7, 8, 9, 0", "Choose a label; what is selected gets it, too"],
  ["Wheel", "Zoom at the pointer"],
  ["Space+drag, Right-drag", "Move the picture (by touch: two fingers)"],
  ["Ctrl+Enter", "Submit"],
];

/**
 * Whether the key meant something to the annotator. What only looks works when it is locked, too.
 */
export function handleKey(annotator, event) {
  const { parts } = annotator;
  if (handleViewKey(event, annotator.viewport, parts.stage)) return true;
  const modified = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (!modified && !event.altKey && key === "h") annotator.toggleHide();
  else if (!modified && key === "?") parts.showShortcuts();
  else return !annotator.locked && handleChange(annotator, event, key, modified);
  return true;
}

function handleChange(annotator, event, key, modified) {
  const index = indexOfKey(key);
  if (modified && key === "z" && event.shiftKey) annotator.redo();
  else if (modified && key === "z") annotator.undo();
  else if (modified && key === "y") annotator.redo();
  else if (annotator.onKey(event, modified)) return true;
  else if (modified || event.altKey) return false;
  else if (index !== null) annotator.pick(index);
  else if (key === "delete" || key === "backspace") annotator.deleteSelected();
  else return false;
  return true;
}
