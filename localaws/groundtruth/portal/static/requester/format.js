// Numbers, durations and moments as people read them, in the browser's own language.

const NONE = "–";
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function count(value) {
  return value.toLocaleString();
}

/** A share from 0 to 1 as "93 %". Only what is whole is 100 %. */
export function share(value) {
  if (value === null) return NONE;
  const percent = value < 1 ? Math.min(value * 100, 99.9) : 100;
  return `${percent.toLocaleString(undefined, { maximumFractionDigits: 1 })} %`;
}

export function confidence(value) {
  return value === null ? NONE : value.toFixed(2);
}

/** Two units at most: "8.4 s", "3 min 20 s", "2 h 10 min", "4 d 6 h". */
export function duration(seconds) {
  if (seconds === null) return NONE;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return units(whole, MINUTE, "min", 1, "s");
  if (whole < DAY) return units(whole, HOUR, "h", MINUTE, "min");
  return units(whole, DAY, "d", HOUR, "h");
}

/** A moment, in seconds since the epoch, as date and time. */
export function moment(seconds) {
  if (seconds === null) return NONE;
  const style = { dateStyle: "medium", timeStyle: "short" };
  return new Date(seconds * 1000).toLocaleString(undefined, style);
}

export function timeOfDay(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString();
}

/** "1 worker", "3 workers". */
export function counted(value, noun) {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

function units(seconds, large, largeName, small, smallName) {
  const rest = Math.floor((seconds % large) / small);
  const first = `${count(Math.floor(seconds / large))} ${largeName}`;
  return rest ? `${first} ${rest} ${smallName}` : first;
}
