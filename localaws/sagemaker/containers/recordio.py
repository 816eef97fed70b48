"""MXNet's RecordIO framing, which Pipe mode speaks.

A record is its magic number, a word with a flag in the upper 3 bits and the length in the lower 29, the
payload, and zeroes up to a multiple of 4 bytes. Where the payload itself holds the magic number at a multiple
of 4 bytes, it is cut there: the parts carry the flags 1 (first), 2 (middle) and 3 (last), and a reader puts
the magic number back between them. A whole record has the flag 0.
"""

import struct

MAGIC = 0xCED7230A
MAGIC_BYTES = struct.pack("<I", MAGIC)
LONGEST = (1 << 29) - 1  # bytes of one part

WHOLE, FIRST, MIDDLE, LAST = range(4)


def frame(payload: bytes) -> bytes:
    """One record. Raises ValueError for a payload that the format cannot hold."""
    parts = _parts(payload)
    if len(parts) == 1:
        return _part(WHOLE, payload)
    flags = [FIRST, *[MIDDLE] * (len(parts) - 2), LAST]
    return b"".join(_part(flag, part) for flag, part in zip(flags, parts, strict=True))


def _parts(payload: bytes) -> list[bytes]:
    parts, start, found = [], 0, payload.find(MAGIC_BYTES)
    while found >= 0:
        if found % 4 == 0:
            parts.append(payload[start:found])
            start = found + 4
        found = payload.find(MAGIC_BYTES, start if found % 4 == 0 else found + 1)
    return [*parts, payload[start:]]


def _part(flag: int, payload: bytes) -> bytes:
    if len(payload) > LONGEST:
        raise ValueError(f"a record of {len(payload)} bytes is longer than RecordIO's {LONGEST}")
    return struct.pack("<II", MAGIC, flag << 29 | len(payload)) + payload + bytes(-len(payload) % 4)
