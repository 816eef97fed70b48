// The place where a picture is looked at: the stage, the layer that zooms, the image, and the
// buttons to zoom.

import { el } from "./dom.js";
import { Viewport } from "./viewport.js";

export function buildStage() {
  const image = el("img", { alt: "" });
  const layer = el("div", { className: "layer" }, image);
  const stage = el("div", { className: "stage", tabIndex: 0, role: "application" }, layer);
  stage.addEventListener("keyup", (event) => {
    if (event.code === "Space") stage.classList.remove("pan");
  });
  stage.addEventListener("blur", () => stage.classList.remove("pan"));
  return { stage, layer, image, zoom: el("span", { className: "zoom" }) };
}

/** The viewport of a stage; `onView` is called after every movement. */
export function makeViewport({ stage, layer, zoom }, onView) {
  const viewport = new Viewport(stage, layer, () => {
    zoom.textContent = `${Math.round(viewport.scale * 100)} %`;
    onView();
  });
  return viewport;
}

export function zoomTools(toolbar, zoom, viewport) {
  const tool = (id, title, key, action) => toolbar.tool({ id, title, icon: id, key, action });
  return [
    tool("zoomOut", "Zoom out", "-", () => viewport().zoom(0.8)),
    zoom,
    tool("zoomIn", "Zoom in", "+", () => viewport().zoom(1.25)),
    tool("fit", "Fit the image", "F", () => viewport().fit()),
  ];
}

/** The keys that move the view; whether the event was one of them. */
export function handleViewKey(event, viewport, stage) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const key = event.key.toLowerCase();
  if (key === "+" || key === "=") viewport.zoom(1.25);
  else if (key === "-") viewport.zoom(0.8);
  else if (key === "f") viewport.fit();
  else if (event.code === "Space") stage.classList.add("pan");
  else return false;
  return true;
}
