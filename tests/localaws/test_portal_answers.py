"""Workers' answers are checked by the server, each refusal with what is wrong."""

import copy

import pytest

from localaws.groundtruth.answers import ELEMENTS, check_answer
from localaws.groundtruth.problems import InvalidAnswer

BOX = {"height": 10, "label": "dog", "left": 5, "top": 6, "width": 20}
GOOD = {"boundingBox": {"boundingBoxes": [BOX], "inputImageProperties": {"height": 40, "width": 60}}}


def check(answer: object) -> None:
    check_answer(answer, ELEMENTS["crowd-bounding-box"], "boundingBox", ["dog", "cat"], 60, 40)


def with_box(**changes) -> dict:
    answer = copy.deepcopy(GOOD)
    answer["boundingBox"]["boundingBoxes"] = [BOX | changes]
    return answer


def with_value(**changes) -> dict:
    return {"boundingBox": GOOD["boundingBox"] | changes}


@pytest.mark.parametrize(
    "answer",
    [
        GOOD,
        with_value(boundingBoxes=[]),  # nothing to label is an answer
        with_value(initialValueModified=True),
        GOOD | {"comment": "hard to see", "sure": {"on": True}},
        with_box(left=0, top=0, width=60, height=40),
        with_value(boundingBoxes=[BOX] * 5000),
    ],
    ids=["one box", "no box", "adjusted", "further inputs", "whole image", "5,000 boxes"],
)
def test_what_workers_really_send_is_accepted(answer):
    check(answer)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "must be an object with the key 'boundingBox'"),
        ([], "must be an object with the key 'boundingBox'"),
        ({"annotatedResult": {}}, "must have the key 'boundingBox'.*it has ..annotatedResult"),
        ({"boundingBox": []}, "answers with boundingBoxes and inputImageProperties, not with list"),
        ({"boundingBox": {"boundingBoxes": []}}, "answers with boundingBoxes and inputImageProperties"),
        (with_value(more=1), "not with .*more"),
        (with_value(initialValueModified="yes"), "initialValueModified must be true or false"),
        (with_value(boundingBoxes={}), "boundingBoxes must be a list"),
        (with_value(boundingBoxes=[BOX] * 5001), "5001 boxes; 5000 are accepted"),
        (with_value(boundingBoxes=["x"]), "box 1 must have exactly height, label"),
        (with_value(inputImageProperties={"height": 60, "width": 40}), "but the stored image has"),
        (with_value(inputImageProperties={"height": 40.0, "width": 60}), "but the stored image has"),
        (with_value(inputImageProperties=None), "inputImageProperties are None"),
        (with_box(label="bird"), "box 1 has the label 'bird'; this job's are"),
        (with_box(label=["dog"]), "box 1 has the label"),
        (with_box(left=1.5), "box 1: left must be an integer, not 1.5"),
        (with_box(top=True), "box 1: top must be an integer, not True"),
        (with_box(width="20"), "box 1: width must be an integer"),
        (with_box(width=0), "box 1 is 0 x 10 pixels"),
        (with_box(left=-1), "outside the image of 60 x 40 pixels"),
        (with_box(left=41), r"reaches from \(41, 6\) to \(61, 16\), outside"),
        (with_box(height=40), "outside the image"),
        (with_box(score=0.5), "box 1 must have exactly"),
        (GOOD | {"comment": "x" * 70_000}, "further inputs have 70.* bytes"),
        (GOOD | {str(number): 1 for number in range(101)}, "101 further inputs"),
    ],
)
def test_a_bad_answer_is_refused_with_what_is_wrong(answer, message):
    with pytest.raises(InvalidAnswer, match=message):
        check(answer)
