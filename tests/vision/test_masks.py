"""Masks: pixels that are exactly those of a shape, and files that are no masks."""

import io

import numpy
import pytest
from PIL import Image

from vision.boxes import Box
from vision.masks import (
    MaskProblem,
    draw_mask,
    labels_on,
    mean_overlap,
    overlaps,
    read_mask,
    tint,
    write_mask,
)
from vision.palette import label_colour, label_colours

LABELS = ["ingredients", "barcode"]
SQUARE = (((2.0, 1.0), (6.0, 1.0), (6.0, 4.0), (2.0, 4.0)),)


def png(mode: str, size=(8, 6), kind="PNG") -> bytes:
    file = io.BytesIO()
    Image.new(mode, size).save(file, kind)
    return file.getvalue()


def test_a_shape_has_the_pixels_whose_centres_lie_in_it():
    mask = draw_mask([Box("barcode", 2, 1, 4, 3, outline=SQUARE)], LABELS, (8, 6))
    assert mask.shape == (6, 8)
    assert (numpy.argwhere(mask == 2).tolist(), numpy.count_nonzero(mask)) == (
        [[y, x] for y in (1, 2, 3) for x in (2, 3, 4, 5)],
        12,
    )


def test_a_turned_shape_covers_its_area_and_is_cut_at_the_edge():
    diamond = (((50.0, -10.0), (110.0, 50.0), (50.0, 110.0), (-10.0, 50.0)),)
    mask = draw_mask([Box("barcode", 0, 0, 100, 100, outline=diamond)], LABELS, (100, 100))
    corners = 4 * (40 * 40 / 2)  # what the diamond leaves free
    assert abs(numpy.count_nonzero(mask) - (100 * 100 - corners)) < 60
    assert mask[0, 0] == 0 and mask[50, 99] == 2 and mask[99, 50] == 2


def test_an_object_without_an_outline_fills_its_box_and_a_later_one_covers_it():
    boxes = [Box("ingredients", 0, 0, 8, 6), Box("barcode", 4, 0, 4, 6), Box("cap", 0, 0, 8, 6)]
    mask = draw_mask(boxes, LABELS, (8, 6))
    assert (mask[:, :4] == 1).all() and (mask[:, 4:] == 2).all()


def test_a_mask_is_written_with_the_palette_of_its_labels_and_read_back_the_same():
    mask = draw_mask([Box("barcode", 2, 1, 4, 3)], LABELS, (8, 6))
    data = write_mask(mask, len(LABELS))
    picture = Image.open(io.BytesIO(data))
    assert (picture.mode, picture.getpalette()[:9]) == ("P", [255, 255, 255, 31, 119, 180, 255, 127, 14])
    assert (read_mask(data, LABELS, (8, 6)) == mask).all()
    assert labels_on(mask, LABELS) == ("barcode",)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (png("RGB"), "mode RGB and not one with a palette"),
        (png("P", kind="GIF"), "is a GIF and not a PNG"),
        (png("P", size=(9, 6)), r"the mask has \(9, 6\) pixels, its image \(8, 6\)"),
        (png("P")[:50], "not an image"),
        (b"nothing", "not an image"),
        (write_mask(numpy.full((6, 8), 3, dtype=numpy.uint8), 3), "a pixel is 3, but there are 2 labels"),
    ],
)
def test_what_is_no_mask_of_the_image_is_refused(data, message):
    with pytest.raises(MaskProblem, match=message):
        read_mask(data, LABELS, (8, 6))


def test_a_mask_of_another_size_is_refused_before_it_is_decoded():
    with pytest.raises(MaskProblem, match="has .12000, 12000. pixels"):
        read_mask(png("P", size=(12000, 12000)), LABELS, (8, 6))


def test_overlap_counts_the_pixels_of_all_pictures_per_label():
    left = draw_mask([Box("barcode", 0, 0, 4, 6)], LABELS, (8, 6))
    half = draw_mask([Box("barcode", 0, 0, 2, 6)], LABELS, (8, 6))
    empty = draw_mask([], LABELS, (8, 6))
    assert overlaps([(left, half), (left, left)], LABELS) == {"barcode": (12 + 24) / (24 + 24)}
    assert overlaps([(left, empty)], LABELS) == {"barcode": 0.0}
    assert mean_overlap(overlaps([(empty, empty)], LABELS)) == 1.0


def test_a_tinted_picture_shows_the_label_and_leaves_the_rest_alone():
    mask = draw_mask([Box("barcode", 0, 0, 4, 6)], LABELS, (8, 6))
    shown = tint(Image.new("RGB", (80, 60), "white"), mask, label_colours(2), opacity=1)
    assert shown.getpixel((10, 30)) == (255, 127, 14)
    assert shown.getpixel((60, 30)) == (255, 255, 255)


def test_labels_have_colours_of_their_own_beyond_ten():
    colours = label_colours(50)
    assert len(set(colours)) == 50 and "#ffffff" not in colours
    assert label_colour(2) == "#2ca02c"
    # hsl(295.08, 65 %, 45 %): 255 * 0.45 * (1 - 0.65) = 40.16
    assert label_colour(10)[3:5] == "28"
