// Line icons on a 24 by 24 grid, by the name of what they stand for.

import { svg } from "./dom.js";

const PATHS = {
  undo: "M9 5 4 10l5 5M4 10h9a5.5 5.5 0 0 1 0 11h-3",
  redo: "m15 5 5 5-5 5M20 10h-9a5.5 5.5 0 0 0 0 11h3",
  delete: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v6M14 11v6",
  hide: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  zoomIn: "M12 5v14M5 12h14",
  zoomOut: "M5 12h14",
  fit: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  instructions: "M5 4h14v16H5zM9 9h6M9 13h6M9 17h3",
  help: "M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.1-1.5 2.4M12 17.5v.5M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
  keyboard: "M3 7h18v11H3zM7 11h.01M11 11h.01M15 11h.01M18 11h.01M8 15h8",
  brush: "M4 20c3 0 5-1 5-4l-2-2c-3 0-3 3-3 6zM9 14 19 3l2 2L11 16",
  eraser: "m4 15 9-10 7 7-7 8H8zM9 10l7 7",
  polygon: "m12 3 9 7-4 10H7L3 10z",
  fill: "m11 3 8 8-7 7-8-8zM4 10h15M20 15s2 3 0 4-2-1-2-2 2-2 2-2z",
  close: "M6 6l12 12M18 6 6 18",
};

/** The icon as an SVG that screen readers skip; null for a name that has none. */
export function icon(name) {
  if (!PATHS[name]) return null;
  const attributes = {
    viewBox: "0 0 24 24",
    width: 18,
    height: 18,
    fill: "none",
    stroke: "currentColor",
    "stroke-width": 1.8,
    "stroke-linejoin": "round",
    "stroke-linecap": "round",
    "aria-hidden": "true",
  };
  return svg("svg", attributes, svg("path", { d: PATHS[name] }));
}
