// A mask that is given to be corrected: {src, labelMappings} of Ground Truth's `initial-value`.

import { BACKGROUND, ColourReader, mappedColour } from "./mask-labels.js";
import { loadPicture, pictureBands } from "./png.js";

/**
 * The proposal as bytes of a raster of that size: {pixels, unknown}, `unknown` the number of pixels
 * in colours that `labelMappings` does not name. Tells `maskLabels` the colours. Throws an Error
 * that says what is wrong.
 */
export async function readProposal({ src, labelMappings }, width, height, maskLabels) {
  if (typeof src !== "string" || !src) throw new Error("src must be the address of a PNG");
  const colours = readMappings(labelMappings);
  const picture = await loadPicture(src).catch(() => {
    throw new Error("its picture cannot be loaded");
  });
  if (picture.width !== width || picture.height !== height) {
    throw new Error(
      `its mask has ${picture.width} x ${picture.height} pixels, the image ${width} x ${height}`,
    );
  }
  const pairs = [...colours].map(([name, colour]) => [maskLabels.valueOf(name), colour]);
  maskLabels.proposed = labelMappings;
  const reader = new ColourReader(pairs);
  const pixels = new Uint8Array(width * height);
  for (const { top, data } of pictureBands(picture)) reader.read(data, pixels, top * width);
  picture.close();
  return { pixels, unknown: reader.unknown };
}

/** label -> "#rrggbb", without a background that is listed like a label. */
function readMappings(mappings) {
  if (!mappings || typeof mappings !== "object" || Array.isArray(mappings)) {
    throw new Error('labelMappings must be an object such as {"road": {"color": "#1f77b4"}}');
  }
  const labels = new Map(); // colour -> label
  for (const name of Object.keys(mappings)) {
    const colour = mappedColour(mappings, name);
    if (colour === null) {
      const found = JSON.stringify(mappings[name]);
      throw new Error(`labelMappings gives "${name}" ${found}; {"color": "#rrggbb"} is expected`);
    }
    if (colour === BACKGROUND) continue;
    if (labels.has(colour)) {
      throw new Error(
        `labelMappings gives "${labels.get(colour)}" and "${name}" the same colour ${colour}`,
      );
    }
    labels.set(colour, name);
  }
  return new Map([...labels].map(([colour, name]) => [name, colour]));
}
