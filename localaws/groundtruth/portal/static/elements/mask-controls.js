// The controls of the mask element beside its tools, and its styles.

import { el } from "./dom.js";
import { sheet } from "./styles.js";

const SMALLEST_BRUSH = 1;
const LARGEST_BRUSH = 200; // pixels of the image
const STEP = 0.2; // of the size, for each press of [ or ]

export const MASK_STYLES = sheet(`
  .stage canvas { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
  .slider { display: inline-flex; align-items: center; gap: 8px; min-height: 36px; }
  .slider { white-space: nowrap; }
  .slider input { width: 96px; margin: 0; accent-color: var(--accent); }
  .slider output { min-width: 6ch; color: var(--muted); font-variant-numeric: tabular-nums; }
  .side .slider { display: flex; margin: 0 4px; }
  .side .slider input { flex: 1; min-width: 0; }
  .side .tick { margin: 0 4px; }
  .label small { color: var(--muted); font-variant-numeric: tabular-nums; }
  .bar { position: relative; }
  .bar .message { /* over the stage: in the full bar it would push the image up at each message */
    position: absolute; right: 12px; bottom: calc(100% + 8px); padding: 8px 12px;
    background: var(--danger-soft); border: 1px solid var(--danger); border-radius: 6px;
    pointer-events: none;
  }
`);

/** A slider {node, show(value)} for the diameter of the brush. */
export function makeBrushSize(onInput) {
  const title = "Diameter of brush and eraser ([ and ])";
  const range = { min: SMALLEST_BRUSH, max: LARGEST_BRUSH };
  return makeSlider({ text: "Size", title, unit: "px", range, onInput });
}

/** The next size of the brush up or down. */
export function nextBrushSize(size, grows) {
  const step = Math.max(1, Math.round(size * STEP));
  return Math.min(LARGEST_BRUSH, Math.max(SMALLEST_BRUSH, grows ? size + step : size - step));
}

/** A slider {node, show(value)} for the opacity of the mask in per cent. */
export function makeOpacity(value, onInput) {
  const range = { min: 10, max: 100, value, "data-key": "opacity" };
  return makeSlider({ text: "Opacity", title: "Opacity of the mask", unit: "%", range, onInput });
}

/** The checkbox {node, input} that protects what has another label. */
export function makeKeep(onChange) {
  const input = el("input", { type: "checkbox", "data-key": "keep" });
  input.addEventListener("change", () => onChange(input.checked));
  const title = "Change only unlabeled pixels and those of the chosen label (L)";
  return { node: el("label", { className: "tick", title }, input, "Keep other labels"), input };
}

/** A share from 0 to 1 as text; nothing for none, but never "0.0 %" for a little. */
export function percent(share) {
  if (!share) return "";
  return share < 0.001 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`;
}

function makeSlider({ text, title, unit, range, onInput }) {
  const output = el("output");
  const input = el("input", { type: "range", ...range });
  input.addEventListener("input", () => onInput(Number(input.value)));
  const show = (value) => {
    input.value = value;
    output.textContent = `${value} ${unit}`;
  };
  return { node: el("label", { className: "slider", title }, text, input, output), show };
}
