// A worker's time with one task: its frame, its drafts, its clock, and every way in which it ends.

import { Countdown } from "./clock.js";
import { ask } from "./dialogs.js";
import { button, link, make, sentence } from "./dom.js";
import { DraftSaver } from "./drafts.js";
import { TaskFrame } from "./frame.js";
import { alert, notify } from "./notices.js";
import { DECLINE_QUESTION, RELEASE_QUESTION, stopQuestion } from "./questions.js";

const SIGN_OF_LIFE = 5_000; // milliseconds between two of them
const LONGEST_CHANGE = 20_000; // milliseconds of one change after the other until the frame is asked for a draft
const GONE = 409;
const TIME_OVER = "The time for this task is over. Nothing of it was submitted, and others can get it now.";
const SLOW =
  "The task does not open. Load the page again; if that does not help, decline it and tell whoever made the job.";

export class TaskVisit {
  element = make("div", { className: "visit" });
  #app;
  #task;
  #bar;
  #then;
  #strip = make("div", { className: "strip", role: "alert" });
  #frame;
  #drafts;
  #countdown;
  #ending = false; // something is on its way that may end the visit
  #over = false; // the task is not the worker's any more
  #changedAt = null; // since when there are changes that no draft has yet
  #reportedAt = -Infinity;

  /** `then` has next() and jobs(): where to go when the visit has ended. */
  constructor(app, task, bar, then) {
    this.#app = app;
    this.#task = task;
    this.#bar = bar;
    this.#then = then;
    this.#drafts = new DraftSaver(
      task.draft,
      (draft) => task.saveDraft(draft),
      (state, problem) => this.#draftState(state, problem),
    );
    this.#frame = new TaskFrame(task.content, `Task: ${task.title}`, {
      onReady: () => this.#ready(),
      onSubmit: (answer) => this.#submit(answer),
      onActivity: () => this.#report(),
      onChanged: () => this.#changed(),
      onDraft: (draft) => this.#keep(draft),
      onSlow: () => this.#say(SLOW),
    });
    this.element.append(this.#strip, this.#frame.element);
    this.#countdown = new Countdown(task.secondsLeft, {
      onTick: (seconds) => bar.showTime(seconds),
      onWarning: () => alert("One minute is left for this task."),
      onEnd: () => this.#end(TIME_OVER, "Time is over"),
    });
  }

  get unsaved() {
    if (this.#over) return false;
    return this.#ending || this.#drafts.unsaved || this.#changedAt !== null;
  }

  focus() {
    this.#frame.focus();
  }

  /** Resolves when the frame's draft is known, and being saved. */
  async collectDraft() {
    if (!this.#over && !this.#ending) await this.#frame.collectDraft();
  }

  setAway(away) {
    if (!this.#over && this.#drafts.unsaved) this.#bar.showSaved(away ? "unsaved" : "saving");
  }

  /** Drafts that are known go on being saved. */
  close() {
    this.#over = true;
    this.#countdown.stop();
    this.#frame.close();
  }

  // What the frame says.

  #ready() {
    this.#say("");
    if (this.#drafts.newest) {
      this.#frame.restore(this.#drafts.newest);
      this.#bar.showSaved("restored");
    }
    this.#report();
    this.#frame.focus();
  }

  #report() {
    if (this.#over || Date.now() - this.#reportedAt < SIGN_OF_LIFE) return;
    this.#reportedAt = Date.now();
    this.#task.noteActivity().catch((problem) => this.#lost(problem));
  }

  #changed() {
    this.#changedAt ??= Date.now();
    if (Date.now() - this.#changedAt < LONGEST_CHANGE) return;
    this.#changedAt = Date.now();
    this.collectDraft();
  }

  #keep(draft) {
    if (this.#over || this.#ending || !isObject(draft)) return;
    this.#changedAt = null;
    if (!same(draft, this.#drafts.newest)) this.#drafts.put(draft);
  }

  #draftState(state, problem) {
    if (this.#over || this.#ending) return;
    if (state === "failed" && problem.status === GONE) this.#lost(problem);
    else this.#bar.showSaved(state === "saving" && this.#app.away ? "unsaved" : state, problem);
  }

  async #submit(answer) {
    if (this.#over || this.#ending) return;
    const refused = await this.#finish("Submitting…", () => this.#task.submit(answer), "Submitted", "next");
    if (!refused) return;
    this.#frame.refuse(refused.message);
    this.collectDraft();
    this.#say(`The answer was not accepted: ${refused.message}`);
  }

  // The ways out in the bar.

  async stop() {
    if (!(await ask(stopQuestion(this.#countdown.seconds))) || this.#over) return;
    await this.collectDraft();
    const stop = () => this.#task.stop(this.#drafts.newest);
    const refused = await this.#finish("Stopping…", stop, "Stopped: you can resume it from the list", "jobs");
    if (refused) this.#say(`The task could not be stopped: ${refused.message}`);
  }

  async release() {
    if (!(await ask(RELEASE_QUESTION)) || this.#over) return;
    const refused = await this.#finish("Releasing…", () => this.#task.release(), "Released", "jobs");
    if (refused) this.#say(`The task could not be released: ${refused.message}`);
  }

  async decline() {
    if (!(await ask(DECLINE_QUESTION)) || this.#over) return;
    const refused = await this.#finish("Declining…", () => this.#task.decline(), "Declined", "next");
    if (refused) this.#say(`The task could not be declined: ${refused.message}`);
  }

  /** Do what ends the visit, and go on to `where`; resolves to why it was refused, if the task can be gone on with. */
  async #finish(words, act, done, where) {
    this.#setEnding(words);
    try {
      await act();
    } catch (problem) {
      this.#setEnding("");
      if (problem.status !== GONE) return problem;
      this.#lost(problem);
      return null;
    }
    this.#drafts.close();
    notify(done);
    this.#then[where]();
    return null;
  }

  #setEnding(words) {
    this.#ending = words !== "";
    this.#say("");
    this.#bar.setBusy(words);
    this.#frame.element.inert = this.#ending;
    if (!this.#ending) this.#frame.focus();
  }

  // When the task cannot be gone on with.

  #lost(problem) {
    if (problem.status === GONE) this.#end(sentence(problem.message), "");
  }

  #end(message, timeWords) {
    if (this.#over) return;
    this.#over = true;
    this.#countdown.stop();
    this.#drafts.close();
    this.#bar.lock(timeWords);
    this.#frame.lock();
    this.element.classList.add("over");
    this.#say(
      message,
      button("Next task", () => this.#then.next(), { className: "primary" }),
      link("All jobs", "/", { className: "button" }),
    );
  }

  #say(message, ...actions) {
    this.#strip.replaceChildren(...(message ? [make("p", { textContent: message }), ...actions] : []));
  }
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function same(one, other) {
  try {
    return JSON.stringify(one) === JSON.stringify(other);
  } catch {
    return false; // it cannot be written as JSON: saving it will say so
  }
}
