// All labeling jobs in one table.

import { el } from "../elements/dom.js";
import { count, duration, moment } from "./format.js";
import { fillProgress, fillStatus, makeProgress, setText } from "./parts.js";
import { DataTable } from "./table.js";

const COLUMNS = [
  { title: "Job", heading: true, make: makeName, fill: fillName },
  { title: "Status", make: () => el("span"), fill: (node, job) => fillStatus(node, job.status) },
  { title: "Objects done", make: makeProgress, fill: fillProgress },
  { title: "Failed", numeric: true, text: (job) => count(job.objects.failed) },
  { title: "Answers per hour", numeric: true, text: (job) => count(job.answers_per_hour) },
  { title: "Time left", numeric: true, text: (job) => duration(job.seconds_left) },
  { title: "Workers per object", numeric: true, text: (job) => count(job.workers_per_object) },
  { title: "Started", whole: true, text: (job) => moment(job.created_at) },
];

const NOTE =
  "Answers per hour: those of the last hour, divided by the time since the first of them. " +
  "Time left: the answers that are still wanted, at that pace.";

export class Overview {
  source = "/api/requester/jobs";
  #table = new DataTable(
    "Labeling jobs, the newest first",
    COLUMNS,
    (job) => job.name,
    "There are no labeling jobs yet.",
  );

  constructor() {
    this.element = el(
      "div",
      {},
      el("h1", { textContent: "Labeling jobs" }),
      this.#table.element,
      el("p", { className: "note", textContent: NOTE }),
    );
  }

  update({ jobs }) {
    document.title = "Labeling jobs";
    this.#table.update(jobs);
  }
}

function makeName() {
  return el("div", { className: "name" }, el("a"), el("span"));
}

function fillName(node, job) {
  const [link, title] = node.children;
  link.href = `/requester/jobs/${encodeURIComponent(job.name)}`;
  setText(link, job.name);
  setText(title, job.title);
}
