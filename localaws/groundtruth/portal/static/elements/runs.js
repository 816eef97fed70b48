// Run lengths of label bytes: three bytes a run (the label, then the length as a little-endian
// uint16). A mask is mostly long runs, so a tile of 16 KB packs into some hundred bytes; one that
// would not shrink is kept as it is.

const LONGEST = 0xffff;

/** A packed copy of `bytes`; never longer than `bytes`. */
export function pack(bytes) {
  const packed = new Uint8Array(bytes.length);
  let size = 0;
  for (let start = 0, end; start < bytes.length; start = end) {
    const label = bytes[start];
    end = start + 1;
    while (end < bytes.length && bytes[end] === label && end - start < LONGEST) end++;
    if (size + 3 >= bytes.length) return bytes.slice();
    packed[size++] = label;
    packed[size++] = (end - start) & 0xff;
    packed[size++] = (end - start) >> 8;
  }
  return packed.slice(0, size);
}

/** The `length` bytes that were packed. */
export function unpack(packed, length) {
  if (packed.length === length) return packed;
  const bytes = new Uint8Array(length);
  for (let at = 0, start = 0; at < packed.length; at += 3) {
    const end = start + packed[at + 1] + (packed[at + 2] << 8);
    bytes.fill(packed[at], start, end);
    start = end;
  }
  return bytes;
}
