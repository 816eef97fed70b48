// How the figures of a job are computed, in words.

import { el } from "../elements/dom.js";
import { count, counted } from "./format.js";
import { setText } from "./parts.js";

const PACE =
  "the answers of the last hour, divided by the time since the first of them (a minute or more). " +
  "Time left is what it takes at this pace until every object has all its answers; stopping " +
  "conditions and declined tasks are not foreseen.";
const TIME =
  "the time of work that workers' pages told of, without breaks; without such a page, the time " +
  "from taking the task to handing it in. Half of the answers took longer, half less.";
const KNOWN =
  "images of the job whose boxes are known already, which its workers are not told. An object is " +
  "found where a worker drew a box with its label that overlaps it by half or more; the score is " +
  "twice the found ones, divided by all known objects and all drawn boxes together.";

/** The explanation; `update(job)` adds the numbers it rests on. */
export function explain() {
  const confidence = el("dd");
  const agreed = el("dd");
  const element = el(
    "details",
    { className: "method", open: true },
    el("summary", { textContent: "How these figures are computed" }),
    el(
      "dl",
      {},
      el("dt", { textContent: "Answers per hour" }),
      el("dd", { textContent: PACE }),
      el("dt", { textContent: "Median time per answer" }),
      el("dd", { textContent: TIME }),
      el("dt", { textContent: "Mean confidence" }),
      confidence,
      el("dt", { textContent: "Objects agreed on" }),
      agreed,
      el("dt", { textContent: "Known answers" }),
      el("dd", { textContent: KNOWN }),
    ),
  );
  return {
    element,
    update({ agreement }) {
      setText(
        confidence,
        "each consolidated object has the mean of its label's own confidences: of its boxes (by " +
          "labelloop's own functions the share of workers who drew each), of its mask, or of its " +
          `class. The figure is the mean over the ${counted(agreement.rated, "object")} that had ` +
          "at least two answers and a confidence.",
      );
      setText(
        agreed,
        `the share of the same objects of which no confidence is below ${agreement.agreed_from}. ` +
          `${counted(agreement.compared, "object")} had at least two answers; ` +
          `${count(agreement.compared - agreement.rated)} of them have a label without a ` +
          "confidence, such as one without boxes, and are not counted.",
      );
    },
  };
}
