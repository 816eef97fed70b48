import json

import numpy
import pytest

from vision.mask_evaluation import MaskCounts, MaskEvaluation, compare_masks, count_mask, evaluate_masks


def square(left: int, top: int = 10, side: int = 20, label: int = 1) -> numpy.ndarray:
    mask = numpy.zeros((100, 120), dtype=numpy.uint8)
    mask[top : top + side, left : left + side] = label
    return mask


def counts(*pairs: tuple[numpy.ndarray, numpy.ndarray]) -> dict[str, MaskCounts]:
    return {f"s3://b/{number}.jpg": count_mask(*pair, labels=2) for number, pair in enumerate(pairs)}


def test_overlaps_are_those_counted_by_hand_over_all_images():
    found = evaluate_masks(counts((square(10), square(20)), (square(10), square(10))), ["ball", "box"])
    assert found.per_class["ball"]["iou"] == pytest.approx((200 + 400) / (600 + 400))
    assert found.per_class["BACKGROUND"]["iou"] == pytest.approx((11400 + 11600) / (11800 + 11600))
    assert found.per_class["box"] == {"iou": None, "boundary_f": None, "truths": 0, "predictions": 0}
    assert found.miou == pytest.approx((0.6 + 23000 / 23400) / 2), "a label that is nowhere is no zero"
    assert found.confusion == [[23000, 200, 0], [200, 600, 0], [0, 0, 0]]
    assert found.pixel_accuracy == pytest.approx(23600 / 24000)
    assert found.images == 2


def test_a_wrong_label_on_the_right_pixels_is_wrong_for_both_labels():
    found = evaluate_masks(counts((square(10), square(10, label=2))), ["ball", "box"])
    assert found.per_class["ball"]["iou"] == found.per_class["box"]["iou"] == 0
    assert found.boundary_f == 0


def test_edges_are_compared_with_a_tolerance_that_grows_with_the_image():
    """Regions of some thousand pixels overlap well even where every edge is off."""

    def edges(off: int) -> float:
        return evaluate_masks(counts((square(10), square(10 + off))), ["ball", "box"]).boundary_f

    assert edges(0) == edges(1) == 1  # 0.75 % of a diagonal of 156 pixels is one
    assert 0.4 < edges(4) < 0.9
    assert edges(60) == 0
    large = square(10).repeat(4, axis=0).repeat(4, axis=1), square(11).repeat(4, axis=0).repeat(4, axis=1)
    assert evaluate_masks(counts(large), ["ball", "box"]).boundary_f == 1


def test_the_interval_is_narrow_where_images_agree_and_wide_where_they_do_not():
    right, wrong = (square(10), square(10)), (square(10), square(60))
    same = evaluate_masks(counts(*[right] * 6), ["ball", "box"])
    assert same.low == same.miou == same.high == 1
    mixed = evaluate_masks(counts(*[right, wrong] * 3), ["ball", "box"])
    assert mixed.low < mixed.miou - 0.1 and mixed.high > mixed.miou + 0.1
    assert evaluate_masks(counts(*[right, wrong] * 3), ["ball", "box"]) == mixed


def test_an_evaluation_survives_being_written_down():
    found = evaluate_masks(counts((square(10), square(20))), ["ball", "box"])
    assert MaskEvaluation.from_dict(json.loads(json.dumps(found.as_dict()))) == found


def test_only_a_model_that_is_worse_on_the_same_images_is_surely_worse():
    truth = [square(left) for left in (5, 20, 30, 50, 70, 90)]
    good = counts(*[(mask, mask) for mask in truth])
    bad = counts(*[(mask, numpy.zeros_like(mask)) for mask in truth])
    assert compare_masks(bad, good, confidence=0.95).surely_below(-0.02)
    assert not compare_masks(good, bad, confidence=0.95).surely_below(-0.02)
    even = compare_masks(good, good, confidence=0.95)
    assert even.value == even.low == even.high == 0
    with pytest.raises(ValueError, match="1 images were asked about with one model only"):
        compare_masks(good, dict(list(good.items())[1:]), confidence=0.95)


def test_masks_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match="the found mask has"):
        count_mask(square(10), square(10)[:50], labels=2)
    with pytest.raises(ValueError, match="a pixel is 3, but there are 2 labels"):
        count_mask(square(10), square(10, label=3), labels=2)
    with pytest.raises(ValueError, match="there is no image"):
        evaluate_masks({}, ["ball"])
