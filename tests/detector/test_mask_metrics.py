import numpy as np
import pytest
from mask_data import IGNORED
from mask_metrics import edges, mask_quality, widen


def square(left: int, top: int, side: int = 20, class_id: int = 1) -> np.ndarray:
    mask = np.zeros((100, 100), np.uint8)
    mask[top : top + side, left : left + side] = class_id
    return mask


def test_overlaps_are_those_counted_by_hand():
    quality = mask_quality([(square(10, 10), square(20, 10))], ["ball", "box"])
    assert quality["IOU/ball"] == pytest.approx(200 / 600)
    assert quality["IOU/BACKGROUND"] == pytest.approx(9400 / 9800)
    assert "IOU/box" not in quality, "a class that is nowhere has no overlap"
    assert quality["mIOU"] == pytest.approx((200 / 600 + 9400 / 9800) / 2)
    assert quality["pixel_accuracy"] == pytest.approx(0.96)


def test_an_edge_one_pixel_off_is_right_and_one_five_pixels_off_is_not():
    assert mask_quality([(square(10, 10), square(11, 10))], ["ball"])["boundary_F"] == 1
    assert mask_quality([(square(10, 10), square(30, 40))], ["ball"])["boundary_F"] == 0
    assert 0.4 < mask_quality([(square(10, 10), square(15, 10))], ["ball"])["boundary_F"] < 0.8


def test_what_nobody_knows_counts_neither_for_nor_against():
    truth = square(10, 10)
    truth[:, 50:] = IGNORED
    found = square(10, 10)
    found[60:80, 60:80] = 1
    quality = mask_quality([(truth, found)], ["ball"])
    assert quality["mIOU"] == quality["boundary_F"] == quality["pixel_accuracy"] == 1


def test_a_widened_pixel_is_a_square_around_it_cut_at_the_border():
    pixels = np.zeros((7, 7), bool)
    pixels[1, 3] = True
    expected = np.zeros((7, 7), bool)
    expected[0:4, 1:6] = True
    assert (widen(pixels, 2) == expected).all()
    assert edges(square(0, 0)).sum() == 2 * 20 + 2 * 20 - 1  # both sides of two edges, one corner shared
