// The time that is left for a task.

const WARNING = 60; // seconds before the end
const TICK = 1_000; // milliseconds

/**
 * Calls `onTick(seconds)` every second, `onWarning()` once in the last minute and `onEnd()` once at zero. It goes
 * by the time of day, so that a computer that slept has not stopped the clock.
 */
export class Countdown {
  #end;
  #timer;
  #handlers;
  #warned = false;
  #look = () => this.#tick();

  constructor(seconds, handlers) {
    this.#end = Date.now() + seconds * 1000;
    this.#handlers = handlers;
    this.#timer = setInterval(this.#look, TICK);
    document.addEventListener("visibilitychange", this.#look);
    this.#tick();
  }

  get seconds() {
    return Math.max(0, (this.#end - Date.now()) / 1000);
  }

  stop() {
    clearInterval(this.#timer);
    document.removeEventListener("visibilitychange", this.#look);
  }

  #tick() {
    const seconds = this.seconds;
    this.#handlers.onTick(seconds);
    if (seconds <= WARNING && seconds > 0 && !this.#warned) {
      this.#warned = true;
      this.#handlers.onWarning();
    }
    if (seconds === 0) {
      this.stop();
      this.#handlers.onEnd();
    }
  }
}

/** Such as "4:05", or "2 h 10 min" where seconds do not matter yet. */
export function describeTime(seconds) {
  const whole = Math.ceil(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${minutes}:${String(whole % 60).padStart(2, "0")}`;
}

/** Call `look` again and again while the page can be seen, never twice at once; returns what ends it. */
export function lookRegularly(look, milliseconds) {
  let busy = false;
  const looking = async () => {
    if (busy || document.visibilityState !== "visible") return;
    busy = true;
    await look();
    busy = false;
  };
  const timer = setInterval(looking, milliseconds);
  document.addEventListener("visibilitychange", looking);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", looking);
  };
}
