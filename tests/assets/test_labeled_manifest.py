"""Nothing that the workers drew gets to the training data unless all of it came back and can be trusted."""

import json

import pytest

from assets.labeled_manifest import every_image_accounted_for, labels_are_usable, left_over, numbers
from vision.manifest import read_labeled

LABELS = ["square", "bar"]


def line(uri: str, class_id: int | None = 0, label: str = "square", **box) -> dict:
    annotation = {"class_id": class_id, "left": 1, "top": 2, "width": 10, "height": 5} | box
    return {
        "source-ref": uri,
        "boxes": {"image_size": [{"width": 40, "height": 30, "depth": 3}], "annotations": [annotation]},
        "boxes-metadata": {
            "objects": [{"confidence": 0.9}],
            "class-map": {str(class_id): label},
            "type": "groundtruth/object-detection",
            "human-annotated": "yes",
            "creation-date": "2026-11-22T12:00:00.000000",
            "job-name": "labeling-job/job",
        },
    }


FAILED = {"source-ref": "s3://b/3", "boxes-metadata": {"failure-reason": "no worker answered"}}
UNLABELED = {"source-ref": "s3://b/4"}


def manifest(*lines: dict):
    return read_labeled("".join(json.dumps(each) + "\n" for each in lines).encode(), "boxes", LABELS)


def test_labeled_failed_and_unlabeled_images_are_all_accounted_for():
    found = manifest(line("s3://b/1"), line("s3://b/2"), FAILED, UNLABELED)
    sent = [f"s3://b/{number}" for number in (1, 2, 3, 4)]
    assert every_image_accounted_for(sent, found).passed
    counts = numbers(found)
    assert (counts["images"], counts["boxes"], counts["failed"], counts["not_labeled"]) == (2, 2, 1, 1)
    assert counts["failures"] == ["s3://b/3: no worker answered"]


def test_an_image_that_did_not_come_back_is_named():
    check = every_image_accounted_for(["s3://b/1", "s3://b/2"], manifest(line("s3://b/1")))
    assert not check.passed
    assert check.metadata["images"].value == ["s3://b/2"]


def test_an_image_that_nobody_asked_for_is_named():
    check = every_image_accounted_for(["s3://b/1"], manifest(line("s3://b/1"), line("s3://other/9")))
    assert not check.passed
    assert check.metadata["not_asked_for"].value == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (line("s3://b/1", label="circle"), "unknown label 'circle'"),
        (line("s3://b/1", left=35), "not inside the image of 40 x 30"),
        (line("s3://b/1", width=0), "has no area"),
    ],
)
def test_a_label_that_cannot_be_trained_on_fails_the_check_with_its_line(wrong, message):
    check = labels_are_usable(manifest(line("s3://b/0"), wrong))
    assert not check.passed
    [problem] = check.metadata["lines"].value
    assert problem.startswith("line 2 (s3://b/1): ") and message in problem


def test_a_label_that_is_wrong_is_still_an_image_that_came_back():
    found = manifest(line("s3://b/1", label="circle"))
    assert every_image_accounted_for(["s3://b/1"], found).passed


def test_all_that_came_back_without_a_usable_label_is_left_for_the_next_batch_with_its_reason():
    wrong = line("s3://b/2", label="circle")
    found = manifest(line("s3://b/1"), wrong, FAILED, UNLABELED)
    sent = {f"s3://b/{number}": f"etag {number}" for number in (1, 2, 3, 4, 5)}
    members = [{"uri": f"s3://b/{number}", "etag": f"etag {number}"} for number in (1, 2, 3, 4, 5, 6)]
    left = {member["uri"][-1]: member["reason"] for member in left_over(members, sent, found)}
    assert list(left) == ["2", "3", "4", "5", "6"]
    assert left["2"].startswith("rejected: ") and "circle" in left["2"]
    assert (left["3"], left["4"]) == ("no worker answered", "not labeled")
    assert (left["5"], left["6"]) == ("did not come back", "not sent")
