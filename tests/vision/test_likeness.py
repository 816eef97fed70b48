"""Near-duplicates are found, whatever was done to them; different pictures are not taken for one."""

import io
import random

import pytest
from PIL import Image, ImageDraw

from vision.likeness import ALIKE, Album, alike_across, difference_hash, distance


def scene(seed: int) -> Image.Image:
    """Some things on a table: smooth, as photographs are."""
    rng = random.Random(seed)
    image = Image.new("RGB", (320, 240), tuple(rng.randrange(256) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        left, top = rng.randrange(-60, 300), rng.randrange(-60, 220)
        box = (left, top, left + rng.randrange(30, 150), top + rng.randrange(30, 150))
        draw.ellipse(box, tuple(rng.randrange(256) for _ in range(3)))
    return image


def saved(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file)


@pytest.mark.parametrize(
    "change",
    [
        lambda image: saved(image, 40),
        lambda image: image.resize((160, 120)),
        lambda image: image.point(lambda level: min(255, level * 11 // 10)),
        lambda image: image.convert("RGBA"),
    ],
    ids=["saved again", "smaller", "brighter", "with alpha"],
)
def test_a_copy_of_a_picture_is_alike(change):
    for seed in range(30):
        before, after = difference_hash(scene(seed)), difference_hash(change(scene(seed)))
        assert distance(before, after) <= ALIKE, seed


def test_different_pictures_are_not_alike():
    fingerprints = [difference_hash(scene(seed)) for seed in range(200)]
    album = Album((str(seed), fingerprint) for seed, fingerprint in enumerate(fingerprints))
    found = [[name for _, name in album.alike(fingerprint)] for fingerprint in fingerprints]
    assert found == [[str(seed)] for seed in range(200)]


def test_a_picture_is_not_taken_for_the_same_picture_mirrored():
    image = scene(3)
    mirrored = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert distance(difference_hash(image), difference_hash(mirrored)) > ALIKE


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "CMYK", "1", "I;16"])
def test_a_plain_picture_is_like_no_other(mode):
    assert difference_hash(Image.new(mode, (40, 30))) is None
    assert difference_hash(Image.new(mode, (1, 1))) is None


def test_the_album_finds_exactly_what_comparing_each_with_each_finds():
    rng = random.Random(5)
    seeds = [rng.getrandbits(64) for _ in range(40)]
    numbers = [
        seed ^ sum(1 << place for place in rng.sample(range(64), rng.randrange(ALIKE + 3)))
        for seed in seeds
        for _ in range(10)
    ]
    fingerprints = [f"{number:016x}" for number in numbers]
    album = Album((str(place), fingerprint) for place, fingerprint in enumerate(fingerprints))
    for fingerprint in fingerprints:
        apart = ((distance(fingerprint, other), str(place)) for place, other in enumerate(fingerprints))
        assert album.alike(fingerprint) == sorted(each for each in apart if each[0] <= ALIKE)


def test_the_fingerprint_of_a_picture_is_the_same_for_ever():
    ramp = Image.new("L", (9, 8))
    ramp.putdata([(column * 29 if row % 2 else 255 - column * 29) for row in range(8) for column in range(9)])
    assert difference_hash(ramp) == "ff00ff00ff00ff00"


def test_look_alikes_are_told_across_sides_and_not_within_one():
    one, almost, far = "00000000ffffffff", "00000000fffffffe", "0f0f0f0f0f0f0f0f"
    within = {"train": {"a": one, "b": almost}, "validation": {"c": far}, "test": {}}
    assert alike_across(within) == []
    across = {"train": {"a": one}, "validation": {"c": far}, "test": {"b": almost, "d": far}}
    assert alike_across(across) == [(0, "c", "d"), (1, "a", "b")]


def test_no_pair_of_look_alikes_is_missed(monkeypatch):
    monkeypatch.setattr("vision.likeness.PAIRS_AT_ONCE", 64)  # a shelf is looked through in pieces
    rng, pictures = random.Random(0), {}
    for number in range(60):
        bits = rng.getrandbits(64)
        for copy in range(3):  # up to twice as far apart as look-alikes are
            for _ in range(rng.randrange(ALIKE + 1)):
                bits ^= 1 << rng.randrange(64)
            pictures[f"{number}-{copy}"] = f"{bits:016x}"
    names = sorted(pictures, key=lambda name: rng.random())
    sides = {"train": names[:90], "validation": names[90:130], "test": names[130:]}
    expected = sorted(
        (distance(pictures[one], pictures[other]), one, other)
        for earlier, later in (("train", "validation"), ("train", "test"), ("validation", "test"))
        for one in sides[earlier]
        for other in sides[later]
        if distance(pictures[one], pictures[other]) <= ALIKE
    )
    assert len(expected) > 20
    assert alike_across({side: {name: pictures[name] for name in sides[side]} for side in sides}) == expected
    assert alike_across({"train": {}, "validation": {}, "test": {}}) == []
