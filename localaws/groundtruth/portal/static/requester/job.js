// One labeling job: how far it is, its workers, how far they agree, what failed, its last labels.

import { el } from "../elements/dom.js";
import { confidence, count, counted, duration, moment, share } from "./format.js";
import { Gallery } from "./gallery.js";
import { explain } from "./method.js";
import { fillProgress, fillStatus, makeProgress, section, setText, Tiles } from "./parts.js";
import { DataTable } from "./table.js";

const TILES = [
  "Answers per hour",
  "Time left",
  "Median time per answer",
  "Objects agreed on",
  "Mean confidence",
  "Failed objects",
];
const STATES = [
  ["labeled", "Labeled by this job"],
  ["kept", "Labeled before, in the input"],
  ["unwanted", "Passed through: no label wanted"],
  ["failed", "Failed"],
  ["answered", "Answered, being consolidated"],
  ["open", "With workers"],
  ["waiting", "Waiting for their turn"],
  ["stopped", "Left out: the job was stopped"],
];
const WORKERS = [
  { title: "Worker", heading: true, make: makeWorker, fill: fillWorker },
  { title: "Answers", numeric: true, text: (worker) => count(worker.answers) },
  { title: "Median time", numeric: true, text: (worker) => duration(worker.median_seconds) },
  { title: "Declined", numeric: true, text: (worker) => count(worker.declined) },
  { title: "On a task now", text: (worker) => (worker.working ? "yes" : "no") },
  { title: "Last answer", whole: true, text: (worker) => moment(worker.last_answer_at) },
];
const KNOWN = [
  { title: "Worker", heading: true, make: makeWorker, fill: fillWorker },
  { title: "Images", numeric: true, text: ({ known }) => count(known.images) },
  { title: "Found", numeric: true, text: ({ known }) => count(known.found) },
  { title: "Missed", numeric: true, text: ({ known }) => count(known.missed) },
  { title: "Extra", numeric: true, text: ({ known }) => count(known.extra) },
  { title: "Mean overlap", numeric: true, text: ({ known }) => confidence(known.mean_iou) },
  { title: "Score", numeric: true, text: ({ known }) => confidence(known.score) },
];
const REASONS = [
  { title: "Reason", heading: true, text: ({ reason }) => reason ?? "none given" },
  { title: "Objects", numeric: true, text: (reason) => count(reason.count) },
];
const FAILED = [
  { title: "Line", numeric: true, text: ({ number }) => count(number + 1) },
  { title: "Object", heading: true, text: ({ source }) => source ?? "" },
  { title: "Reason", text: ({ reason }) => reason ?? "none given" },
];

export class JobPage {
  #title = el("h1");
  #status = el("span");
  #about = el("p", { className: "about" });
  #description = el("p");
  #trouble = el("p", { className: "trouble" });
  #progress = makeProgress();
  #tiles = new Tiles(TILES);
  #states = new DataTable(
    "Objects by state",
    [
      { title: "State", heading: true, text: ({ words }) => words },
      { title: "Objects", numeric: true, text: (state) => count(state.count) },
    ],
    ({ words }) => words,
    "The input manifest has not been read yet.",
  );
  #workers = new DataTable("Workers", WORKERS, ({ worker }) => worker, "Nobody has answered yet.");
  #known = new DataTable("Known answers", KNOWN, ({ worker }) => worker, "");
  #knownSection = section("Known answers", this.#known.element);
  #reasons = new DataTable("Reasons", REASONS, ({ reason }) => reason, "No object has failed.");
  #failed = new DataTable("Failed objects", FAILED, ({ number }) => number, "");
  #failedList = el("details", {}, el("summary"), this.#failed.element);
  #gallery = new Gallery();
  #method = explain();

  constructor(name) {
    this.source = `/api/requester/jobs/${encodeURIComponent(name)}`;
    this.element = el(
      "div",
      {},
      el("div", { className: "heading" }, this.#title, this.#status),
      this.#about,
      this.#description,
      this.#trouble,
      this.#progress,
      this.#tiles.element,
      el(
        "div",
        { className: "columns" },
        section("Workers", this.#workers.element),
        section("Objects", this.#states.element),
      ),
      this.#knownSection,
      section("Failed objects", this.#reasons.element, this.#failedList),
      section("Consolidated last", this.#gallery.element),
      this.#method.element,
    );
  }

  update(job) {
    document.title = `${job.percent} % · ${job.title}`;
    setText(this.#title, job.title);
    fillStatus(this.#status, job.status);
    const about = [
      job.name,
      `work team ${job.team}`,
      `${counted(job.workers_per_object, "worker")} per object`,
      `started ${moment(job.created_at)}`,
    ];
    setText(this.#about, about.join(" · "));
    setText(this.#description, job.description);
    setText(this.#trouble, job.failure_reason ?? "");
    this.#trouble.hidden = !job.failure_reason;
    fillProgress(this.#progress, job, job.seconds_left && job.now + job.seconds_left);
    this.#tiles.update({
      "Answers per hour": count(job.answers_per_hour),
      "Time left": timeLeft(job),
      "Median time per answer": duration(job.answers.median_seconds),
      "Objects agreed on": share(job.agreement.agreed),
      "Mean confidence": confidence(job.agreement.mean_confidence),
      "Failed objects": count(job.objects.failed),
    });
    const states = STATES.map(([state, words]) => ({ words, count: job.objects[state] }));
    this.#states.update(states.filter((state) => state.count));
    this.#workers.update(job.workers);
    const scored = job.workers.filter(({ known }) => known);
    this.#known.update(scored);
    this.#knownSection.hidden = !scored.length;
    this.#updateFailures(job);
    this.#gallery.update(job.newest);
    this.#method.update(job);
  }

  #updateFailures({ failures, objects }) {
    this.#reasons.update(failures.reasons);
    this.#failed.update(failures.objects);
    this.#failedList.hidden = !failures.objects.length;
    const shown = failures.objects.length;
    const words = shown < objects.failed ? `The first ${count(shown)} of them` : "Which they are";
    setText(this.#failedList.firstElementChild, words);
  }
}

function makeWorker() {
  return el("div", { className: "name" }, el("strong"), el("span"));
}

function fillWorker(node, { worker, username }) {
  const [name, id] = node.children;
  setText(name, username ?? worker);
  setText(id, username ? worker : "");
}

function timeLeft({ status, seconds_left }) {
  if (seconds_left === null) return status === "InProgress" ? "not known yet" : "–";
  return seconds_left ? duration(seconds_left) : "any moment";
}
