// The conversation with the portal page around the frame. The frame has no origin of its own, so it
// is told apart by its window alone, and nothing secret is in a message.
//
// The page is `top`, not `parent`: the portal's pages are in no frame themselves, and a template's
// own variable called parent would hide the window's.
//
// To the page: ready, submit {answer}, activity, changed (a draft is going to follow), draft
// {draft}.
// From it: restore {draft}, refused {message}, collect-draft, locked.

const ACTIVITY = 5_000; // milliseconds between two reports of activity
const ACTIVE = ["pointerdown", "pointermove", "keydown", "wheel", "input"];

export class PortalPage {
  #reported = -Infinity;

  /** `handlers` has a function per message from the page; each gets the message. */
  constructor(handlers) {
    addEventListener("message", (event) => {
      const type = event.data?.type;
      if (event.source === top && Object.hasOwn(handlers, type)) handlers[type](event.data);
    });
    for (const type of ACTIVE) {
      addEventListener(type, (event) => this.#active(event), { capture: true, passive: true });
    }
  }

  /** False where the task is looked at without a portal around it. */
  get present() {
    return top !== window;
  }

  post(message) {
    if (this.present) top.postMessage(message, "*");
  }

  #active(event) {
    if (!event.isTrusted || event.timeStamp - this.#reported < ACTIVITY) return;
    this.#reported = event.timeStamp;
    this.post({ type: "activity" });
  }
}
