// Shows the page that the address names, and keeps it fresh.

import { timeOfDay } from "./format.js";
import { wayIn } from "./way-in.js";
import { JobPage } from "./job.js";
import { Overview } from "./overview.js";
import { setText } from "./parts.js";

const EVERY = 5000; // milliseconds between the end of one refresh and the next
const JOB = /^\/requester\/jobs\/([^/]+)$/;

const main = document.getElementById("main");
const trouble = document.getElementById("trouble");
const name = JOB.exec(location.pathname)?.[1];
const view = name ? new JobPage(decodeURIComponent(name)) : new Overview();
let timer;

async function refresh() {
  clearTimeout(timer);
  if (!document.hidden) await load();
  clearTimeout(timer);
  timer = setTimeout(refresh, EVERY);
}

async function load() {
  let reply, content;
  try {
    reply = await fetch(view.source, { cache: "no-store" });
    content = await reply.json();
  } catch {
    return setText(trouble, "The portal cannot be reached; trying again.");
  }
  if (reply.status === 401) return show(wayIn());
  if (!reply.ok) return setText(trouble, `${content.error}; trying again.`);
  show(view.element);
  view.update(content);
  setText(trouble, "");
  setText(document.getElementById("requester"), content.requester);
  setText(document.getElementById("updated"), `Updated ${timeOfDay(content.now)}`);
}

function show(element) {
  if (main.firstElementChild !== element) main.replaceChildren(element);
}

document.addEventListener("visibilitychange", () => document.hidden || refresh());
refresh();
