// One listener for the page's keys. A key goes to the labeling element that has the focus, or to
// the first of them when the focus is nowhere in particular: keys work without a click first, and
// never reach two elements.

const TYPING =
  "input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]";
const PRESSED_BY_ENTER = "button, a[href], summary, input, crowd-button";
const listeners = new Map(); // element -> handler

/** `handle(event)` returns whether the key meant something to the element. */
export function listenForKeys(element, handle) {
  if (!listeners.size) document.addEventListener("keydown", dispatch);
  listeners.set(element, handle);
}

export function stopListening(element) {
  listeners.delete(element);
  if (!listeners.size) document.removeEventListener("keydown", dispatch);
}

function dispatch(event) {
  const path = event.composedPath();
  if (event.defaultPrevented || event.isComposing) return;
  if (path.some((node) => node.matches?.(TYPING) || node.localName === "dialog")) return;
  if (
    (event.key === "Enter" || event.key === " ") &&
    path.some((node) => node.matches?.(PRESSED_BY_ENTER))
  ) {
    return;
  }
  const focused = [...listeners.keys()].find((element) => path.includes(element));
  const element = focused ?? firstInDocument();
  if (element && listeners.get(element)(event)) event.preventDefault();
}

function firstInDocument() {
  return [...listeners.keys()].reduce((first, element) => {
    if (!first) return element;
    const before = element.compareDocumentPosition(first) & Node.DOCUMENT_POSITION_FOLLOWING;
    return before ? element : first;
  }, null);
}
