// Ground Truth's crowd elements, our own. A worker template loads this module alone.

import { CrowdAlert } from "./alert.js";
import { CrowdBoundingBox } from "./bounding-box.js";
import { CrowdButton } from "./button.js";
import { CrowdCheckbox } from "./checkbox.js";
import { CrowdClassifier } from "./classifier.js";
import { CrowdForm } from "./form.js";
import { CrowdImageClassifier } from "./image-classifier.js";
import { CrowdSemanticSegmentation } from "./semantic-segmentation.js";
import { CrowdSlider } from "./slider.js";
import { CrowdInput, CrowdTextArea } from "./text-fields.js";

// The form comes last: what stands in it then has its class already.
const ELEMENTS = {
  "crowd-alert": CrowdAlert,
  "crowd-bounding-box": CrowdBoundingBox,
  "crowd-button": CrowdButton,
  "crowd-checkbox": CrowdCheckbox,
  "crowd-classifier": CrowdClassifier,
  "crowd-image-classifier": CrowdImageClassifier,
  "crowd-input": CrowdInput,
  "crowd-semantic-segmentation": CrowdSemanticSegmentation,
  "crowd-slider": CrowdSlider,
  "crowd-text-area": CrowdTextArea,
  "crowd-form": CrowdForm,
};

for (const [tag, element] of Object.entries(ELEMENTS)) customElements.define(tag, element);

const found = [...document.querySelectorAll(Object.keys(ELEMENTS).join())];
await Promise.all(found.map((element) => element.ready));
document.dispatchEvent(new Event("all-crowd-elements-ready"));
