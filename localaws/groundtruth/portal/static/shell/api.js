// The portal's HTTP. Every call may be repeated, so one that does not get through is tried again until it does.

const FIRST_PAUSE = 500; // milliseconds
const LONGEST_PAUSE = 8_000;
const PATIENCE = 120_000; // milliseconds for one attempt: an answer may hold a large mask
const UNAVAILABLE = [502, 503, 504];
const AWAY = "The portal cannot be reached at this moment. Try again.";

/** The portal said no, and asking again does not help. `status` is HTTP's; 0 where it did not answer at all. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Sends "away" when a call does not get through and is going to be repeated, "back" when one does again. */
export class Portal extends EventTarget {
  #token = "";
  #away = false;

  /** Resolves to who is signed in, or null. */
  async session() {
    try {
      return this.#welcome(await this.get("/api/session"));
    } catch (problem) {
      if (problem.status === 401) return null;
      throw problem;
    }
  }

  /** Resolves to who is signed in, or to {challenge, session} where a new password must be set first. */
  async signIn(username, password) {
    return this.#welcome(await this.tell("/api/sign-in", { username, password }));
  }

  async setPassword(username, session, password) {
    return this.#welcome(
      await this.tell("/api/new-password", { username, session, new_password: password }),
    );
  }

  async signOut() {
    await this.tell("/api/sign-out", {});
    this.#token = "";
  }

  get(path) {
    return this.#repeat(path, { method: "GET" });
  }

  /** `token` is the CSRF token of a task; without one the session's is sent. Resolves to null without a body. */
  post(path, body, token = this.#token) {
    return this.#repeat(path, this.#request(body, token));
  }

  /** As post, but tried once. */
  tell(path, body, token = this.#token) {
    return this.#attempt(path, this.#request(body, token));
  }

  #request(body, token) {
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": token };
    return { method: "POST", headers, body: JSON.stringify(body) };
  }

  async #repeat(path, request) {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        const reply = await this.#attempt(path, request);
        this.#reached(true);
        return reply;
      } catch (problem) {
        if (problem.status !== 0 && !UNAVAILABLE.includes(problem.status)) {
          this.#reached(true);
          throw problem;
        }
      }
      this.#reached(false);
      await patience(pause);
    }
  }

  async #attempt(path, request) {
    let response, text;
    try {
      response = await fetch(path, { ...request, signal: AbortSignal.timeout(PATIENCE) });
      text = await response.text();
    } catch {
      throw new Refused(0, AWAY);
    }
    const reply = parse(text);
    if (!response.ok) {
      throw new Refused(response.status, reply?.error ?? `The portal answered with ${response.status}.`);
    }
    return reply;
  }

  #welcome(session) {
    if (session.csrf_token) this.#token = session.csrf_token;
    return session;
  }

  #reached(reached) {
    if (this.#away !== reached) return;
    this.#away = !reached;
    this.dispatchEvent(new Event(reached ? "back" : "away"));
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Some time, or until the browser has found the network again. */
function patience(milliseconds) {
  return new Promise((resolve) => {
    const go = () => {
      removeEventListener("online", go);
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(go, milliseconds);
    addEventListener("online", go);
  });
}
