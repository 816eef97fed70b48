"""COCO's measure, on cases small enough to work out by hand."""

import json

import pytest

from vision.boxes import Box
from vision.evaluation import Evaluation, evaluate
from vision.manifest import LabeledImage

LABELS = ["cat", "dog", "bird"]


def image(uri: str, *boxes: Box) -> LabeledImage:
    return LabeledImage(uri, 400, 300, 3, boxes)


def cat(left: float, score: float | None = None, label: str = "cat") -> Box:
    return Box(label, left, 50, 100, 100, score)


TRUTH = {"a": image("a", cat(0), cat(200)), "b": image("b", cat(0, label="dog")), "c": image("c")}


def test_perfect_predictions_score_one_and_a_label_that_never_occurs_counts_for_nothing():
    found = evaluate(TRUTH, {"a": [cat(0, 0.9), cat(200, 0.8)], "b": [cat(0, 0.7, "dog")]}, LABELS)
    assert (found.map_50, found.map_50_95, found.images) == (1, 1, 3)
    assert found.per_class["cat"] == {"ap_50": 1, "ap_50_95": 1, "truths": 2, "predictions": 2}
    assert found.per_class["bird"] == {"ap_50": None, "ap_50_95": None, "truths": 0, "predictions": 0}
    assert found.curves["bird"] == []


def test_average_precision_is_that_of_coco():
    # By score: right, wrong (in an empty image), right. The precision is 1 up to recall 1/2, then 2/3; COCO
    # takes its mean over the recalls 0, 0.01 ... 1, of which 51 are at most 1/2.
    found = evaluate(TRUTH, {"a": [cat(0, 0.9), cat(200, 0.5)], "c": [cat(0, 0.7)]}, LABELS)
    assert found.per_class["cat"]["ap_50"] == pytest.approx((51 * 1 + 50 * 2 / 3) / 101)
    assert found.per_class["dog"]["ap_50"] == 0
    assert found.map_50 == pytest.approx(found.per_class["cat"]["ap_50"] / 2)
    assert found.curves["cat"][0] == (0, 1)
    assert found.curves["cat"][-1] == (1, 0.667)
    assert len(found.curves["cat"]) <= 14


def test_a_loose_box_counts_at_low_overlaps_only():
    # Shifted by 25 of 100 pixels: overlap 75 / 125 = 0.6, enough for 0.5, 0.55 and 0.6 of the ten overlaps.
    found = evaluate({"a": image("a", cat(0))}, {"a": [cat(25, 0.9)]}, LABELS)
    assert found.map_50 == 1
    assert found.map_50_95 == pytest.approx(0.3)


def test_an_object_found_twice_counts_once():
    found = evaluate({"a": image("a", cat(0), cat(200))}, {"a": [cat(0, 0.9), cat(1, 0.8)]}, LABELS)
    assert found.per_class["cat"]["ap_50"] == pytest.approx(51 / 101)


def test_no_prediction_at_all_scores_zero():
    found = evaluate(TRUTH, {}, LABELS)
    assert (found.map_50, found.map_50_95) == (0, 0)
    assert found.curves == {"cat": [], "dog": [], "bird": []}


def test_an_evaluation_survives_storage_as_json():
    found = evaluate(TRUTH, {"a": [cat(0, 0.9)]}, LABELS)
    assert Evaluation.from_dict(json.loads(json.dumps(found.as_dict()))) == found


@pytest.mark.parametrize(
    ("truth", "predictions", "message"),
    [
        (TRUTH, {"z": []}, "1 images that are not in the truth"),
        (TRUTH, {"a": [cat(0, 0.9, "horse")]}, "a: label 'horse' is none of"),
        ({"c": image("c")}, {}, "none of the 1 images has a box"),
    ],
    ids=["unknown image", "unknown label", "no truth"],
)
def test_what_cannot_be_measured_is_refused(truth, predictions, message):
    with pytest.raises(ValueError, match=message):
        evaluate(truth, predictions, LABELS)
