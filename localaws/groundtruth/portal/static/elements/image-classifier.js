// <crowd-image-classifier>: one category for a picture, or for the labels that lie over it
// (verification).
// Contract:
// https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-crowd-image-classifier.html

import { CrowdClassifier } from "./classifier.js";
import { el } from "./dom.js";
import { makeSwatch } from "./label-list.js";
import { buildStage, handleViewKey, makeViewport, zoomTools } from "./picture-stage.js";
import { loadPicture } from "./picture.js";
import { PointerInput } from "./pointer.js";
import { parseLiteral } from "./relaxed-json.js";
import { divider } from "./toolbar.js";
import { readOverlay } from "./overlay.js";
import { WorkerComment } from "./worker-comment.js";

export class CrowdImageClassifier extends CrowdClassifier {
  extraKeys = [
    ["Wheel", "Zoom at the pointer"],
    ["Drag", "Move the picture (by touch: zoom with two fingers)"],
  ];
  #stage = buildStage();
  #viewport = null;
  #overlay = null;
  #comment = null;
  #legend = el("div");

  get _submittableValue() {
    const answer = super._submittableValue;
    const comment = this.#comment?.text;
    return answer && comment ? { ...answer, workerComment: comment } : answer;
  }

  get draft() {
    return { ...super.draft, comment: this.#comment.text };
  }

  set draft(draft) {
    super.draft = draft;
    this.#comment.text = String(draft?.comment ?? "");
  }

  reset() {
    super.reset();
    this.#comment.text = "";
  }

  buildMain() {
    return this.#stage.stage;
  }

  tools() {
    const zoom = zoomTools(this.toolbar, this.#stage.zoom, () => this.#viewport);
    if (!this.#hasOverlay) return zoom;
    const hide = this.toolbar.tool({
      id: "hide",
      title: "Hide the labels",
      text: "Hide the labels",
      icon: "hide",
      key: "H",
      action: () => this.#toggleOverlay(),
    });
    return [hide, divider(), ...zoom];
  }

  sideContent() {
    this.#comment = new WorkerComment(this, () => this.chosen());
    return this.#comment.present ? [this.#comment.link, this.#legend] : [this.#legend];
  }

  async start() {
    await super.start();
    this.parts.dialogs.push(this.#comment.dialog);
    this.shadowRoot.append(this.#comment.dialog);
    const { stage, image } = this.#stage;
    stage.setAttribute("aria-label", `${this.header || "Image"}: the picture`);
    stage.classList.add("looking");
    this.#viewport = makeViewport(this.#stage, () => this.#overlay?.draw());
    const size = await loadPicture(image, this.getAttribute("src"));
    this.#viewport.setSize(size.width, size.height);
    this.#letItBeMoved();
    if (this.#hasOverlay) await this.#setUpOverlay(size);
  }

  get #hasOverlay() {
    return (this.getAttribute("overlay") ?? "").trim() !== "";
  }

  async #setUpOverlay(size) {
    try {
      const description = parseLiteral(this.getAttribute("overlay"));
      this.#overlay = await readOverlay(description, this.#stage, this.#viewport, size);
    } catch (problem) {
      throw new Error(`The labels to look at could not be shown: ${problem.message}`);
    }
    this.#overlay.draw();
    this.#legend.replaceChildren(
      el("h2", { textContent: "Labels" }),
      ...this.#overlay.legend.map(({ label, colour }) =>
        el("p", { className: "entry" }, makeSwatch(colour), el("span", { textContent: label })),
      ),
    );
  }

  #letItBeMoved() {
    let last = null;
    new PointerInput(this.#stage.stage, this.#viewport, {
      down: (event) => (last = event),
      move: (event) => {
        this.#viewport.pan(event.clientX - last.clientX, event.clientY - last.clientY);
        last = event;
      },
      up() {},
      hover() {},
      doubleClick() {},
    });
  }

  #toggleOverlay() {
    const hidden = !this.#overlay.hidden;
    this.#overlay.hidden = hidden;
    this.toolbar.press("hide", hidden);
    this.announce(hidden ? "Labels hidden" : "Labels shown");
  }

  onKey(event) {
    if (!this.#viewport) return false;
    if (this.#overlay && event.key.toLowerCase() === "h" && !event.ctrlKey && !event.metaKey) {
      this.#toggleOverlay();
      return true;
    }
    return handleViewKey(event, this.#viewport, this.#stage.stage);
  }
}
