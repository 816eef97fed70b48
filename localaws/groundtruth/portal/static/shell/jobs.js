// The list of labeling jobs that the worker's teams have.

import { describeTime, lookRegularly } from "./clock.js";
import { count, link, make } from "./dom.js";

const LOOK = 15_000; // milliseconds
const ACTIONS = { open: "Continue", stopped: "Resume" };

export class JobsPage {
  title = "Jobs";
  bar = [];
  element = make("section", { className: "page", "aria-labelledby": "jobs-title" });
  #portal;
  #session;
  #onProblem;
  #stopLooking = () => {};
  #shown = "";

  constructor(portal, session, onProblem) {
    this.#portal = portal;
    this.#session = session;
    this.#onProblem = onProblem;
  }

  async open() {
    await this.#look();
    this.#stopLooking = lookRegularly(() => this.#look().catch(this.#onProblem), LOOK);
  }

  async leave() {
    this.#stopLooking();
  }

  async #look() {
    const { jobs } = await this.#portal.get("/api/jobs");
    const found = JSON.stringify(jobs);
    if (found === this.#shown) return; // what is focused stays as it is
    this.#shown = found;
    const focused = this.element.contains(document.activeElement) && document.activeElement.id;
    this.element.replaceChildren(
      make("h1", { id: "jobs-title", textContent: "Jobs" }),
      jobs.length ? make("ul", { className: "jobs" }, ...jobs.map(card)) : this.#nothing(),
    );
    if (focused) document.getElementById(focused)?.focus();
  }

  #nothing() {
    const { teams } = this.#session;
    const why = teams.length
      ? `There is no open job for ${teams.join(", ")} at this moment. New ones appear here by themselves.`
      : "You are in no work team yet. Whoever invited you can add you to one; then its jobs appear here.";
    return make("p", { className: "empty", textContent: why });
  }
}

function card(job) {
  const ready = job.available > 0 || job.at_hand;
  const path = `/jobs/${encodeURIComponent(job.name)}`;
  const id = `job-${job.name}`;
  return make(
    "li",
    { className: "card" },
    make(
      "div",
      { className: "about" },
      make("h2", { textContent: job.title, id }),
      make("p", { textContent: job.description }),
      job.keywords.length ? make("ul", { className: "keywords", "aria-label": "Keywords" }, ...words(job)) : null,
      make("p", { className: "name", textContent: job.name }),
    ),
    make(
      "div",
      { className: "state" },
      stopped(job),
      make("p", { textContent: `${count(job.available, "task")} available` }),
      make("p", { className: "quiet", textContent: `${job.submitted} submitted by you` }),
      ready
        ? link(ACTIONS[job.at_hand] ?? "Start", path, {
            className: "button primary",
            id: `go-${job.name}`,
            "aria-describedby": id,
          })
        : make("p", { className: "quiet", textContent: "Nothing for you to do now" }),
    ),
  );
}

function words(job) {
  return job.keywords.map((keyword) => make("li", { textContent: keyword }));
}

function stopped(job) {
  if (!job.at_hand) return null;
  const state = job.at_hand === "stopped" ? "Stopped" : "Begun";
  const left = describeTime(job.seconds_left);
  return make("p", { className: "badge", textContent: `${state}: resume within ${left}` });
}
