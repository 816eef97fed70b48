// Base of everything that fills a page with work: what annotators and classifiers share. It has the
// frame, the name and the header, the messages, and the keys.
//
// Hooks: build(submits) makes the frame into the shadow root and returns its parts; start() loads
// what the task is about, and its rejection is a message that keeps the task from being submitted;
// handleKey(event) tells whether a key was used.

import { listenForKeys, stopListening } from "./keyboard.js";
import { FRAME, THEME } from "./styles.js";
import { fillsForm, switchOff } from "./submit-place.js";
import { Toolbar } from "./toolbar.js";

export class LabelingElement extends HTMLElement {
  parts = null; // of frame.js, once connected
  toolbar = new Toolbar();
  #becomeReady;
  /** Resolves when the element can be used, also when it failed to start. */
  ready = new Promise((resolve) => (this.#becomeReady = resolve));
  #failure = "";

  build(_submits) {
    return null;
  }
  async start() {}
  handleKey(_event) {
    return false;
  }
  showHeader(header) {
    this.parts.heading.textContent = header;
  }

  get name() {
    return this.getAttribute("name") || this.localName;
  }

  get header() {
    return this.getAttribute("header") ?? "";
  }

  connectedCallback() {
    listenForKeys(this, (event) => !this.#isAsking && this.handleKey(event));
    if (this.shadowRoot) return;
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [THEME, FRAME];
    const fills = fillsForm(this);
    this.toggleAttribute("beside", !fills);
    this.parts = this.build(fills);
    this.showHeader(this.header);
    this.#start();
  }

  disconnectedCallback() {
    stopListening(this);
  }

  async #start() {
    try {
      await this.start();
      // Keys work at once, without a click into the frame first.
      if (document.activeElement === document.body) this.parts.main.focus({ preventScroll: true });
    } catch (problem) {
      this.fail(problem.message);
    }
    this.#becomeReady();
    this.dispatchEvent(new Event("crowd-element-ready", { bubbles: true }));
  }

  get #isAsking() {
    return this.parts.dialogs.some((dialog) => dialog.open);
  }

  /** Tell the worker. */
  say(message) {
    this.parts.message.textContent = message;
  }

  /** Tell a screen reader. */
  announce(message) {
    this.parts.live.textContent = message;
  }

  /** What cannot be mended here: the task cannot be submitted. */
  fail(message) {
    this.#failure = message;
    this.say(message);
  }

  get failure() {
    return this.#failure;
  }

  /** The time is over: what is there can be looked at, and no longer changed. */
  lock(reason) {
    const { bar, end, message, side, submit } = this.parts;
    const shown = [end, message, submit]; // an inert button cannot tell why, nor an inert message be heard
    for (const part of [side, ...bar.children, ...end.children])
      if (!shown.includes(part)) part.inert = true;
    switchOff(submit, reason);
  }

  changed() {
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }
}
