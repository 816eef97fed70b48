// Small helpers to build elements. Text always arrives through textContent or append, never as
// HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element; each entry becomes a property where the element has it, else an attribute. */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** An SVG element with attributes. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/**
 * A property set before the element's class was known lies on the instance and would hide the
 * setter: take it off and set it again.
 */
export function upgradeProperty(element, name) {
  if (!Object.hasOwn(element, name)) return;
  const value = element[name];
  delete element[name];
  element[name] = value;
}

/** Replace the children, and keep the keyboard focus on the button with the same `data-key`. */
export function replaceKeepingFocus(container, ...children) {
  const key = container.getRootNode().activeElement?.dataset.key;
  const within = key && container.contains(container.getRootNode().activeElement);
  container.replaceChildren(...children);
  if (!within) return;
  const again = [...container.querySelectorAll("[data-key]")].find(
    (node) => node.dataset.key === key,
  );
  again?.focus({ preventScroll: true });
}

export function isCoarse(event) {
  return event?.pointerType === "touch";
}
