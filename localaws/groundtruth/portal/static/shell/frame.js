// The frame that a task is shown in. The worker template in it may hold any script, so it has no origin: it reaches
// neither the portal's cookie nor its pages, and all that it can do is to send messages.

import { make } from "./dom.js";

const ANSWER_TIME = 3_000; // milliseconds in which the frame gives a draft that it is asked for
const READY_TIME = 20_000;

export class TaskFrame {
  element;
  #handlers;
  #draftWaiters = [];
  #slow;
  #listener = (event) => this.#receive(event);

  /**
   * `handlers`: onReady(), onSubmit(answer), onActivity(), onChanged(), onDraft(draft), and onSlow() where the task
   * does not get ready. What comes from the frame is from a stranger: it is checked where it is used.
   */
  constructor(address, title, handlers) {
    this.#handlers = handlers;
    this.element = make("iframe", { title, sandbox: "allow-scripts allow-modals", src: address });
    this.#slow = setTimeout(() => handlers.onSlow(), READY_TIME);
    addEventListener("message", this.#listener);
  }

  restore(draft) {
    this.#post({ type: "restore", draft });
  }

  /** The server has refused the answer; it can be submitted again. */
  refuse(message) {
    this.#post({ type: "refused", message });
  }

  /** The time is over: no more edits. */
  lock() {
    this.#post({ type: "locked" });
  }

  /** Resolves when the frame has given its draft to onDraft, or does not answer. */
  collectDraft() {
    return new Promise((resolve) => {
      this.#draftWaiters.push(resolve);
      setTimeout(resolve, ANSWER_TIME);
      this.#post({ type: "collect-draft" });
    });
  }

  focus() {
    this.element.focus();
  }

  close() {
    clearTimeout(this.#slow);
    removeEventListener("message", this.#listener);
    this.element.remove();
  }

  #post(message) {
    this.element.contentWindow?.postMessage(message, "*"); // no origin can be named, and nothing in it is secret
  }

  #receive(event) {
    if (event.source !== this.element.contentWindow || event.origin !== "null") return;
    const { type, answer, draft } = Object(event.data);
    if (type === "ready") {
      clearTimeout(this.#slow);
      this.#handlers.onReady();
    } else if (type === "submit") this.#handlers.onSubmit(answer);
    else if (type === "activity") this.#handlers.onActivity();
    else if (type === "changed") this.#handlers.onChanged();
    else if (type === "draft") {
      this.#handlers.onDraft(draft);
      for (const resolve of this.#draftWaiters.splice(0)) resolve();
    }
  }
}
