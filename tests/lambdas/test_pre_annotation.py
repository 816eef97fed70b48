"""What the pre-annotation function tells the worker template. The crowd's tests run it in a whole job."""

import json
from collections.abc import Iterator

import pytest

from tests.localaws.labeling import Studio, picture

ARN = "arn:aws:sagemaker:us-east-1:000000000000:labeling-job/cats-and-dogs"
IMAGE = {"source-ref": "s3://images/1.jpg"}
ANNOTATIONS = [
    {"class_id": 1, "left": 3, "top": 4, "width": 50, "height": 60},
    {"class_id": 0, "left": 30, "top": 40, "width": 5, "height": 6},
]
CLASS_MAP = {"1": "dog", "0": "cat"}
COLOUR_MAP = {
    "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff", "confidence": 0.9},
    "2": {"class-name": "dog", "hex-color": "#ff7f0e", "confidence": 0.9},
    "1": {"class-name": "cat", "hex-color": "#1f77b4", "confidence": 0.9},
}
MAPPINGS = {"cat": {"color": "#1f77b4"}, "dog": {"color": "#ff7f0e"}}
MASK = "s3://masks/0.png"
SIZE = [{"width": 400, "height": 300, "depth": 3}]


@pytest.fixture
def task_input(pre_annotation):
    """The taskInput for a manifest line in a preview, which describes its task itself."""

    def run(line, reviewed=None, labels=("good", "bad")):
        task = {"labels": list(labels), "header": "Is it right?"}
        if reviewed is not None:
            task["auditLabelAttributeName"] = reviewed
        reply = pre_annotation.handle({"version": "2018-10-16", "dataObject": line, "task": task}, None)
        assert reply["isHumanAnnotationRequired"] is True
        return reply["taskInput"]

    return run


@pytest.mark.parametrize("line", [{"id": 7}, {"source": "text", "source-ref": "s3://images/1.jpg"}], ids=str)
def test_a_line_without_one_clear_source_is_refused(pre_annotation, line):
    with pytest.raises(ValueError, match="exactly one of source-ref and source"):
        pre_annotation.handle({"version": "2018-10-16", "labelingJobArn": ARN, "dataObject": line}, None)


def test_a_preview_needs_no_job(task_input):
    line = IMAGE | {"camera": 4}
    assert task_input(line, labels=["cat", "dog"]) == {
        "taskObject": "s3://images/1.jpg",
        "labels": ["cat", "dog"],
        "header": "Is it right?",
        "manifestLine": line,
    }


@pytest.mark.parametrize(
    "task, field",
    [
        ("cats", "task must be an object"),
        ({"header": "h"}, "task.labels"),
        ({"labels": [], "header": "h"}, "task.labels"),
        ({"labels": "cat", "header": "h"}, "task.labels"),
        ({"labels": ["cat", 5], "header": "h"}, "task.labels"),
        ({"labels": ["cat"]}, "task.header"),
        ({"labels": ["cat"], "header": "h", "auditLabelAttributeName": 5}, "auditLabelAttributeName"),
        ({"labels": ["cat"], "header": "h", "auditLabelAttributeName": ""}, "auditLabelAttributeName"),
    ],
    ids=str,
)
def test_a_preview_that_describes_no_task_is_told_what_is_wrong(pre_annotation, task, field):
    with pytest.raises(ValueError, match=field):
        pre_annotation.handle({"dataObject": IMAGE, "task": task}, None)


@pytest.mark.parametrize(
    "line",
    [
        {
            "boxes": {"annotations": ANNOTATIONS, "image_size": SIZE},
            "boxes-metadata": {"class-map": CLASS_MAP, "type": "groundtruth/object-detection"},
        },
        {
            "boxes": {"annotations": ANNOTATIONS, "image_size": SIZE, "class-map": CLASS_MAP, "objects": []},
            "boxes-metadata": {"type": "groundtruth/custom"},
        },
        {"boxes": {"annotations": ANNOTATIONS, "class-map": CLASS_MAP}},
    ],
    ids=["built-in", "custom", "without metadata"],
)
def test_earlier_boxes_are_told_as_the_element_takes_them(task_input, line):
    told = task_input(IMAGE | line, "boxes")
    assert told["initialValue"] == [
        {"label": "dog", "left": 3, "top": 4, "width": 50, "height": 60},
        {"label": "cat", "left": 30, "top": 40, "width": 5, "height": 6},
    ]
    assert told["reviewedLabels"] == ["cat", "dog"]
    assert told["labels"] == ["good", "bad"]


def test_an_image_with_nothing_on_it_can_be_reviewed_too(task_input):
    line = IMAGE | {"boxes": {"annotations": []}, "boxes-metadata": {"class-map": {}}}
    told = task_input(line, "boxes")
    assert (told["initialValue"], told["reviewedLabels"]) == ([], [])


@pytest.mark.parametrize(
    "attribute, line",
    [
        ("mask-ref", {"mask-ref": MASK, "mask-ref-metadata": {"internal-color-map": COLOUR_MAP}}),
        ("mask", {"mask": {"mask-ref": MASK, "internal-color-map": COLOUR_MAP}, "mask-metadata": {}}),
        ("mask", {"mask": {"mask-ref": MASK}, "mask-metadata": {"internal-color-map": COLOUR_MAP}}),
    ],
    ids=["built-in", "custom", "custom with the map in the metadata"],
)
def test_an_earlier_mask_is_told_as_the_element_takes_it(task_input, attribute, line):
    told = task_input(IMAGE | line, attribute)
    assert told["initialValue"] == {"src": MASK, "labelMappings": MAPPINGS}
    assert list(told["initialValue"]["labelMappings"]) == told["reviewedLabels"] == ["cat", "dog"]


BOX = ANNOTATIONS[0]


@pytest.mark.parametrize(
    "line, message",
    [
        ({}, "the manifest line has no label work to review$"),
        (
            {"work-metadata": {"failure-reason": "ClientError: declined"}},
            "no label work to review: it failed before: ClientError: declined",
        ),
        ({"work": {"annotations": []}, "work-metadata": "none"}, "work-metadata must be an object"),
        ({"work": 5}, "work is neither boxes"),
        ({"work": {"class-name": "bad"}}, "work is neither boxes"),
        ({"work": {"annotations": {}}}, "work is neither boxes"),
        ({"work": {"annotations": ["box"]}}, r"work.annotations\[0\] must be an object"),
        ({"work": {"annotations": [BOX | {"left": "3"}]}}, r"work.annotations\[0\] needs numbers"),
        ({"work": {"annotations": [BOX]}}, r"class 1 of work.annotations\[0\] has no name in the class-map"),
        ({"work": {"annotations": [BOX], "class-map": []}}, "the class-map of work must be an object"),
        ({"work": {"annotations": [BOX], "class-map": {"1": 7}}}, "has no name in the class-map"),
        ({"work": {"annotations": [], "class-map": {"one": "cat"}}}, "key 'one', which is no class id"),
        ({"work": {"annotations": [], "class-map": {"1": 7}}}, "must give texts as names"),
        ({"work": "masks/0.png"}, "work must be the S3 URI of a mask"),
        ({"work": MASK}, "work-metadata.internal-color-map must be an object, not null"),
        ({"work": {"mask-ref": 5, "internal-color-map": {}}}, "work.mask-ref must be the S3 URI of a mask"),
        ({"work": {"mask-ref": MASK}}, "work.internal-color-map must be an object"),
        (
            {"work": MASK, "work-metadata": {"internal-color-map": {"1": {"class-name": "cat"}}}},
            r"work-metadata.internal-color-map\[1\] needs a class-name and a hex-color",
        ),
        (
            {"work": MASK, "work-metadata": {"internal-color-map": {"x": {}}}},
            "key 'x', which is no class id",
        ),
    ],
)
def test_a_label_that_cannot_be_reviewed_is_refused_by_the_name_of_its_field(task_input, line, message):
    with pytest.raises(ValueError, match=message):
        task_input(IMAGE | line, "work")


@pytest.fixture
def studio(stand_in_environment) -> Iterator[Studio]:
    with Studio(stand_in_environment, workers=0) as studio:
        yield studio


def test_the_job_tells_its_labels_and_what_is_reviewed_and_is_asked_once(pre_annotation, studio, monkeypatch):
    import jobs

    configuration = {
        "document-version": "2018-11-28",
        "labels": [{"label": "dog"}, {"label": "cat"}],
        "auditLabelAttributeName": "earlier",
    }
    uri = studio.write("adjust.json", json.dumps(configuration))
    line = {"source-ref": studio.write("images/0.jpg", picture())}
    line |= {"earlier": {"annotations": ANNOTATIONS, "class-map": CLASS_MAP}}
    job = studio.create(studio.manifest(line), {"LabelCategoryConfigS3Uri": uri})
    event = {"labelingJobArn": studio.describe(job)["LabelingJobArn"], "dataObject": line}
    jobs.describe_task.cache_clear()
    told = pre_annotation.handle(event, None)["taskInput"]
    assert (told["labels"], told["header"]) == (["dog", "cat"], "Draw boxes around the animals")
    assert [box["label"] for box in told["initialValue"]] == ["dog", "cat"]
    monkeypatch.setattr(jobs, "boto3", None)
    assert pre_annotation.handle(event, None)["taskInput"] == told


@pytest.mark.parametrize(
    "configuration, message",
    [
        ({"labels": []}, "names no label"),
        ({"labels": ["dog"]}, "is not a label category configuration"),
        ({"labels": [{"label": "dog"}], "auditLabelAttributeName": 5}, "auditLabelAttributeName in s3://"),
    ],
    ids=str,
)
def test_a_configuration_that_says_nothing_usable_is_named(
    pre_annotation, studio, monkeypatch, configuration, message
):
    """Ground Truth checks it when the job is made; the file may have changed since."""
    import jobs

    line = {"source-ref": studio.write("images/0.jpg", picture())}
    job = studio.create(studio.manifest(line))
    studio.write("labels.json", json.dumps(configuration))
    event = {"labelingJobArn": studio.describe(job)["LabelingJobArn"], "dataObject": line}
    jobs.describe_task.cache_clear()
    with pytest.raises(ValueError, match=message):
        pre_annotation.handle(event, None)
