// Elements are made here, and text only ever arrives as text.

/**
 * An element; a property is set where the element has it, else an attribute; null and undefined are left out.
 * `children` are nodes or texts.
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function button(text, action, properties = {}) {
  return make("button", { type: "button", textContent: text, onclick: action, ...properties });
}

/** A link within the portal, which the router follows. */
export function link(text, path, properties = {}) {
  return make("a", { href: path, textContent: text, ...properties });
}

/** As a sentence: with a capital letter and a full stop. */
export function sentence(text) {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

/** "1 task", "2 tasks". */
export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
