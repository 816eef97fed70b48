// Saves drafts one after the other, always the newest.

const REST = 1_000; // milliseconds between two drafts, however fast they come

const savers = new Set(); // those that have something to save

/** Whether the portal lacks a draft of any task, also of one that is not on the screen any more. */
export function anyUnsaved() {
  return [...savers].some((saver) => saver.unsaved);
}

/** Resolves when every draft is saved, or could not be. */
export async function settleDrafts() {
  await Promise.all([...savers].map((saver) => saver.settled));
}

export class DraftSaver {
  /** The newest draft that is known, saved or not. */
  newest;
  settled = Promise.resolve();
  #save;
  #onState;
  #waiting = false;
  #failed = false;
  #closed = false;

  /** `save(draft)` resolves when it is kept; `onState` is told "saving", "saved", or "failed" and the problem. */
  constructor(draft, save, onState) {
    this.newest = draft;
    this.#save = save;
    this.#onState = onState;
  }

  /** Whether there is a draft that the portal does not have. */
  get unsaved() {
    return this.#waiting || this.#failed;
  }

  put(draft) {
    if (this.#closed) return;
    this.newest = draft;
    this.#waiting = true;
    this.#onState("saving");
    if (!savers.has(this)) this.settled = this.#run();
  }

  /** Nothing is saved any more: the task has ended. */
  close() {
    this.#closed = true;
    this.#waiting = this.#failed = false;
    savers.delete(this);
  }

  async #run() {
    savers.add(this);
    while (this.#waiting) {
      await this.#saveNewest();
      if (this.#waiting) await new Promise((resolve) => setTimeout(resolve, REST));
    }
    savers.delete(this);
  }

  async #saveNewest() {
    const draft = this.newest;
    let problem = null;
    try {
      await this.#save(draft);
    } catch (found) {
      problem = found;
    }
    if (this.#closed) return;
    this.#failed = problem !== null;
    if (draft === this.newest || problem) this.#waiting = false;
    if (problem) this.#onState("failed", problem);
    else if (!this.#waiting) this.#onState("saved");
  }
}
