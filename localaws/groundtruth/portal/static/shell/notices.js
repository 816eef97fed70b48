// What the portal says beside its pages: a notice that fades, and words for screen readers alone.

const SHOWN = 4_000; // milliseconds

const notice = document.getElementById("notice");
const alarm = document.getElementById("alarm");
let timer = 0;

/** Show a short message for a while, and have it read out. */
export function notify(message) {
  notice.textContent = message;
  notice.classList.add("shown");
  clearTimeout(timer);
  timer = setTimeout(() => notice.classList.remove("shown"), SHOWN);
}

/** Have a message read out at once, over whatever is being read; what is seen must say it too. */
export function alert(message) {
  alarm.textContent = message;
}
