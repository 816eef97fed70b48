// The page of one job: one task after the other, and what is shown when there is none.

import { button, link, make } from "./dom.js";
import { settleDrafts } from "./drafts.js";
import { NoTasks } from "./no-tasks.js";
import { OpenTask } from "./open-task.js";
import { TaskBar } from "./task-bar.js";
import { TaskVisit } from "./task-visit.js";

export class TaskPage {
  title = "Task";
  element = make("section", { className: "task", "aria-label": "Task" });
  #app;
  #job;
  #bar;
  #visit = null;
  #noTasks = null;

  /** `app` has the portal, away, go(path), signInAgain() and setTitle(text). */
  constructor(app, job) {
    this.#app = app;
    this.#job = job;
    this.#bar = new TaskBar({
      stop: () => this.#visit.stop(),
      release: () => this.#visit.release(),
      decline: () => this.#visit.decline(),
    });
  }

  get bar() {
    return this.#bar.elements;
  }

  /** Whether there is work that the portal does not have yet. */
  get unsaved() {
    return this.#visit?.unsaved ?? false;
  }

  open() {
    return this.#next();
  }

  /** The page goes; the frame's last draft is on its way. */
  async leave() {
    await this.#visit?.collectDraft();
    this.#close();
  }

  /** The page is hidden, perhaps for good. */
  hidden() {
    this.#visit?.collectDraft();
  }

  /** Calls to the portal do, or do not, get through. */
  setAway(away) {
    this.#visit?.setAway(away);
  }

  async #next() {
    this.#close();
    this.element.replaceChildren(make("p", { className: "loading", textContent: "Loading the task…" }));
    try {
      await settleDrafts(); // the task at hand comes with its draft
      const task = await OpenTask.claim(this.#app.portal, this.#job, this.#app.signInAgain);
      if (!this.element.isConnected) return; // the worker has gone elsewhere meanwhile, and can come back to it
      if (task) this.#show(task);
      else this.#showNoTasks();
    } catch (problem) {
      this.#showProblem(problem);
    }
  }

  #show(task) {
    const { done, total } = task.progress;
    const number = done + 1;
    this.#bar.showTask(task.title, number, Math.max(total, number));
    this.#app.setTitle(`${number} of ${Math.max(total, number)} · ${task.title}`);
    this.#visit = new TaskVisit(this.#app, task, this.#bar, {
      next: () => this.#next(),
      jobs: () => this.#toJobs(),
    });
    this.element.replaceChildren(this.#visit.element);
    this.#visit.focus();
  }

  #showNoTasks() {
    this.#app.setTitle("No more tasks");
    this.#noTasks = new NoTasks(this.#app.portal, this.#job, () => this.#next());
    this.element.replaceChildren(this.#noTasks.element);
    this.#noTasks.focus();
  }

  #showProblem(problem) {
    this.#app.setTitle("Not available");
    this.element.replaceChildren(
      make(
        "section",
        { className: "page calm" },
        make("h1", { textContent: "There is no task to show" }),
        make("p", { textContent: problem.message, role: "alert" }),
        make(
          "div",
          { className: "actions" },
          button("Try again", () => this.#next(), { className: "primary" }),
          link("All jobs", "/", { className: "button" }),
        ),
      ),
    );
  }

  #toJobs() {
    this.#close();
    this.#app.go("/");
  }

  #close() {
    this.#visit?.close();
    this.#noTasks?.close();
    this.#visit = this.#noTasks = null;
    this.#bar.clear();
  }
}
