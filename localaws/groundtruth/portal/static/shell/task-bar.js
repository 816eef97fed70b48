// The bar over a task: how far one is, whether the work is saved, the time that is left, and the ways out.

import { describeTime } from "./clock.js";
import { button, make } from "./dom.js";
import { alert } from "./notices.js";

const SAVED = {
  saving: "Saving…",
  saved: "Draft saved",
  restored: "Draft restored",
  unsaved: "Not saved yet",
  failed: "Not saved",
};
const WARNING = 60; // seconds

export class TaskBar {
  #title = make("strong", { className: "job" });
  #progress = make("span", { className: "progress" });
  #saved = make("span", { className: "saved" });
  #spoken = make("span", { className: "unseen", role: "status" });
  #time = make("span", { className: "time", role: "timer", "aria-live": "off" });
  #buttons;
  #said = "";

  /** `actions` has stop, release and decline. */
  constructor(actions) {
    this.#buttons = [
      button("Stop and resume later", actions.stop),
      button("Release", actions.release),
      button("Decline", actions.decline),
    ];
    this.clear();
  }

  get elements() {
    return [
      make("div", { className: "about" }, this.#title, this.#progress),
      make("div", { className: "states" }, this.#saved, this.#spoken, this.#time),
      make("div", { className: "ways", role: "group", "aria-label": "Task" }, ...this.#buttons),
    ];
  }

  showTask(title, number, total) {
    this.#title.textContent = this.#title.title = title;
    this.#progress.textContent = `${number} of ${total} in this job`;
    this.#saved.textContent = this.#spoken.textContent = this.#said = "";
    this.#enable(true);
    this.#show(true);
  }

  showTime(seconds) {
    this.#time.textContent = seconds ? `${describeTime(seconds)} left` : "Time is over";
    this.#time.classList.toggle("short", seconds <= WARNING);
  }

  /** `state`: one of SAVED; `problem` says why it failed. */
  showSaved(state, problem) {
    this.#saved.textContent = SAVED[state];
    this.#saved.title = problem?.message ?? "";
    this.#saved.classList.toggle("bad", state === "failed" || state === "unsaved");
    if (state === "failed") alert(`Your work is not saved: ${problem.message}`);
    else if (state !== "saving") this.#speak(SAVED[state]);
  }

  /** Something is on its way that ends the task; "" when it has come back. */
  setBusy(words) {
    this.#enable(!words);
    this.#saved.textContent = words;
    this.#saved.classList.remove("bad");
    if (words) this.#speak(words);
  }

  /** There is nothing to be done with the task any more; `words` stand in the place of its time. */
  lock(words) {
    this.#enable(false);
    this.#saved.textContent = "";
    this.#time.textContent = words;
    this.#time.classList.add("short");
  }

  clear() {
    for (const place of [this.#title, this.#progress, this.#saved, this.#spoken, this.#time]) {
      place.textContent = "";
    }
    this.#time.classList.remove("short");
    this.#enable(false);
    this.#show(false);
  }

  /** A reader of the screen is told that something has changed, not that it goes on as before. */
  #speak(words) {
    if (words === this.#said) return;
    this.#said = words;
    this.#spoken.textContent = words;
  }

  #enable(enabled) {
    for (const button of this.#buttons) button.disabled = !enabled;
  }

  #show(shown) {
    for (const button of this.#buttons) button.hidden = !shown;
  }
}
