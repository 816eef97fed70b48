// The colours of labels, by their place in the label list. Whoever colours masks makes the same
// list: the ten of d3's category10 as Ground Truth has them, then hues a golden angle apart in two
// alternating lightnesses.

const CATEGORY10 = [
  "#1f77b4",
  "#ff7f0e",
  "#2ca02c",
  "#d62728",
  "#9467bd",
  "#8c564b",
  "#e377c2",
  "#7f7f7f",
  "#bcbd22",
  "#17becf",
];
const GOLDEN_ANGLE = 137.508; // degrees
const UNKNOWN = "#5b6770";

/** "#rrggbb" of the label at `index`; grey for a label that is not in the list (-1). */
export function labelColour(index) {
  if (index < 0) return UNKNOWN;
  if (index < CATEGORY10.length) return CATEGORY10[index];
  return hex(hslToRgb((index * GOLDEN_ANGLE) % 360, 0.65, index % 2 ? 0.6 : 0.45));
}

/** Black or white, whichever is easier to read on the colour (relative luminance of WCAG 2). */
export function textColourOn(colour) {
  const [red, green, blue] = rgb(colour).map((channel) => {
    const value = channel / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.3 ? "#000000" : "#ffffff";
}

/** [red, green, blue] of "#rrggbb", 0 to 255 each. */
export function rgb(colour) {
  return [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));
}

function hslToRgb(hue, saturation, lightness) {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  return [0, 8, 4].map((offset) => {
    const k = (offset + hue / 30) % 12;
    return lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1));
  });
}

function hex(channels) {
  const digits = channels.map((channel) =>
    Math.floor(255 * channel + 0.5)
      .toString(16)
      .padStart(2, "0"),
  );
  return `#${digits.join("")}`;
}
