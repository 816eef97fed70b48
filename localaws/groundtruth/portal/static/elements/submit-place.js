// Where a form's Submit button stands: in the template, in the bar of the one labeling element that
// fills the page, or at the end of the form.

const SUBMITS = "crowd-button[form-action=submit], button[type=submit], input[type=submit]";
const UNSEEN = "script, style, template, link, meta, input[type=hidden]";

/** Those of the template. */
export function submitButtons(form) {
  return [...form.querySelectorAll(SUBMITS)];
}

export function hasSubmitButton(form) {
  return form.querySelector(SUBMITS) !== null;
}

export function isSubmitButton(node) {
  return node.matches?.(SUBMITS) ?? false;
}

/** Whether the template has Submit buttons and has disabled them all: it is not time to submit. */
export function isSwitchedOff(form) {
  const buttons = submitButtons(form);
  return buttons.length > 0 && buttons.every((button) => button.disabled);
}

/** Disable a button, if there is one, and say why where the pointer rests on it. */
export function switchOff(button, reason) {
  if (button) Object.assign(button, { disabled: true, title: reason });
}

/**
 * Whether `element` is all that its form shows: then its own bar holds Submit, and it fills the
 * page.
 */
export function fillsForm(element) {
  const form = element.parentElement;
  if (form?.localName !== "crowd-form" || hasSubmitButton(form)) return false;
  return [...form.childNodes].every(
    (node) =>
      node === element ||
      (node.nodeType === Node.TEXT_NODE && node.data.trim() === "") ||
      node.nodeType === Node.COMMENT_NODE ||
      (node.nodeType === Node.ELEMENT_NODE && node.matches(UNSEEN)),
  );
}
