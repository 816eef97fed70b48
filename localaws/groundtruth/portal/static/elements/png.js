// PNG files of masks. The writer is our own: reading a canvas back may alter colours (browsers that
// resist fingerprinting add noise), and a mask's colours are its labels.

import { rgb } from "./palette.js";

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const EIGHT_BITS = 8;
const RGBA = 6;
const BAND = 128; // rows at once, so that a large image needs no second copy of all its pixels

/**
 * An 8-bit RGBA PNG (Blob) of label bytes: 0 is transparent, i is colours[i - 1], such as
 * "#1f77b4".
 */
export async function encodeMask(pixels, width, height, colours) {
  const palette = new Uint32Array(256);
  const bytes = new Uint8Array(palette.buffer);
  colours.forEach((colour, i) => bytes.set([...rgb(colour), 255], 4 * (i + 1)));
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([EIGHT_BITS, RGBA], 8);
  const data = await deflated(scanlines(pixels, width, height, palette));
  return new Blob(
    [new Uint8Array(SIGNATURE), chunk("IHDR", header), chunk("IDAT", data), chunk("IEND")],
    { type: "image/png" },
  );
}

function* scanlines(pixels, width, height, palette) {
  const row = new Uint32Array(width);
  const rowBytes = new Uint8Array(row.buffer);
  for (let top = 0; top < height; top += BAND) {
    const rows = Math.min(BAND, height - top);
    const band = new Uint8Array(rows * (1 + 4 * width)); // each row begins with its filter: 0, none
    for (let y = 0; y < rows; y++) {
      const start = (top + y) * width;
      for (let x = 0; x < width; x++) row[x] = palette[pixels[start + x]];
      band.set(rowBytes, y * (1 + 4 * width) + 1);
    }
    yield band;
  }
}

function chunk(type, data = new Uint8Array(0)) {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, checksum(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

const REMAINDERS = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

/** CRC-32 as PNG's specification defines it (annex D). */
function checksum(bytes) {
  let crc = ~0;
  for (const byte of bytes) crc = REMAINDERS[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** The zlib stream (Uint8Array) of an iterable of byte arrays. */
export async function deflated(parts) {
  const stream = new CompressionStream("deflate");
  const result = new Response(stream.readable).arrayBuffer();
  const writer = stream.writable.getWriter();
  for (const part of parts) await writer.write(part);
  await writer.close();
  return new Uint8Array(await result);
}

/** What was deflated. Rejects what is no zlib stream. */
export async function inflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Base64 of a Blob or of bytes. */
export function toBase64(data) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(new Blob([data]));
  });
}

export const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/**
 * The stored pixels of the picture at an address, as an ImageBitmap: without colour management, so
 * that a gamma or a colour profile in the file does not change them. Rejects what cannot be loaded.
 */
export async function loadPicture(address) {
  const image = new Image();
  image.crossOrigin = "anonymous";
  image.src = address;
  await image.decode();
  return createImageBitmap(image, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
}

/** The picture's pixels from the top down, some rows at once: {top, data} with RGBA bytes. */
export function* pictureBands(picture) {
  const { width, height } = picture;
  const canvas = new OffscreenCanvas(width, Math.min(BAND, height));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  for (let top = 0; top < height; top += BAND) {
    const rows = Math.min(BAND, height - top);
    context.clearRect(0, 0, width, rows);
    context.drawImage(picture, 0, top, width, rows, 0, 0, width, rows);
    yield { top, data: context.getImageData(0, 0, width, rows).data };
  }
}
