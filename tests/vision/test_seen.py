"""What boxes and masks tell of themselves is the same for whoever asks."""

import io

import numpy
import pytest
from PIL import Image

from vision.boxes import Box
from vision.manifest import LabeledMask
from vision.masks import Mask, write_mask
from vision.predictions import PredictionProblem
from vision.seen import SeenBoxes, SeenMask, read_boxes, read_seen_mask

LABELS = ["square", "bar"]


def mask(**rows: int) -> Mask:
    """10 x 10 pixels, so many rows of each label from the top."""
    found, top = numpy.zeros((10, 10), dtype=numpy.uint8), 0
    for label, count in rows.items():
        found[top : top + count] = LABELS.index(label) + 1
        top += count
    return found


def png(pixels: Mask) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_a_mask_tells_its_labels_the_largest_first():
    seen = SeenMask(mask(square=2, bar=3), LABELS)
    assert (seen.label, len(seen), seen.box) == ("bar", 2, None)
    assert seen.told() == "bar on 30.0%; square on 20.0%"
    assert seen.as_json() == {"regions": [{"label": "bar", "pixels": 30}, {"label": "square", "pixels": 20}]}
    nothing = SeenMask(mask(), LABELS)
    assert (nothing.label, len(nothing), nothing.told()) == (None, 0, "nothing but background")
    label = LabeledMask("s3://b/i.jpg", "s3://b/m.png", ("bar",))
    assert seen.told_label(label) == "bar" and seen.label_as_json(label)["mask"] == "s3://b/m.png"


def test_two_masks_differ_where_more_than_edges_do():
    large = numpy.zeros((100, 100), dtype=numpy.uint8)
    edge, region = large.copy(), large.copy()
    edge[50, :40] = 1
    region[50:60, :40] = 1
    assert SeenMask(large, LABELS).differences(SeenMask(edge, LABELS)) == []
    assert SeenMask(large, LABELS).differences(SeenMask(region, LABELS)) == ["4.0% of the pixels"]
    assert SeenMask(large, LABELS).differences(SeenMask(mask(), LABELS))


def test_a_drawn_mask_colours_its_pixels_and_no_others():
    image = Image.new("RGB", (10, 10), "white")
    file = io.BytesIO()
    image.save(file, "PNG")
    drawn = numpy.asarray(Image.open(io.BytesIO(SeenMask(mask(square=4), LABELS).draw(file.getvalue()))))
    assert (drawn[4:] == 255).all() and (drawn[:4] != 255).any(axis=2).all()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"prediction": []}', "not an image"),
        (png(numpy.full((10, 10), 3, dtype=numpy.uint8)), "a pixel is 3, but there are 2 labels"),
        (png(numpy.zeros((10, 10, 3), dtype=numpy.uint8)), "a PNG of mode RGB"),
        (png(mask())[:40], "not an image"),
        (png(mask().repeat(2, axis=0)), r"the mask has \(10, 20\) pixels, its image \(10, 10\)"),
    ],
)
def test_an_answer_that_is_no_mask_of_the_image_is_a_problem(body, message):
    with pytest.raises(PredictionProblem, match=message):
        read_seen_mask(body, LABELS, (10, 10))


def test_a_mask_is_read_with_and_without_a_palette():
    for body in (png(mask(bar=1)), write_mask(mask(bar=1), 2)):
        assert read_seen_mask(body, LABELS, (10, 10)).pixels == {"bar": 10}


def test_boxes_below_the_floor_are_kept_and_count_for_nothing():
    body = b'{"prediction": [[0, 0.9, 0, 0, 0.5, 0.5], [1, 0.3, 0.5, 0.5, 1, 1]]}'
    seen = read_boxes(body, LABELS, (100, 100), score_floor=0.5)
    assert (len(seen), len(seen.boxes), seen.label) == (1, 2, "square")
    assert seen.told() == "square 0.90 at 0,0 50 x 50"
    assert SeenBoxes(seen.boxes[1:], LABELS, 0.5).told() == "nothing scores 0.5 or more"
    assert SeenBoxes([Box("bar", 0, 0, 9, 9, 0.9)], LABELS, 0.5).differences(seen) == [
        "bar 0.90",
        "square 0.90",
    ]
