// What the controls of a form hold: crowd elements (everything with a `_submittableValue`) and
// plain inputs.

const PLAIN = "input[name], select[name], textarea[name]";
const WITHOUT_VALUE = ["button", "submit", "reset", "image", "file"];
const IGNORED_NAME = "_"; // real templates use it for inputs that are only shown

/** The crowd elements of a form that have a value, in the order of the document. */
export function crowdElements(form) {
  return [...form.querySelectorAll("*")].filter((node) => "_submittableValue" in node && node.name);
}

export function plainInputs(form) {
  return [...form.querySelectorAll(PLAIN)].filter((input) => !WITHOUT_VALUE.includes(input.type));
}

/**
 * Resolves to the answer {name: value}. Controls of one name whose values are objects share one
 * object.
 */
export async function collectAnswer(form) {
  const answer = Object.create(null);
  const put = (name, value) => {
    if (name === IGNORED_NAME || value === undefined) return;
    answer[name] =
      isObject(answer[name]) && isObject(value) ? { ...answer[name], ...value } : value;
  };
  for (const element of crowdElements(form)) {
    put(element.name, await (element.getSubmission?.() ?? element._submittableValue));
  }
  for (const input of plainInputs(form)) {
    if (!input.disabled) put(input.name, plainValue(input));
  }
  return { ...answer };
}

/** Resolves to {name: state}; controls that share a name have a list of states. */
export async function collectDraft(form) {
  const draft = Object.create(null);
  for (const [name, controls] of byName(form)) {
    const states = await Promise.all(controls.map(stateOf));
    draft[name] = states.length === 1 ? states[0] : states;
  }
  return draft;
}

export function restoreDraft(form, draft) {
  if (!isObject(draft)) return;
  for (const [name, controls] of byName(form)) {
    if (!Object.hasOwn(draft, name)) continue;
    const states = controls.length === 1 ? [draft[name]] : draft[name];
    if (Array.isArray(states))
      controls.forEach((control, index) => restoreState(control, states[index]));
  }
}

function byName(form) {
  const groups = new Map();
  for (const control of [...crowdElements(form), ...plainInputs(form)]) {
    groups.set(control.name, [...(groups.get(control.name) ?? []), control]);
  }
  return groups;
}

function isTickable(input) {
  return input.type === "checkbox" || input.type === "radio";
}

function plainValue(input) {
  if (isTickable(input)) return { [input.value]: input.checked };
  if (input.type === "select-multiple")
    return [...input.selectedOptions].map((option) => option.value);
  return input.value;
}

function stateOf(control) {
  if ("_submittableValue" in control) return control.draft;
  if (isTickable(control)) return control.checked;
  return plainValue(control);
}

function restoreState(control, state) {
  if (state === undefined || state === null) return;
  if ("_submittableValue" in control) control.draft = state;
  else if (isTickable(control)) control.checked = state === true;
  else if (control.type === "select-multiple") {
    for (const option of control.options) option.selected = [].concat(state).includes(option.value);
  } else control.value = String(state);
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
