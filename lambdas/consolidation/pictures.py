"""Masks as PNG files: workers' in any 8-bit form in, one with a palette out. Needs numpy and Pillow."""

import io
import struct
from collections.abc import Iterator, Mapping, Sequence

import numpy
from PIL import Image

MOST_PIXELS = 100_000_000  # Ground Truth's limit for an image of a labeling job
BAND = 1 << 20  # pixels that are worked on at once, so that memory is bounded whatever the image
SIGNATURE = b"\x89PNG\r\n\x1a\n"
BITS = {0: (8,), 2: (8,), 3: (1, 2, 4, 8), 4: (8,), 6: (8,)}  # by colour type: grey, RGB, palette, LA, RGBA
Image.MAX_IMAGE_PIXELS = MOST_PIXELS


def read_mask(png: bytes, size: tuple[int, int], indices: Mapping[str, int]) -> numpy.ndarray:
    """The mask as uint8 of shape (height, width): the index of each pixel's colour (``#rrggbb``), else 0.

    Fully transparent pixels are 0 as well. Raises ValueError for a file that is none, damaged, of another
    ``size`` (width, height), or of a form that holds more than 8 bits; all but damage is found before any
    pixel is decoded.
    """
    check_header(png, size)
    table = numpy.zeros(
        1 << 24, dtype=numpy.uint8
    )  # index by colour; only the pages that are used take memory
    for colour, index in indices.items():
        red, green, blue = bytes.fromhex(colour.removeprefix("#"))
        table[red | green << 8 | blue << 16] = index
    width, height = size
    mask = numpy.empty((height, width), dtype=numpy.uint8)
    try:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
            if image.size != size:
                raise ValueError(f"a second header says {image.size[0]} x {image.size[1]} pixels")
            image.load()
            for rows in bands(size):
                band = image.crop((0, rows.start, width, rows.stop)).convert("RGBA")
                pixels = numpy.asarray(band).view("<u4")[..., 0]
                mask[rows] = table[pixels & 0xFFFFFF] * (pixels >> 24 != 0)
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as problem:
        raise ValueError(f"the PNG file is damaged: {problem}") from problem
    return mask


def check_header(png: bytes, size: tuple[int, int]) -> None:
    """Raises ValueError unless the file says that it is a PNG of that size (width, height) with 8 bits."""
    if len(png) < 33 or not png.startswith(SIGNATURE) or png[12:16] != b"IHDR":
        raise ValueError("pngImageData is not a PNG file")
    width, height, bits, colour_type = struct.unpack(">IIBB", png[16:26])
    if (width, height) != size:
        raise ValueError(
            f"the PNG has {width} x {height} pixels, inputImageProperties say {size[0]} x {size[1]}"
        )
    if width * height > MOST_PIXELS:
        raise ValueError(f"{width} x {height} pixels; {MOST_PIXELS} are accepted")
    if bits not in BITS.get(colour_type, ()):
        raise ValueError(f"a PNG of colour type {colour_type} with {bits} bits; 8 bits are accepted")


def write_mask(mask: numpy.ndarray, colours: Sequence[str]) -> bytes:
    """An 8-bit palette PNG whose pixel values are the mask's and whose palette begins with ``colours``."""
    image = Image.fromarray(mask)  # mode L, which putpalette turns into P
    palette = b"".join(bytes.fromhex(colour.removeprefix("#")) for colour in colours)
    image.putpalette(palette.ljust(3 * 256, b"\0"))  # Pillow would write fewer bits for a shorter one
    packed = io.BytesIO()
    image.save(packed, "PNG")
    return packed.getvalue()


def bands(size: tuple[int, int]) -> Iterator[slice]:
    """Consecutive rows of an image (width, height) of about BAND pixels."""
    width, height = size
    rows = max(1, BAND // width)
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))
