// <crowd-form>: collects what its elements and inputs hold, and hands it to the portal page around
// the frame.
// Contract: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-crowd-form.html

import { el } from "./dom.js";
import {
  collectAnswer,
  collectDraft,
  crowdElements,
  plainInputs,
  restoreDraft,
} from "./form-values.js";
import { submitButton } from "./frame.js";
import { PortalPage } from "./portal-page.js";
import { FORM, THEME } from "./styles.js";
import {
  fillsForm,
  hasSubmitButton,
  isSubmitButton,
  isSwitchedOff,
  submitButtons,
  switchOff,
} from "./submit-place.js";

const DRAFT_DELAY = 2_000; // milliseconds after a change
const PREVIEW = "This is a preview: the answer goes nowhere.";
const TIME_OVER = "The time for this task is over; nothing can be changed or submitted any more.";

export class CrowdForm extends HTMLElement {
  #portal = null;
  #message = null;
  #submit = null; // our own button, where the form has one
  #footer = null;
  #sent = false;
  #locked = false;
  #draftTimer = 0;

  connectedCallback() {
    if (this.shadowRoot) return;
    this.#build();
    this.#portal = new PortalPage({
      restore: ({ draft }) => restoreDraft(this, draft),
      refused: ({ message }) => this.#refused(message),
      "collect-draft": () => this.#sendDraft(),
      locked: () => this.#lock(),
    });
    this.addEventListener("click", (event) => this.#click(event));
    // A plain <form> within would leave the page.
    this.addEventListener("submit", (event) => this.#innerSubmit(event), true);
    for (const type of ["change", "input"]) this.addEventListener(type, () => this.#changed());
    document.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("all-crowd-elements-ready", () => this.#ready(), { once: true });
  }

  #build() {
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [THEME, FORM];
    this.#message = el("span", { className: "message", role: "alert" });
    this.#footer = el("footer", {}, this.#message);
    root.append(el("slot"), this.#footer);
  }

  #ready() {
    this.#placeSubmit();
    this.#portal.post({ type: "ready" });
  }

  #placeSubmit() {
    if (this.#filling) this.toggleAttribute("filled", true);
    if (this.#filling || hasSubmitButton(this)) return;
    this.#submit = submitButton(() => this.requestSubmit());
    this.#footer.append(this.#submit);
  }

  /** The labeling element that is all of the form and shows its messages; undefined without one. */
  get #filling() {
    return crowdElements(this).find((element) => element.say && fillsForm(element));
  }

  /** Submit as the button does: check, let the template's own listeners veto, send. */
  async requestSubmit() {
    if (this.#sent || !this.#check()) return;
    if (this.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })))
      await this.#send();
  }

  /**
   * Submit without the event, as the method of a plain form does; for templates that vetoed it to
   * wait.
   */
  async submit() {
    if (!this.#sent && this.#check()) await this.#send();
  }

  reset() {
    for (const element of crowdElements(this)) element.reset?.();
    for (const input of plainInputs(this)) resetInput(input);
    this.#say("");
  }

  #check() {
    if (this.#locked) return this.#say(TIME_OVER);
    for (const element of crowdElements(this)) {
      const problem = element.problem?.() ?? "";
      if (problem) {
        this.#say(problem);
        element.showProblem(problem);
        return false;
      }
    }
    const invalid = plainInputs(this).find((input) => !input.checkValidity());
    invalid?.reportValidity();
    return !invalid;
  }

  async #send() {
    this.#sent = true;
    clearTimeout(this.#draftTimer);
    this.#say("");
    try {
      const answer = await collectAnswer(this);
      this.#portal.post({ type: "submit", answer });
      if (!this.#portal.present) this.#refused(PREVIEW);
    } catch (problem) {
      this.#refused(`The answer could not be put together: ${problem.message}`);
    }
  }

  #refused(message) {
    this.#sent = false;
    this.#say(String(message ?? "The answer was refused."));
  }

  #lock() {
    this.#locked = true;
    clearTimeout(this.#draftTimer);
    for (const element of crowdElements(this)) element.lock?.(TIME_OVER);
    for (const input of plainInputs(this)) input.disabled = true;
    for (const button of [this.#submit, ...submitButtons(this)]) switchOff(button, TIME_OVER);
    this.#say(TIME_OVER);
  }

  #say(message) {
    const place = this.#filling;
    if (place) place.say(message);
    else this.#message.textContent = message;
    return false;
  }

  #changed() {
    if (this.#locked || this.#sent) return;
    this.#portal.post({ type: "changed" });
    clearTimeout(this.#draftTimer);
    this.#draftTimer = setTimeout(() => this.#sendDraft(), DRAFT_DELAY);
  }

  async #sendDraft() {
    clearTimeout(this.#draftTimer);
    this.#portal.post({ type: "draft", draft: { ...(await collectDraft(this)) } });
  }

  #click(event) {
    const pressed = event.composedPath().find((node) => node.localName && isFormButton(node));
    if (!pressed || event.defaultPrevented) return;
    event.preventDefault();
    if (isSubmitButton(pressed)) this.requestSubmit();
    else this.reset();
  }

  #innerSubmit(event) {
    if (event.target === this || !event.isTrusted) return;
    event.preventDefault();
    event.stopPropagation();
    this.requestSubmit();
  }

  #key(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented)
      return;
    event.preventDefault();
    if (!isSwitchedOff(this)) this.requestSubmit();
  }
}

function isFormButton(node) {
  return isSubmitButton(node) || node.matches("crowd-button[form-action=reset], [type=reset]");
}

function resetInput(input) {
  if (input.localName === "select") {
    for (const option of input.options) option.selected = option.defaultSelected;
  } else if ("defaultChecked" in input && (input.type === "checkbox" || input.type === "radio")) {
    input.checked = input.defaultChecked;
  } else input.value = input.defaultValue;
}
