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
    const words = this.#username
      ? "Sign in to go on; your work is still here."
      : "With the user name that you were given for your work team.";
    const username = field("User name", {
      name: "username",
      autocomplete: "username",
      autocapitalize: "none",
      spellcheck: false,
      value: this.#username,
      readOnly: this.#username !== "",
    });
    const password = field("Password", {
      name: "password",
      type: "password",
      autocomplete: "current-password",
    });
    this.#show("Sign in", words, [username.label, password.label], message, async () => {
      const found = await this.#portal.signIn(username.input.value.trim(), password.input.value);
      if (found.challenge) this.#askForNewPassword(username.input.value.trim(), found.session);
      else this.#onDone(found);
    });
  }

  #askForNewPassword(username, session) {
    const words = "Your first password was only for once. From now on you sign in with this one.";
    const hidden = make("input", { name: "username", autocomplete: "username", value: username, hidden: true });
    const first = newPassword("New password", "new");
    const second = newPassword("The same again", "again");
    this.#show("Choose a password", words, [hidden, first.label, second.label], "", async () => {
      if (first.input.value !== second.input.value) throw new Error("The two passwords are not the same.");
      try {
        this.#onDone(await this.#portal.setPassword(username, session, first.input.value));
      } catch (problem) {
        if (problem.status !== EXPIRED) throw problem;
        this.#askForPassword("That took too long. Sign in with your first password once more.");
      }
    });
    this.focus();
  }

  #show(title, words, fields, message, submit) {
    const alert = make("p", { className: "problem", role: "alert", textContent: message });
    const send = make("button", { className: "primary", textContent: title });
    const form = make("form", {}, ...fields, alert, send);
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
    this.element.replaceChildren(
      make("h1", { textContent: title }),
      make("p", { className: "quiet", textContent: words }),
      form,
    );
  }
}

function field(text, properties) {
  const input = make("input", { required: true, ...properties });
  return { input, label: make("label", {}, make("span", { textContent: text }), input) };
}

function newPassword(text, name) {
  return field(text, { name, type: "password", autocomplete: "new-password" });
}
