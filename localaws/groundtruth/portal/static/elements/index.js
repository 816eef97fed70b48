// Ground Truth's crowd elements, our own. A worker template loads this module alone.

import { CrowdBoundingBox } from "./bounding-box.js";
import { CrowdForm } from "./form.js";

// The form comes last: what stands in it then has its class already.
const ELEMENTS = {
  "crowd-bounding-box": CrowdBoundingBox,
  "crowd-form": CrowdForm,
};

for (const [tag, element] of Object.entries(ELEMENTS)) customElements.define(tag, element);

const found = [...document.querySelectorAll(Object.keys(ELEMENTS).join())];
await Promise.all(found.map((element) => element.ready));
document.dispatchEvent(new Event("all-crowd-elements-ready"));
