"""Answers of a model: the built-in's format and nothing else."""

import json

import pytest

from vision.boxes import Box, iou
from vision.predictions import PredictionProblem, parse_prediction

LABELS = ["cat", "dog"]


def body(*rows) -> bytes:
    return json.dumps({"prediction": rows}).encode()


def test_boxes_come_in_pixels_with_the_surest_first():
    boxes = parse_prediction(body([0, 0.2, 0, 0, 0.5, 1], [1.0, 0.9, 0.25, 0.5, 0.75, 1]), LABELS, 400, 200)
    assert boxes == [Box("dog", 100, 100, 200, 100, 0.9), Box("cat", 0, 0, 200, 200, 0.2)]


def test_boxes_are_cut_to_the_image_and_padding_is_no_prediction():
    rows = (
        [0, 0.5, -0.1, -0.1, 1.2, 0.5],
        [-1, 0, 0, 0, 0, 0],
        [0, 0.4, 1.1, 0, 1.2, 1],
        [0, 0.4, 0.5, 0, 0.4, 1],
    )
    assert parse_prediction(body(*rows), LABELS, 100, 100) == [Box("cat", 0, 0, 100, 50, 0.5)]


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>",
        b"[]",
        b'{"predictions": []}',
        b'{"prediction": [7]}',
        b'{"prediction": [["cat", 0.5, 0, 0, 1, 1]]}',
        body([0, 0.5, 0, 0, 1]),
        body([2, 0.5, 0, 0, 1, 1]),
        body([0.5, 0.5, 0, 0, 1, 1]),
        body([0, float("nan"), 0, 0, 1, 1]),
    ],
    ids=str,
)
def test_any_other_answer_is_refused(answer):
    with pytest.raises(PredictionProblem):
        parse_prediction(answer, LABELS, 100, 100)


def test_overlap_is_the_shared_part_of_both():
    box = Box("cat", 0, 0, 10, 10)
    assert iou(box, Box("dog", 5, 0, 10, 10)) == pytest.approx(50 / 150)
    assert iou(box, box) == 1
    assert iou(box, Box("cat", 10, 0, 10, 10)) == 0
