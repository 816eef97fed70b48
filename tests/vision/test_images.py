"""Image files that workers could not see, and those that AWS would refuse."""

import io
import random
import struct
import zlib

import pytest
from PIL import Image

from vision.images import ImageFacts, ImageProblem, inspect_image, limit_problems
from vision.likeness import difference_hash


def encoded(format: str, mode: str = "RGB", size: tuple[int, int] = (64, 48), **options) -> bytes:
    image = Image.effect_noise(size, 60).convert(mode)
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("format", "mode", "depth"),
    [("JPEG", "RGB", 3), ("JPEG", "L", 1), ("PNG", "RGB", 3), ("PNG", "RGBA", 4), ("PNG", "P", 3)],
)
def test_a_good_image_is_described(format, mode, depth):
    data = encoded(format, mode)
    fingerprint = difference_hash(Image.open(io.BytesIO(data)))
    assert inspect_image(data) == ImageFacts(64, 48, depth, format, 1, len(data), fingerprint)


def test_orientation_is_told_and_never_applied():
    exif = Image.Exif()
    exif[0x0112] = 6
    facts = inspect_image(encoded("JPEG", exif=exif))
    assert (facts.width, facts.height, facts.orientation) == (64, 48, 6)


def huge_png(side: int) -> bytes:
    """A few bytes that claim ``side`` x ``side`` pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"<html>not found</html>", "not an image"),
        (encoded("WEBP"), "a WEBP image; Ground Truth takes JPEG and PNG"),
        (encoded("GIF", "P"), "a GIF image"),
        (encoded("JPEG")[:-400], "damaged or cut off"),
        (encoded("PNG")[:-400], "damaged or cut off"),
        (encoded("JPEG")[:10], "not an image"),
        (huge_png(60_000), "too large to open"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_workers_could_not_see_is_refused_with_the_reason(data, message):
    with pytest.raises(ImageProblem, match=message):
        inspect_image(data)


def test_an_image_over_the_limit_is_described_without_decoding_it():
    facts = inspect_image(huge_png(12_000))
    assert (facts.width, facts.height) == (12_000, 12_000)
    assert limit_problems(facts) == ["12000 x 12000 pixels; Ground Truth takes at most 100,000,000"]


def test_a_file_over_the_limit_is_reported_with_its_size():
    facts = ImageFacts(100, 100, 3, "PNG", 1, 40_000_001)
    assert limit_problems(facts) == ["the file has 40,000,001 bytes; Ground Truth takes at most 40,000,000"]
    assert limit_problems(ImageFacts(3000, 2000, 3, "JPEG", 6, 5_000_000)) == []


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_no_damage_gets_past_as_another_error(format):
    rng = random.Random(7)
    exif = Image.Exif()
    exif[0x0112] = 3
    good = encoded(format, exif=exif)
    for _ in range(300):
        data = bytearray(good)
        for _ in range(rng.randrange(1, 8)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            assert inspect_image(bytes(data)).bytes == len(good)
        except ImageProblem as problem:
            assert str(problem)
