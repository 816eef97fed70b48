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


def classify(value: object, tag: str = "crowd-image-classifier") -> None:
    check_answer({"animal": value}, ELEMENTS[tag], "animal", ["dog", "cat"], None, None)


def test_a_class_is_accepted_with_a_comment_where_the_element_asks_for_one():
    classify({"label": "cat"}, "crowd-classifier")
    classify({"label": "cat"})
    classify({"label": "cat", "workerComment": "x" * 4000})


@pytest.mark.parametrize(
    ("value", "tag", "message"),
    [
        ("cat", "crowd-classifier", "a crowd-classifier answers with label, not with str"),
        ({}, "crowd-classifier", "a crowd-classifier answers with label, not with .."),
        ({"label": "bird"}, "crowd-classifier", "the label is 'bird'; this job's are .'dog', 'cat'."),
        ({"label": None}, "crowd-image-classifier", "the label is None"),
        ({"label": ["cat"]}, "crowd-image-classifier", "the label is .'cat'."),
        ({"labels": ["cat"]}, "crowd-image-classifier", "with label and workerComment, not with .'labels'."),
        ({"label": "cat", "workerComment": ""}, "crowd-classifier", "answers with label, not with"),
        ({"label": "cat", "workerComment": 1}, "crowd-image-classifier", "must be a text, not int"),
        (
            {"label": "cat", "workerComment": "x" * 4001},
            "crowd-image-classifier",
            "has 4001 characters; 4000",
        ),
    ],
)
def test_a_class_that_is_none_of_the_job_s_or_more_than_one_is_refused(value, tag, message):
    with pytest.raises(InvalidAnswer, match=message):
        classify(value, tag)


def fill_in(answer: object) -> None:
    check_answer(answer, ELEMENTS["crowd-form"], "", [], None, None)


def test_a_plain_form_may_answer_whatever_fits():
    fill_in({})
    fill_in({"caption": "A dog", "sure": {"on": True}, "rating": 3})


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("A dog", "the answer must be an object, not str"),
        (None, "the answer must be an object, not NoneType"),
        ({"caption": "x" * 70_000}, "further inputs have 70.* bytes; 65536 are accepted"),
        ({str(number): "" for number in range(101)}, "101 further inputs; 100 are accepted"),
    ],
)
def test_a_plain_form_that_is_no_object_or_too_much_is_refused(answer, message):
    with pytest.raises(InvalidAnswer, match=message):
        fill_in(answer)
