// A task that the worker holds, and what can be done with it.

import { Refused } from "./api.js";

const GONE = "This task is no longer yours.";

export class OpenTask {
  #portal;
  #signInAgain;

  /** `claimed` is the portal's reply to a claim; `signInAgain()` resolves when there is a good session again. */
  constructor(portal, claimed, signInAgain) {
    this.#portal = portal;
    this.#signInAgain = signInAgain;
    Object.assign(this, {
      id: claimed.task,
      job: claimed.job,
      title: claimed.title,
      lease: claimed.lease,
      token: claimed.csrf_token,
      content: claimed.content,
      draft: claimed.draft,
      progress: claimed.progress,
      secondsLeft: claimed.seconds_left,
    });
  }

  /** The worker's task of a job, the one at hand or a new one; null where there is none. Rejects with Refused. */
  static async claim(portal, job, signInAgain) {
    const claimed = await withSession(() => portal.post(claimPath(job), {}), signInAgain);
    return claimed && new OpenTask(portal, claimed, signInAgain);
  }

  submit(answer) {
    return this.#act("submit", { answer });
  }

  saveDraft(draft) {
    return this.#act("draft", { draft });
  }

  /** Put the task aside; it stays the worker's until its time is over. */
  stop(draft) {
    return this.#act("stop", { draft });
  }

  /** Said once: when it does not get through, the next one does. */
  async noteActivity() {
    await this.#portal.tell(this.#path("activity"), { lease: this.lease }, this.token);
  }

  release() {
    return this.#handBack("release");
  }

  decline() {
    return this.#handBack("decline");
  }

  async #handBack(way) {
    try {
      await this.#act(way, {});
    } catch (problem) {
      if (problem.status !== 409) throw problem; // it is handed back already, or its time is over
    }
  }

  /** Rejects with Refused; its status 409 says that the worker does not hold the task any more. */
  #act(way, body) {
    const send = () => this.#portal.post(this.#path(way), { lease: this.lease, ...body }, this.token);
    return withSession(send, async () => {
      await this.#signInAgain();
      await this.#renewToken();
    });
  }

  #path(way) {
    return `/api/tasks/${this.id}/${way}`;
  }

  /** The token of the task went with the session; a claim brings another, if the task is still the worker's. */
  async #renewToken() {
    const claimed = await this.#portal.post(claimPath(this.job), {});
    if (claimed?.lease !== this.lease) throw new Refused(409, GONE);
    this.token = claimed.csrf_token;
  }
}

/** Send, and once more where the session has ended (401), or was replaced by a sign-in in another tab (403). */
async function withSession(send, renew) {
  try {
    return await send();
  } catch (problem) {
    if (problem.status !== 401 && problem.status !== 403) throw problem;
    await renew();
    return send();
  }
}

function claimPath(job) {
  return `/api/jobs/${encodeURIComponent(job)}/claim`;
}
