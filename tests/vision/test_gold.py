"""A worker's score counts what he found of what is known, and all that he drew besides."""

import json

import pytest

from vision.boxes import Box
from vision.gold import Found, answers_of, compare, drawn_boxes

KNOWN = [Box("square", 0, 0, 10, 10), Box("bar", 50, 50, 10, 10)]


def test_all_that_is_known_and_nothing_else_scores_one():
    found = compare(KNOWN, KNOWN[::-1])
    assert found == Found(1, found=2, missed=0, extra=0, overlap=2.0)
    assert (found.score, found.mean_iou) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("drawn", "counts", "score"),
    [
        ([], (0, 2, 0), 0.0),
        ([Box("square", 0, 0, 10, 5)], (1, 1, 0), 2 / 3),  # half of it is just enough
        ([Box("square", 0, 0, 10, 4.9)], (0, 2, 1), 0.0),
        ([Box("bar", 0, 0, 10, 10)], (0, 2, 1), 0.0),  # another label is another object
        ([KNOWN[0], KNOWN[0], KNOWN[1]], (2, 0, 1), 0.8),  # twice the same counts once
    ],
)
def test_what_is_missed_and_what_is_too_much_costs(drawn, counts, score):
    found = compare(KNOWN, drawn)
    assert (found.found, found.missed, found.extra) == counts
    assert found.score == pytest.approx(score)


def test_an_image_where_nothing_is_to_be_found_is_right_when_nothing_is_drawn():
    assert compare([], []).score == 1.0
    assert compare([], []).mean_iou is None
    assert compare([], KNOWN).score == 0.0


def test_scores_of_images_add_up():
    total = compare(KNOWN, KNOWN) + compare(KNOWN, [])
    assert (total.images, total.found, total.missed) == (2, 2, 2)
    assert total.score == pytest.approx(2 / 3) and total.mean_iou == 1.0


def test_a_box_that_cannot_be_read_is_left_out_and_an_answer_without_boxes_is_none():
    right = {"left": 1, "top": 2, "width": 3, "height": 4, "label": "bar"}
    assert drawn_boxes({"any": {"boundingBoxes": [right, 7, {"left": "1"}]}}) == [Box("bar", 1, 2, 3, 4)]
    assert drawn_boxes({"any": {"label": "bar"}}) is None
    assert drawn_boxes([]) is None


def test_an_answer_file_tells_who_answered_what():
    body = json.dumps({"answers": [{"workerId": "a", "answerContent": {"boxes": 1}, "other": 2}]})
    assert answers_of(body.encode()) == {"a": {"boxes": 1}}
