// The worker portal in the browser: who is signed in, which page is shown, and what goes on beside it.

import { Portal } from "./api.js";
import { insist } from "./dialogs.js";
import { button, link, make } from "./dom.js";
import { anyUnsaved, settleDrafts } from "./drafts.js";
import { JobsPage } from "./jobs.js";
import { notify } from "./notices.js";
import { SignInForm } from "./sign-in.js";
import { TaskPage } from "./task.js";

const JOB = /^\/jobs\/([A-Za-z0-9-]+)$/;
const AWAY = "The portal cannot be reached. Your work stays here, and is sent as soon as it can be.";

class App {
  portal = new Portal();
  away = false;
  #session = null;
  #page = null;
  #turn = 0; // of showing pages: only the last one counts
  #signingIn = null;
  #bar = document.getElementById("bar");
  #view = document.getElementById("view");
  #awayStrip = document.getElementById("away");

  async start() {
    this.portal.addEventListener("away", () => this.#setAway(true));
    this.portal.addEventListener("back", () => this.#setAway(false));
    addEventListener("popstate", () => this.#show());
    addEventListener("beforeunload", (event) => {
      if (this.#page?.unsaved || anyUnsaved()) event.preventDefault();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.#page?.hidden?.();
    });
    document.addEventListener("click", (event) => this.#follow(event));
    try {
      this.#session = await this.portal.session();
      await this.#show();
    } catch (problem) {
      this.#view.replaceChildren(problemText(problem));
    }
  }

  go(path) {
    history.pushState(null, "", path);
    return this.#show();
  }

  setTitle(text) {
    document.title = `${text} – Worker portal`;
  }

  /** Resolves when the worker has signed in again; what is on the screen stays. */
  signInAgain = () => {
    this.#signingIn ??= this.#askToSignIn().finally(() => (this.#signingIn = null));
    return this.#signingIn;
  };

  async #askToSignIn() {
    this.#session = (await this.portal.session()) ?? (await this.#signInDialog());
    return this.#session;
  }

  #signInDialog() {
    return new Promise((resolve) => {
      const done = (session) => {
        dialog.close();
        resolve(session);
      };
      const form = new SignInForm(this.portal, done, this.#session?.username);
      const dialog = insist("Your session has ended", form.element);
      form.focus();
    });
  }

  async #show() {
    const turn = ++this.#turn;
    const before = this.#page;
    this.#page = null;
    await before?.leave();
    if (turn !== this.#turn) return;
    if (!this.#session) return this.#showSignIn();
    const page = this.#makePage();
    this.#page = page;
    this.setTitle(page.title);
    this.#place(page);
    try {
      await page.open();
    } catch (problem) {
      this.#problem(problem);
      if (this.#page === page) page.element.replaceChildren(problemText(problem));
    }
  }

  #makePage() {
    const { pathname } = location;
    const job = JOB.exec(pathname);
    if (job) return new TaskPage(this, job[1]);
    return new JobsPage(this.portal, this.#session, (problem) => this.#problem(problem));
  }

  #place(page) {
    this.#bar.replaceChildren(this.#brand(), ...page.bar, this.#who());
    this.#view.replaceChildren(page.element);
    this.#view.focus({ preventScroll: true });
  }

  /** The address stays, so that it leads on to its page once the worker is in. */
  #showSignIn() {
    this.setTitle("Sign in");
    const form = new SignInForm(this.portal, (session) => {
      this.#session = session;
      this.#show();
    });
    this.#bar.replaceChildren(this.#brand());
    this.#view.replaceChildren(make("section", { className: "page door" }, form.element));
    form.focus();
  }

  #brand() {
    return link("Worker portal", "/", { className: "brand" });
  }

  #who() {
    return make(
      "div",
      { className: "who" },
      make("span", { textContent: this.#session.username }),
      button("Sign out", () => this.#signOut()),
    );
  }

  async #signOut() {
    try {
      await this.#page?.leave();
      await settleDrafts();
      await this.portal.signOut();
    } catch (problem) {
      if (problem.status !== 401 && problem.status !== 403) {
        notify(problem.message);
        return this.#show();
      }
    }
    this.#session = this.#page = null;
    history.replaceState(null, "", "/");
    return this.#show();
  }

  #problem(problem) {
    if (problem.status !== 401) return notify(problem.message);
    this.#session = null;
    return this.#show();
  }

  #setAway(away) {
    this.away = away;
    this.#awayStrip.textContent = away ? AWAY : "";
    this.#page?.setAway?.(away);
  }

  /** Links within the portal change the page without loading it anew. */
  #follow(event) {
    const anchor = event.target.closest?.("a[href^='/']");
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (!anchor || !plain || event.defaultPrevented) return;
    event.preventDefault();
    this.go(anchor.pathname);
  }
}

function problemText(problem) {
  return make("p", { className: "loading", role: "alert", textContent: problem.message });
}

new App().start();
