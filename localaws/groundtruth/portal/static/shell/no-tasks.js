// What is shown when a job has no task for the worker: how much was done, and a look for new ones.

import { lookRegularly } from "./clock.js";
import { button, count, link, make } from "./dom.js";
import { notify } from "./notices.js";

const LOOK = 5_000; // milliseconds
const STILL_HERE = 12_000; // so long after the last task its worker is taken to be waiting for the next

export class NoTasks {
  element;
  #portal;
  #job;
  #onFound;
  #stopLooking;
  #state = make("p", { role: "status" });
  #found = null;
  #since = Date.now();

  /** `onFound()` is called when the worker wants a task that has come. */
  constructor(portal, job, onFound) {
    this.#portal = portal;
    this.#job = job;
    this.#onFound = onFound;
    this.element = make(
      "section",
      { className: "page calm" },
      make("h1", { textContent: "No more tasks", tabIndex: -1 }),
      this.#state,
      make(
        "div",
        { className: "actions" },
        button("Look for new tasks", () => this.#lookNow()),
        link("All jobs", "/", { className: "button" }),
      ),
    );
    this.#look().catch(() => {});
    this.#stopLooking = lookRegularly(() => this.#lookAgain().catch(() => {}), LOOK);
  }

  focus() {
    this.element.querySelector("h1").focus();
  }

  close() {
    this.#stopLooking();
    this.element.remove();
  }

  async #lookNow() {
    if (await this.#look()) this.#onFound();
    else notify("There are no new tasks yet");
  }

  async #lookAgain() {
    if ((await this.#look()) && Date.now() - this.#since < STILL_HERE) this.#onFound();
  }

  /** Resolves to how many tasks there are. */
  async #look() {
    const { jobs } = await this.#portal.get("/api/jobs");
    const job = jobs.find(({ name }) => name === this.#job);
    this.#say(job);
    return job?.available ?? 0;
  }

  #say(job) {
    const words = job
      ? `You have submitted ${count(job.submitted, "task")} of this job. ` +
        (job.available
          ? `${count(job.available, "new task")} came in.`
          : "Others may still be at work; new tasks are looked for by themselves.")
      : "This job is done, or was closed. Thank you!";
    if (this.#state.textContent !== words) this.#state.textContent = words;
    if (job?.available && !this.#found) {
      this.#found = button("Start the next task", () => this.#onFound(), { className: "primary" });
      this.element.querySelector(".actions").prepend(this.#found);
    } else if (!job?.available && this.#found) {
      this.#found.remove();
      this.#found = null;
    }
  }
}
