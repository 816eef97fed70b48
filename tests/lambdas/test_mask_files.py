"""PNG files that workers' masks come in: every form of them is read, and a hostile one costs only itself."""

import io
import struct
import zlib

import numpy
import pytest
from PIL import Image

from tests.lambdas.masks import (
    COLOURS,
    FIELD,
    GOOD,
    SIZE,
    answer,
    names_in,
    painted,
    png_of,
    rgb,
    rows,
)


def quantised(image):
    """The mask with a palette of its own whose first entry is transparent."""
    palette = [(9, 9, 9), *map(rgb, COLOURS.values())]
    pixels = numpy.asarray(image)
    values = numpy.zeros(pixels.shape[:2], dtype=numpy.uint8)
    for number, colour in enumerate(palette):
        values[(pixels == (*colour, 255)).all(axis=2)] = number
    flat = Image.fromarray(values)
    flat.putpalette([channel for colour in palette for channel in colour])
    return flat


@pytest.mark.parametrize(
    "png",
    [
        painted(FIELD),
        painted(FIELD, mode="RGB"),
        png_of(quantised(Image.open(io.BytesIO(painted(FIELD)))), transparency=0),
        png_of(quantised(Image.open(io.BytesIO(painted(FIELD))))),
        png_of(quantised(Image.open(io.BytesIO(painted(FIELD)))), bits=8),
    ],
    ids=["RGBA", "RGB on white", "palette with transparency", "palette of 2 bits", "palette of 8 bits"],
)
def test_every_form_of_png_is_read(consolidate, png):
    label, mask = consolidate(answer("ann", png))
    assert label["consensus"]["ignored_answers"] == 0
    assert names_in(mask) == FIELD


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_files_are_read_where_the_colours_are_grey(consolidate, mode):
    greys = {"cat": "#404040", "dog": "#808080", "bird": "#c0c0c0"}
    image = Image.open(io.BytesIO(painted(FIELD, greys))).convert(mode)
    _, mask = consolidate(answer("ann", png_of(image), colours=greys))
    assert names_in(mask) == FIELD


def test_an_interlaced_file_is_read(consolidate):
    """Pillow writes none: Adam7 with filter 0, made by hand."""
    width, height = SIZE
    pixels = numpy.asarray(Image.open(io.BytesIO(painted(FIELD))))
    passes = (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    )
    data = b"".join(
        b"\0" + row.tobytes()
        for left, top, across, down in passes
        for row in pixels[top::down, left::across]
        if row.size
    )
    png = make_png(struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 1), data)
    _, mask = consolidate(answer("ann", png))
    assert names_in(mask) == FIELD


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def make_png(header: bytes, data: bytes, between: bytes = b"") -> bytes:
    """A PNG file with ``data`` as its pixels, uncompressed, and further chunks before them."""
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + between + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def test_transparent_white_and_unknown_colours_are_background(consolidate):
    image = Image.open(io.BytesIO(painted(FIELD)))
    image.putpixel((0, 0), (*rgb(COLOURS["cat"]), 0))
    image.putpixel((1, 0), (255, 255, 255, 255))
    image.putpixel((0, 1), (1, 2, 3, 255))
    _, mask = consolidate(answer("ann", png_of(image)))
    assert names_in(mask) == rows("...... .c..dd ....dd .....b")


def header(*fields):
    return struct.pack(">IIBBBBB", *fields)


SMALL = header(6, 4, 8, 6, 0, 0, 0)


@pytest.mark.parametrize(
    "png, reason",
    [
        (b"", "not a PNG file"),
        (b"GIF89a" + GOOD, "not a PNG file"),
        (GOOD[:20], "not a PNG file"),
        (GOOD[:60], "damaged"),
        (GOOD[:40] + bytes(30) + GOOD[70:], "damaged"),
        (make_png(header(60_000, 60_000, 8, 6, 0, 0, 0), b""), "60000 x 60000"),
        (make_png(header(6, 4, 16, 6, 0, 0, 0), bytes(4 * (1 + 6 * 8))), "16 bits"),
        (make_png(header(6, 4, 16, 0, 0, 0, 0), bytes(4 * (1 + 6 * 2))), "16 bits"),
        (make_png(header(6, 4, 8, 5, 0, 0, 0), bytes(100)), "colour type 5"),
        (make_png(SMALL, b""), "damaged"),
        (make_png(SMALL, bytes(100), chunk(b"IHDR", header(8_000, 8_000, 8, 6, 0, 0, 0))), "8000 x 8000"),
        (make_png(SMALL, bytes(100), chunk(b"IHDR", header(60_000, 60_000, 8, 6, 0, 0, 0))), "damaged"),
        (make_png(SMALL, bytes(100), chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 26)))), "damaged"),
        (make_png(SMALL, bytes(100), chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(1 << 26)))), "damaged"),
        (make_png(header(6, 4, 8, 6, 9, 0, 0), b""), "damaged"),
        (painted(rows("cc cc")), "2 x 2 pixels, inputImageProperties say 6 x 4"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_hostile_file_costs_only_itself(consolidate, png, reason, capsys):
    label, mask = consolidate(answer("ann", GOOD), answer("eve", png), answer("bob", GOOD))
    assert names_in(mask) == FIELD
    assert label["consensus"]["workers"] == 2
    assert label["consensus"]["ignored_answers"] == 1
    printed = capsys.readouterr().out
    assert "worker eve" in printed and reason in printed


def test_more_pixels_than_the_header_says_are_not_decoded(consolidate):
    _, mask = consolidate(answer("ann", make_png(SMALL, bytes(1 << 26))))
    assert mask.size == SIZE


def test_a_bomb_is_refused_by_its_header_even_when_the_answer_agrees_with_it(consolidate, capsys):
    bomb = make_png(header(60_000, 60_000, 8, 6, 0, 0, 0), bytes(10_000_000))
    assert consolidate(answer("eve", bomb, size=(60_000, 60_000))) == (None, None)
    assert "60000 x 60000 pixels; 100000000 are accepted" in capsys.readouterr().out


@pytest.mark.parametrize(
    "further",
    [
        {"labeledImage": None},
        {"labeledImage": {"pngImageData": 5}},
        {"labeledImage": {"pngImageData": "no base64!"}},
        {"labelMappings": ["cat"]},
        {"inputImageProperties": {"width": "6", "height": 4}},
        {"inputImageProperties": {"width": 6}},
    ],
    ids=str,
)
def test_an_answer_of_another_form_costs_only_itself(consolidate, further):
    label, mask = consolidate(answer("ann", GOOD), answer("eve", GOOD, **further))
    assert names_in(mask) == FIELD
    assert label["consensus"]["ignored_answers"] == 1
