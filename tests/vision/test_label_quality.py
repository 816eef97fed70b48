"""Labels that can all be read and are wrong all the same."""

import pytest

from vision.box_labels import LabeledImage
from vision.boxes import Box
from vision.label_quality import FEW, class_map, contradictions, least_agreed, odd_boxes, only_label


def image(*boxes: Box, uri: str = "s3://b/1") -> LabeledImage:
    return LabeledImage(uri, 400, 300, 3, boxes)


@pytest.mark.parametrize(
    ("boxes", "odd"),
    [
        ([Box("a", 10, 10, 50, 3)], ["a a box of 50 x 3 pixels"]),
        ([Box("a", 10, 10, 4, 4)], []),
        ([Box("a", 10, 10, 50, 50), Box("a", 11, 10, 50, 50)], ["two a boxes almost on each other"]),
        ([Box("a", 10, 10, 50, 50), Box("b", 10, 10, 50, 50)], []),  # one thing can be two
        ([Box("a", 10, 10, 50, 50), Box("a", 40, 10, 50, 50)], []),  # packs overlap
        ([], []),
    ],
)
def test_slips_of_the_hand_are_told_from_boxes(boxes, odd):
    assert odd_boxes(image(*boxes)) == odd


@pytest.mark.parametrize(
    ("label", "metadata", "expected"),
    [
        (
            {"annotations": []},
            {"class-map": {"0": "cat", "1": "dog"}},
            {0: "cat", 1: "dog"},
        ),  # built-in boxes
        ({"annotations": [], "class-map": {"2": "hen"}}, {}, {2: "hen"}),  # boxes of our functions
        (3, {"class-name": "cow"}, {3: "cow"}),  # a built-in classification
        ({"class-id": "1", "class-name": "dog"}, {}, {1: "dog"}),  # a verdict of our functions
        (
            "s3://b/mask.png",
            {"internal-color-map": {"0": {"class-name": "BACKGROUND", "hex-color": "#ffffff"}}},
            {0: "BACKGROUND"},
        ),
        ({"mask-ref": "s3://b/m.png", "internal-color-map": {"1": {"class-name": "cat"}}}, {}, {1: "cat"}),
        ({"annotations": []}, {}, {}),
        ({"annotations": []}, {"class-map": ["cat"]}, {}),
        ({"annotations": []}, {"class-map": {"x": "cat"}}, {}),
    ],
)
def test_the_class_map_of_a_line_is_found_wherever_its_kind_of_job_keeps_it(label, metadata, expected):
    assert class_map({"source-ref": "s3://b/1", "x": label, "x-metadata": metadata}, "x") == expected


def test_ids_that_stand_for_two_labels_are_named_with_where():
    maps = [("one", {0: "cat", 1: "dog"}), ("two", {0: "cat"}), ("three", {1: "cat", 0: "dog"})]
    assert contradictions(maps) == {
        0: {"cat": "one", "dog": "three"},
        1: {"dog": "one", "cat": "three"},
    }
    assert contradictions(maps[:2]) == {}


def test_one_label_for_everything_is_told_once_there_is_enough_to_tell():
    many = [image(Box("cat", 0, 0, 9, 9))] * FEW
    assert only_label(many, ["cat", "dog"]) == "cat"
    assert only_label(many[1:], ["cat", "dog"]) is None
    assert only_label(many, ["cat"]) is None
    assert only_label([*many, image(Box("dog", 0, 0, 9, 9))], ["cat", "dog"]) is None
    assert only_label([], ["cat", "dog"]) is None


def test_images_are_in_the_order_of_agreement_and_those_without_a_score_are_not_judged():
    unsure = image(Box("a", 0, 0, 9, 9, 0.2), Box("a", 20, 0, 9, 9, 0.6), uri="s3://b/unsure")
    sure = image(Box("a", 0, 0, 9, 9, 1.0), uri="s3://b/sure")
    found = least_agreed([sure, image(), unsure])
    assert found == [(pytest.approx(0.4), "s3://b/unsure"), (1.0, "s3://b/sure")]
