// Signing in with the work team's user, and setting the password of one's own that the first sign-in asks for.

import { make, sentence } from "./dom.js";

const EXPIRED = 401;

/** A form; `onDone(session)` is called when the worker is in. `username` is given where it must be that one. */
export class SignInForm {
  element = make("div", { className: "sign-in" });
  #portal;
  #onDone;
  #username;

  constructor(portal, onDone, username = "") {
    this.#portal = portal;
    this.#onDone = onDone;
    this.#username = username;
    this.#askForPassword("");
  }

  focus() {
    const fields = [...this.element.querySelectorAll("input")];
    (fields.find((field) => !field.value && !field.readOnly) ?? fields[0]).focus();
  }

  #askForPassword(message) {
    const username = field("User name", {
      name: "username",
      autocomplete: "username",
      autocapitalize: "none",
      spellcheck: false,
      value: this.#username,
      readOnly: this.#username !== "",
    });
    const password = field("Password", { name: "password", type: "password", autocomplete: "current-password" });
    this.#show([username, password], "Sign in", message, async () => {
      const found = await this.#portal.signIn(username.input.value.trim(), password.input.value);
      if (found.challenge) this.#askForNewPassword(username.input.value.trim(), found.session);
      else this.#onDone(found);
    });
  }

  #askForNewPassword(username, session) {
    const words = "Your first password was only for once. Choose one of your own.";
    const hidden = make("input", { name: "username", autocomplete: "username", value: username, hidden: true });
    const first = field("New password", { name: "new", type: "password", autocomplete: "new-password" });
    const second = field("The same again", { name: "again", type: "password", autocomplete: "new-password" });
    const set = async () => {
      if (first.input.value !== second.input.value) throw new Error("The two passwords are not the same.");
      try {
        this.#onDone(await this.#portal.setPassword(username, session, first.input.value));
      } catch (problem) {
        if (problem.status !== EXPIRED) throw problem;
        this.#askForPassword("That took too long. Sign in with your first password once more.");
      }
    };
    this.#show([words, hidden, first, second], "Set password and sign in", "", set);
    this.focus();
  }

  #show(parts, action, message, submit) {
    const alert = make("p", { className: "problem", role: "alert", textContent: message });
    const send = make("button", { className: "primary", textContent: action });
    const form = make("form", {}, ...parts.map(part), alert, send);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      send.disabled = true;
      alert.textContent = "";
      try {
        await submit();
      } catch (problem) {
        alert.textContent = sentence(problem.message);
        form.querySelector("input[type=password]")?.select();
      }
      send.disabled = false;
    });
    this.element.replaceChildren(form);
  }
}

function part(content) {
  if (typeof content === "string") return make("p", { textContent: content });
  return content.label ?? content;
}

function field(text, properties) {
  const input = make("input", { required: true, ...properties });
  return { input, label: make("label", {}, make("span", { textContent: text }), input) };
}
