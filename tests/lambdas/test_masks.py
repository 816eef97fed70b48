"""What the consolidation function makes of workers' masks: PNG files in, one palette PNG out."""

import base64
import io
import json
import random
import struct
import zlib

import numpy
import pytest
from PIL import Image, ImageDraw

from vision.mask_labels import MaskLabels
from vision.masks import read_mask

LABELS = ["cat", "dog", "bird"]
COLOURS = {"cat": "#1f77b4", "dog": "#ff7f0e", "bird": "#2ca02c"}
SIZE = (6, 4)  # width, height


def rgb(colour):
    return tuple(bytes.fromhex(colour[1:]))


def painted(pixels, colours=COLOURS, mode="RGBA", **options) -> bytes:
    """A PNG file. ``pixels`` are rows of label names or None."""
    image = Image.new("RGBA", (len(pixels[0]), len(pixels)), (0, 0, 0, 0))
    for y, row in enumerate(pixels):
        for x, label in enumerate(row):
            if label:
                image.putpixel((x, y), (*rgb(colours[label]), 255))
    if mode == "RGB":
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image)
        image = white
    return png_of(image, **options)


def png_of(image, **options) -> bytes:
    packed = io.BytesIO()
    image.save(packed, "PNG", **options)
    return packed.getvalue()


def rows(text):
    """``"cc."`` is two pixels of cat and one of background."""
    names = {label[0]: label for label in LABELS}
    return [[names.get(letter) for letter in line] for line in text.split()]


FIELD = rows("cc.... cc..dd ....dd .....b")


def answer(worker, png, size=SIZE, colours=COLOURS, **further):
    value = {
        "inputImageProperties": {"width": size[0], "height": size[1]},
        "labelMappings": {label: {"color": colour} for label, colour in colours.items()},
        "labeledImage": {"pngImageData": base64.b64encode(png).decode()},
    }
    content = json.dumps({"crowd-semantic-segmentation": value | further})
    return {"workerId": worker, "annotationData": {"content": content}}


@pytest.fixture
def consolidate(consolidation):
    """The label of one object, and its mask: rows of label names or None."""

    def run(*answers, labels=LABELS):
        written = {}

        def write(object_id, png):
            written[object_id] = png
            assert png[24:26] == b"\x08\x03", "8 bits, with a palette"
            return f"s3://masks/{object_id}.png"

        payload = [{"datasetObjectId": "7", "annotations": list(answers)}]
        results = consolidation.consolidate(payload, "animals", labels, None, write)
        if not results:
            assert not written, "a mask without a label"
            return None, None
        label = results[0]["consolidatedAnnotation"]["content"]["animals"]
        assert label["mask-ref"] == "s3://masks/7.png"
        return label, Image.open(io.BytesIO(written["7"]))

    return run


def names_in(mask, labels=LABELS):
    return [[labels[value - 1] if value else None for value in row] for row in numpy.asarray(mask).tolist()]


def test_the_mask_is_a_palette_file_with_the_colours_of_the_map(consolidate):
    label, mask = consolidate(*(answer(worker, painted(FIELD)) for worker in ("ann", "bob", "eve")))
    assert (mask.format, mask.mode, mask.size) == ("PNG", "P", SIZE)
    assert names_in(mask) == FIELD
    assert label["internal-color-map"] == {
        "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff", "confidence": 1.0},
        "1": {"class-name": "cat", "hex-color": "#1f77b4", "confidence": 1.0},
        "2": {"class-name": "dog", "hex-color": "#ff7f0e", "confidence": 1.0},
        "3": {"class-name": "bird", "hex-color": "#2ca02c", "confidence": 1.0},
    }
    palette = mask.getpalette()
    for value, entry in label["internal-color-map"].items():
        assert tuple(palette[3 * int(value) :][:3]) == rgb(entry["hex-color"])
    assert label["image_size"] == [{"width": 6, "height": 4, "depth": 3}]
    assert label["consensus"] == {
        "workers": 3,
        "ignored_answers": 0,
        "ignored_labels": 0,
        "agreement": {"cat": 1.0, "dog": 1.0, "bird": 1.0},
    }
    assert set(label) == {"mask-ref", "internal-color-map", "image_size", "consensus"}


def test_the_mask_is_read_by_those_who_train_with_it(consolidate):
    label, mask = consolidate(answer("ann", GOOD))
    assert names_in(read_mask(mask.fp.getvalue(), LABELS, SIZE)) == FIELD
    line = {"source-ref": "s3://images/7.jpg", "animals": label}
    assert MaskLabels().read(line, "animals", LABELS).names == tuple(LABELS)


def test_the_colour_map_names_only_what_is_in_the_mask(consolidate):
    label, _ = consolidate(answer("ann", painted(rows("d..... ...... ...... ......"))))
    assert {key: entry["class-name"] for key, entry in label["internal-color-map"].items()} == {
        "0": "BACKGROUND",
        "2": "dog",
    }


def test_every_pixel_goes_to_the_majority_and_a_tie_to_the_background_or_the_first_label(consolidate):
    label, mask = consolidate(
        answer("ann", painted(rows("cccd.. ...... ...... ......"))),
        answer("bob", painted(rows("ccddb. ...... ...... ......"))),
        answer("eve", painted(rows("c..bd. ...... ...... ......"))),
    )
    # cat thrice; cat twice; one each of cat, dog and background; dog twice; one each; nobody
    assert names_in(mask)[0] == ["cat", "cat", None, "dog", None, None]
    shares = [3 / 3, 2 / 3, 1 / 3, 2 / 3, 1 / 3]
    assert label["internal-color-map"]["0"]["confidence"] == round(sum(shares) / 5, 4)
    assert label["consensus"]["agreement"] == {
        "cat": round((3 + 2 + 1) / 3 / 3, 4),
        "dog": round((1 + 2 + 1) / 3 / 3, 4),
        "bird": round((1 + 1) / 2 / 3, 4),
    }
    _, mask = consolidate(
        answer("ann", painted(rows("d..... ...... ...... ......"))),
        answer("bob", painted(rows("c..... ...... ...... ......"))),
    )
    assert names_in(mask)[0][0] == "cat"


def test_the_only_worker_is_believed(consolidate):
    label, mask = consolidate(answer("ann", painted(FIELD)))
    assert names_in(mask) == FIELD
    assert label["consensus"]["workers"] == 1


def test_an_image_where_nobody_labeled_anything_is_labeled_and_not_failed(consolidate):
    nothing = rows("...... ...... ...... ......")
    label, mask = consolidate(*(answer(worker, painted(nothing), colours={}) for worker in ("ann", "bob")))
    assert names_in(mask) == nothing
    assert label["internal-color-map"] == {
        "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff", "confidence": 1.0}
    }


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


def test_a_label_that_cannot_be_told_by_its_colour_costs_only_itself(consolidate, capsys):
    for bad in (
        {"cat": "#FFFFFF"},
        {"cat": "blue"},
        {"cat": None},
        {"cat": "#1f77b4", "bird": "#1F77B4"},
        {"horse": "#2ca02c"},
    ):
        colours = {"dog": COLOURS["dog"]} | bad
        label, mask = consolidate(answer("ann", painted(FIELD, mode="RGB"), colours=colours))
        assert names_in(mask) == rows("...... ....dd ....dd ......")
        assert label["consensus"]["ignored_labels"] == len(bad)
        assert label["consensus"]["ignored_answers"] == 0
        assert f"object 7: ignored: worker ann: label '{list(bad)[0]}'" in capsys.readouterr().out


def header(*fields):
    return struct.pack(">IIBBBBB", *fields)


GOOD = painted(FIELD)
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


def test_an_answer_about_other_pixels_is_not_mixed_in(consolidate):
    for other in (rows("cc cc"), rows("ccccccccc ccccccccc")):
        size = (len(other[0]), 2)
        eve = answer("eve", painted(other), size=size)
        label, mask = consolidate(answer("ann", GOOD), answer("bob", GOOD), eve)
        assert mask.size == SIZE
        assert (label["consensus"]["workers"], label["consensus"]["ignored_answers"]) == (2, 1)


def test_a_worker_has_one_vote_and_none_when_he_contradicts_himself(consolidate):
    other = painted(rows("dddddd dddddd dddddd dddddd"))
    label, mask = consolidate(answer("ann", GOOD), answer("eve", other), answer("eve", other))
    assert label["consensus"]["workers"] == 2
    assert label["consensus"]["ignored_answers"] == 1
    label, mask = consolidate(answer("ann", GOOD), answer("eve", other), answer("eve", GOOD))
    assert label["consensus"]["workers"] == 1
    assert names_in(mask) == FIELD


def test_a_change_by_one_worker_makes_the_label_adjusted(consolidate):
    unchanged = answer("ann", GOOD, initialValueModified=False)
    label, _ = consolidate(unchanged, answer("bob", GOOD, initialValueModified=True))
    assert label["adjustment-status"] == "adjusted"
    label, _ = consolidate(unchanged)
    assert label["adjustment-status"] == "unadjusted"


def test_254_labels_fit_into_a_mask_and_no_more(consolidate, consolidation):
    import palette

    labels = [f"label {number}" for number in range(254)]
    colours = {label: palette.label_colour(number) for number, label in enumerate(labels)}
    assert len(set(colours.values()) | {palette.BACKGROUND}) == 255, "colours must be told apart"
    field = [labels[row * 127 : row * 127 + 127] for row in range(2)]
    label, mask = consolidate(
        answer("ann", painted(field, colours), size=(127, 2), colours=colours), labels=labels
    )
    assert names_in(mask, labels) == field
    assert len(label["internal-color-map"]) == 255
    with pytest.raises(ValueError, match="255 labels; masks hold 254"):
        consolidate(answer("ann", GOOD), labels=[*labels, "one more"])


def crowd(rng, workers=5, size=(97, 61)):
    """Answers of workers who paint the same few ellipses with unsteady hands."""
    truth = [
        [rng.randrange(side) for side in size] + [rng.randrange(4, 30), rng.choice(LABELS)] for _ in range(9)
    ]
    answers = []
    for number in range(workers):
        image = Image.new("RGBA", size)
        draw = ImageDraw.Draw(image)
        for x, y, radius, label in truth:
            x, y = x + rng.randint(-3, 3), y + rng.randint(-3, 3)
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=rgb(COLOURS[label]))
        answers.append(answer(f"worker {number}", png_of(image), size=size))
    return answers


def test_the_order_of_answers_changes_no_byte_and_neither_does_a_second_call(consolidation):
    rng = random.Random(3)

    def call(answers):
        written = []
        results = consolidation.consolidate(
            [{"datasetObjectId": "1", "annotations": answers}],
            "animals",
            LABELS,
            None,
            lambda object_id, png: written.append(png) or f"s3://masks/{object_id}",
        )
        return json.dumps(results), written

    for workers in (1, 2, 3, 9):
        answers = crowd(rng, workers)
        expected = call(answers)
        assert call(answers) == expected
        for _ in range(3):
            rng.shuffle(answers)
            assert call(answers) == expected


def test_bands_change_nothing(consolidate, monkeypatch):
    import pictures

    answers = crowd(random.Random(8))
    label, mask = consolidate(*answers)
    monkeypatch.setattr(pictures, "BAND", 200)
    again, in_bands = consolidate(*answers)
    assert again == label
    assert numpy.array_equal(mask, in_bands)


def test_the_votes_are_those_of_a_plain_count(consolidate):
    """Beside a count that is too slow for images but cannot be misread."""
    answers = crowd(random.Random(9), workers=4, size=(31, 23))
    label, mask = consolidate(*answers)
    alone = [names_in(consolidate(one)[1]) for one in answers]
    order = [None, *LABELS]
    shares = []
    for y, row in enumerate(names_in(mask)):
        for x, result in enumerate(row):
            votes = [worker[y][x] for worker in alone]
            assert result == max(order, key=lambda name: (votes.count(name), -order.index(name)))
            if any(votes):
                shares.append(votes.count(result) / 4)
    assert label["internal-color-map"]["0"]["confidence"] == round(sum(shares) / len(shares), 4)
