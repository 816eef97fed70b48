// What those see who have no session: why not, and how to get one.

import { el } from "../elements/dom.js";
import { setText } from "./parts.js";

const refusal = document.getElementById("refusal");
const page = el(
  "div",
  { className: "way-in" },
  el("h1", { textContent: "Progress of labeling" }),
  refusal,
  el("p", {
    textContent:
      "This page is for those who ask for labels. It opens through a link that is signed with " +
      "AWS keys of the account, and then stays open in this browser for eight hours.",
  }),
  el(
    "ul",
    {},
    el(
      "li",
      {},
      "Where those keys are, ",
      el("code", { textContent: "labelloop requester" }),
      " prints a link.",
    ),
    el(
      "li",
      {},
      "In Dagster, ",
      el("code", { textContent: "progress_page" }),
      " in the metadata of the asset ",
      el("code", { textContent: "labeling_job" }),
      " is one.",
    ),
  ),
  el("p", {}, "To label images, ", el("a", { href: "/", textContent: "sign in as a worker" }), "."),
);

export function wayIn() {
  refusal.hidden = !refusal.textContent;
  setText(document.getElementById("requester"), "");
  setText(document.getElementById("updated"), "");
  return page;
}
