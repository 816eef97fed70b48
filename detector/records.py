"""RecordIO, the framing in which SageMaker streams an augmented manifest into a training container.

A record is a magic number, a word that holds a flag (3 bits) and a length (29 bits), the data, and padding to
four bytes. Data that contains the magic number itself may come as several parts, cut where it stood: the flag
tells a whole record (0) from the first (1), a middle (2) and the last part (3). Source: dmlc-core,
include/dmlc/recordio.h.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

MAGIC = 0xCED7230A
WHOLE, FIRST, MIDDLE, LAST = range(4)


def read_records(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the records of ``stream`` in order; parts of one record are joined.

    Raises ValueError, with the number of the record counted from 1, where the framing is broken or the stream
    ends inside a record.
    """
    number, parts = 1, []
    while header := stream.read(8):
        if len(header) < 8:
            raise ValueError(f"record {number}: the stream ends inside a record header")
        magic, word = struct.unpack("<II", header)
        if magic != MAGIC:
            raise ValueError(f"record {number}: starts with {magic:#010x} where RecordIO has {MAGIC:#010x}")
        flag, length = word >> 29, word & (1 << 29) - 1
        if flag > LAST or (flag in (WHOLE, FIRST)) == bool(parts):
            raise ValueError(f"record {number}: part flag {flag} where another part was due")
        data = stream.read(length)
        padding = -length % 4
        if len(data) < length or len(stream.read(padding)) < padding:
            raise ValueError(f"record {number}: the stream ends after {len(data)} of {length} bytes")
        parts.append(data)
        if flag in (WHOLE, LAST):
            yield struct.pack("<I", MAGIC).join(parts)
            number, parts = number + 1, []
    if parts:
        raise ValueError(f"record {number}: the stream ends before its last part")
