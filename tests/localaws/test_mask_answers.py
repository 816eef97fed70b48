"""Masks are checked by the server: each refusal with what is wrong, and none for more memory than a strip."""

import base64
import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image

from localaws.groundtruth import png
from localaws.groundtruth.answers import ELEMENTS, check_answer
from localaws.groundtruth.problems import InvalidAnswer

LABELS = ["dog", "cat"]
DOG, CAT, NOTHING, WHITE = (31, 119, 180, 255), (255, 127, 14, 255), (0, 0, 0, 0), (255, 255, 255, 255)
MAPPINGS = {"dog": {"color": "#1f77b4"}, "cat": {"color": "#ff7f0e"}}


def drawn(width: int = 6, height: int = 4, mode: str = "RGBA", **pixels) -> Image.Image:
    """Nothing but a dog on the left; ``pixels`` are colours at "left_top"."""
    image = Image.new("RGBA", (width, height), NOTHING)
    image.paste(DOG, (0, 0, width // 2, height))
    for place, colour in pixels.items():
        image.putpixel(tuple(int(part) for part in place.removeprefix("at_").split("_")), colour)
    return image if mode == "RGBA" else Image.alpha_composite(Image.new("RGBA", image.size, WHITE), image)


def encoded(image: Image.Image, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()


def paletted() -> Image.Image:
    """The same picture as indices; of fewer than 17 colours Pillow would make less than 8 bits."""
    image = Image.new("P", (6, 4), 1)
    image.putpalette([*DOG[:3], *WHITE[:3]] + [0] * 3 * 15)
    image.paste(0, (0, 0, 3, 4))
    return image


def value(data: bytes | str, **changes) -> dict:
    text = data if isinstance(data, str) else base64.b64encode(data).decode()
    return {
        "inputImageProperties": {"height": 4, "width": 6},
        "labelMappings": MAPPINGS,
        "labeledImage": {"pngImageData": text},
    } | changes


def check(given: object, width: int = 6, height: int = 4) -> None:
    check_answer({"mask": given}, ELEMENTS["crowd-semantic-segmentation"], "mask", LABELS, width, height)


GOOD = encoded(drawn())
RGB = encoded(drawn(mode="RGB").convert("RGB"))
PALETTE = encoded(paletted())
INTERLACED = b"".join((GOOD[:28], b"\1", struct.pack(">I", zlib.crc32(GOOD[12:28] + b"\1")), GOOD[33:]))


@pytest.mark.parametrize(
    "given",
    [
        value(GOOD),
        value(RGB),
        value(PALETTE),
        value(encoded(drawn(at_5_3=CAT, at_0_0=WHITE))),
        value(encoded(drawn(at_5_3=(9, 9, 9, 0)))),
        value(encoded(Image.new("RGBA", (6, 4), NOTHING)), labelMappings={}),
        value(GOOD, initialValueModified=False),
        value(GOOD, labelMappings={"dog": {"color": "#1F77B4"}}),
    ],
    ids=["RGBA", "RGB", "palette", "both", "clear grey", "nothing to label", "adjusted", "capitals"],
)
def test_what_workers_really_draw_is_accepted(given):
    check(given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "answers with inputImageProperties and labelMappings and labeledImage, not with list"),
        (value(GOOD, more=1), "not with .*more"),
        (value(GOOD, initialValueModified=1), "initialValueModified must be true or false"),
        (value(GOOD, inputImageProperties={"height": 6, "width": 4}), "but the stored image has"),
        (value(GOOD, labelMappings=[]), "labelMappings must be an object"),
        (value(GOOD, labelMappings={"bird": {"color": "#1f77b4"}}), "has the label 'bird'; this job's are"),
        (value(GOOD, labelMappings={"dog": "#1f77b4"}), "'dog' must be .*not '#1f77b4'"),
        (value(GOOD, labelMappings={"dog": {"color": "blue"}}), "'dog' must be .*blue"),
        (value(GOOD, labelMappings={"dog": {"color": "#1f77b4", "id": 1}}), "'dog' must be"),
        (
            value(GOOD, labelMappings={"dog": {"color": "#ffffff"}}),
            "'dog' is #ffffff, the colour of what has",
        ),
        (value(GOOD, labelMappings=MAPPINGS | {"cat": {"color": "#1F77B4"}}), "'dog' and 'cat' are both #1f"),
        (value(GOOD, labeledImage={}), "labeledImage must be exactly"),
        (value(GOOD, labeledImage={"pngImageData": 1}), "labeledImage must be exactly"),
        (value("?" * 8), "pngImageData: it is not base64"),
        (value("data:image/png;base64,AAAA"), "pngImageData: it is not base64"),
        (value(b"GIF89a"), "it is no PNG file"),
        (value(b""), "it is no PNG file"),
        (value(GOOD[:40]), "it ends before its last part"),
        (value(GOOD[:-20]), "it ends before its last part"),
        (value(GOOD.replace(b"IHDR", b"XHDR")), "its part XHDR is damaged"),
        (value(GOOD[:45] + b"\0" + GOOD[46:]), "its part IDAT is damaged"),
        (value(encoded(drawn(width=7))), "it is 7 x 4 pixels, but the stored image 6 x 4"),
        (value(encoded(Image.new("I;16", (6, 4)))), "it has 16 bits per channel, colour type 0"),
        (value(encoded(Image.new("1", (6, 4)))), "it has 1 bits per channel"),
        (value(INTERLACED), "interlacing 1"),
        (
            value(encoded(drawn(at_4_2=(31, 119, 181, 255)))),
            r"the pixel at \(4, 2\) is #1f77b5, the colour of no",
        ),
        (value(encoded(drawn(at_4_2=(31, 119, 180, 128)))), "is #1f77b4 with the opacity 128 of 255"),
        (value(GOOD, labelMappings={"cat": {"color": "#ff7f0e"}}), r"the pixel at \(0, 0\) is #1f77b4"),
        (value(RGB, labelMappings={"cat": {"color": "#ff7f0e"}}), r"the pixel at \(0, 0\) is #1f77b4"),
        (value(PALETTE, labelMappings={"cat": {"color": "#ff7f0e"}}), r"the pixel at \(0, 0\) is #1f77b4"),
        (value("A" * (17 * 2**20)), "it has about .* bytes; 12582912 are accepted"),
    ],
)
def test_a_bad_mask_is_refused_with_what_is_wrong(given, message):
    with pytest.raises(InvalidAnswer, match=message):
        check(given)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_file(width: int, height: int, pixels: bytes, palette: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 3 if palette else 6, 0, 0, 0)
    parts = chunk(b"IHDR", header) + (chunk(b"PLTE", palette) if palette else b"")
    return png.MAGIC + parts + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (png_file(6, 4, b""), "its pixels end in row 0 of 4"),
        (png_file(6, 4, zlib.compress(bytes(25) * 2)), "its pixels end in row 2 of 4"),
        (png_file(6, 4, b"no deflated data"), "its pixels cannot be read"),
        (png_file(6, 4, zlib.compress(b"\7" + bytes(24) + bytes(75))), "its pixels cannot be read"),
        (png_file(6, 4, zlib.compress((b"\0" + b"\5" * 6) * 4), b"\0\0\0"), "index 5, and its palette 1 col"),
        (png_file(6, 4, zlib.compress((b"\0" + b"\5" * 6) * 4), b"\0\0"), "its palette is missing or broken"),
        (png_file(0, 4, b""), "it is 0 x 4 pixels"),
    ],
)
def test_pixels_that_are_not_what_the_header_says_are_refused(data, message):
    width = 0 if message.startswith("it is 0") else 6
    with pytest.raises(InvalidAnswer, match=message):
        check(value(data, inputImageProperties={"height": 4, "width": width}), width)


def test_a_mask_with_more_colours_than_labels_can_have_is_refused():
    image = Image.radial_gradient("L").resize((64, 64)).convert("RGBA")
    image.putdata([(left, top, 0, 255) for top in range(64) for left in range(64)])
    given = value(encoded(image), inputImageProperties={"height": 64, "width": 64})
    with pytest.raises(InvalidAnswer, match="more than 1024 colours"):
        check(given, 64, 64)


def test_every_strip_is_what_pillow_reads_whatever_the_filters(monkeypatch):
    monkeypatch.setattr(png, "STRIP_BYTES", 5 * 64 * 4)  # strips of five rows, the last one of two
    noise = Image.effect_noise((64, 32), 80)
    for mode in ("RGBA", "RGB", "P"):
        image = Image.merge("RGB", [noise, noise.rotate(90), noise.rotate(180)])
        image = image.quantize(200) if mode == "P" else image.convert(mode)
        joined = Image.new(mode, image.size)
        tops = []
        for top, strip in png.strips(png.read_png(encoded(image))):
            joined.paste(strip, (0, top))
            tops.append(top)
        assert joined.tobytes() == image.tobytes()
        assert len(tops) == {"RGBA": 7, "RGB": 6, "P": 2}[mode]


MEASURED = """
import pathlib, resource, sys
from tests.localaws.test_mask_answers import check, value

data, side = pathlib.Path(sys.argv[1]).read_bytes(), int(sys.argv[2])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
check(value(data, inputImageProperties={"height": side, "width": side}), side, side)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
def test_a_bomb_of_a_hundred_megapixels_does_not_fill_the_memory(tmp_path):
    """A small file says that it has 100 megapixels, and has them: 400 MB."""
    side, deflate = 10_000, zlib.compressobj()
    row = b"\0" + bytes(side * 4)
    pixels = b"".join(deflate.compress(row) for _ in range(side)) + deflate.flush()
    file = tmp_path / "bomb.png"
    file.write_bytes(png_file(side, side, pixels))
    assert file.stat().st_size < 1_000_000
    checked = subprocess.run(
        [sys.executable, "-c", MEASURED, file, str(side)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stderr
    assert int(checked.stdout) < 100, "megabytes"
