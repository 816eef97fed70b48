"""PNG images read strip by strip: the size before any pixel, and never more pixels in memory than a strip.

Pillow decodes an image as a whole, 400 MB for 100 megapixels; what a worker sends must not cost that.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from PIL import Image

MAGIC = b"\x89PNG\r\n\x1a\n"
MODES = {2: "RGB", 3: "P", 6: "RGBA"}  # by colour type
STRIP_BYTES = 4 * 2**20


class BadPng(ValueError):
    """The message says what is wrong with the file."""


@dataclass(frozen=True)
class Png:
    width: int
    height: int
    mode: str  # RGB, RGBA, or P: indices into ``palette``
    pixels: bytes = field(repr=False)  # compressed
    palette: tuple[tuple[int, int, int, int], ...] = ()  # RGBA


def read_png(data: bytes) -> Png:
    """Take a file apart; only 8 bits per channel, not interlaced. Raises BadPng."""
    if not data.startswith(MAGIC):
        raise BadPng("it is no PNG file")
    parts: dict[bytes, bytes] = {}
    pixels = []
    for name, body in _chunks(data):
        if name == b"IDAT":
            pixels.append(body)
        else:
            parts.setdefault(name, bytes(body))
    try:
        width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    except (KeyError, struct.error):
        raise BadPng("its header is missing or broken") from None
    if depth != 8 or colour not in MODES or interlaced:
        raise BadPng(
            f"it has {depth} bits per channel, colour type {colour} and interlacing {interlaced}; "
            "8-bit RGBA, RGB and palette images that are not interlaced are accepted"
        )
    if not width or not height:
        raise BadPng(f"it is {width} x {height} pixels")
    palette = _palette(parts) if MODES[colour] == "P" else ()
    return Png(width, height, MODES[colour], b"".join(pixels), palette)


def strips(png: Png) -> Iterator[tuple[int, Image.Image]]:
    """The image from top to bottom, as (first row, strip of some rows). Raises BadPng.

    A row may be told as its difference from the one above: each strip is decoded below the last row of the
    strip before it.
    """
    size = png.width * len(png.mode)  # bytes of a row, which one that names the filter precedes
    rows = max(1, STRIP_BYTES // size)
    above = bytes(size)
    inflate, waiting = zlib.decompressobj(), png.pixels
    for top in range(0, png.height, rows):
        count = min(rows, png.height - top)
        try:
            filtered = inflate.decompress(waiting, count * (size + 1))
            waiting = inflate.unconsumed_tail
            if len(filtered) < count * (size + 1):
                raise BadPng(f"its pixels end in row {top + len(filtered) // (size + 1)} of {png.height}")
            strip = Image.frombytes(
                png.mode,
                (png.width, count + 1),
                zlib.compress(b"\0" + above + filtered, 0),
                "zip",
                png.mode,
            )
        except BadPng:
            raise
        except (zlib.error, ValueError, OSError) as problem:
            raise BadPng(f"its pixels cannot be read: {problem}") from None
        above = strip.crop((0, count, png.width, count + 1)).tobytes()
        yield top, strip.crop((0, 1, png.width, count + 1))


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    view, at = memoryview(data), len(MAGIC)
    while at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            break
        if zlib.crc32(view[at + 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            raise BadPng(f"its part {name.decode('ascii', 'replace')} is damaged")
        if name == b"IEND":
            return
        yield name, view[at + 8 : end]
        at = end + 4
    raise BadPng("it ends before its last part")


def _palette(parts: dict[bytes, bytes]) -> tuple[tuple[int, int, int, int], ...]:
    colours, alphas = parts.get(b"PLTE", b""), parts.get(b"tRNS", b"")
    if not colours or len(colours) % 3:
        raise BadPng("its palette is missing or broken")
    return tuple(
        (*colours[3 * index : 3 * index + 3], alphas[index] if index < len(alphas) else 255)
        for index in range(len(colours) // 3)
    )
