"""What AWS's own task types write into the output manifest, of what the consolidation functions return."""

import json

import pytest

from localaws.groundtruth.labels import label_outcome
from localaws.groundtruth.problems import ObjectFailure
from localaws.groundtruth.task_types import TASK_TYPES

LABELS = ["dog", "cat"]
JOB = {"LabelingJobName": "job", "LabelAttributeName": "animals-ref"}
BOXES = {
    "image_size": [{"width": 60, "height": 40, "depth": 3}],
    "annotations": [{"class_id": 1, "left": 1, "top": 2, "width": 3, "height": 4}],
    "objects": [{"confidence": 0.75}],
    "class-map": {"1": "cat"},
    "consensus": {"workers": 2},
}
COLOURS = {
    "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff", "confidence": 0.9},
    "2": {"class-name": "cat", "hex-color": "#ff7f0e", "confidence": 0.9},
}
MASK = {
    "mask-ref": "s3://bucket/output/0_2026.png",
    "internal-color-map": COLOURS,
    "image_size": [{"width": 60, "height": 40, "depth": 3}],
    "consensus": {},
}
CHOSEN = {"class-id": 1, "class-name": "cat", "confidence": 0.66, "consensus": {"workers": 3}}


def written(task_type: str, content: object) -> tuple[object, dict]:
    """Label and metadata, without what every label has."""
    outcome = label_outcome(JOB, TASK_TYPES[task_type], {"animals-ref": content}, LABELS, 0.0)
    gained = json.loads(outcome)
    assert set(gained) == {"animals-ref", "animals-ref-metadata"}
    metadata = gained["animals-ref-metadata"]
    assert metadata.pop("creation-date") == "1970-01-01T00:00:00.000000"
    assert (metadata.pop("job-name"), metadata.pop("human-annotated")) == ("labeling-job/job", "yes")
    return gained["animals-ref"], metadata


def test_boxes_have_their_confidences_and_the_classes_that_occur_beside_them():
    boxes = {"image_size": BOXES["image_size"], "annotations": BOXES["annotations"]}
    metadata = {
        "objects": [{"confidence": 0.75}],
        "class-map": {"1": "cat"},
        "type": "groundtruth/object-detection",
    }
    assert written("BoundingBox", BOXES) == (boxes, metadata)
    for status in ("adjusted", "unadjusted"):
        content = BOXES | {"adjustment-status": status}
        assert written("AdjustmentBoundingBox", content) == (boxes, metadata | {"adjustment-status": status})
    assert written("AdjustmentBoundingBox", BOXES)[1]["adjustment-status"] == "unadjusted"
    assert written("BoundingBox", BOXES | {"adjustment-status": "adjusted"}) == (boxes, metadata)


def test_a_mask_is_the_address_of_its_picture_and_the_map_of_its_colours():
    metadata = {"internal-color-map": COLOURS, "type": "groundtruth/semantic-segmentation"}
    assert written("SemanticSegmentation", MASK) == (MASK["mask-ref"], metadata)
    content = MASK | {"adjustment-status": "adjusted"}
    expected = metadata | {"adjustment-status": "adjusted"}
    assert written("AdjustmentSemanticSegmentation", content) == (MASK["mask-ref"], expected)


def test_a_class_is_a_number_and_the_verdict_of_a_verification_the_text_of_one():
    metadata = {"class-name": "cat", "confidence": 0.66}
    classified = metadata | {"type": "groundtruth/image-classification"}
    assert written("ImageMultiClass", CHOSEN) == (1, classified)
    verified = metadata | {"type": "groundtruth/label-verification"}
    feedback = [{"comment": "The mask on the left is off."}]
    for name in ("VerificationBoundingBox", "VerificationSemanticSegmentation"):
        assert written(name, CHOSEN) == ("1", verified)
        assert written(name, CHOSEN | {"worker-feedback": []}) == ("1", verified)
        content = CHOSEN | {"worker-feedback": feedback}
        assert written(name, content) == ("1", verified | {"worker-feedback": feedback})


@pytest.mark.parametrize(
    ("task_type", "content", "message"),
    [
        ("BoundingBox", [], "has not the form of a box label"),
        ("BoundingBox", BOXES | {"objects": []}, "0 confidences for 1 boxes"),
        ("BoundingBox", BOXES | {"annotations": [{"class_id": 2}]}, "form of a box label.*KeyError: 2"),
        ("AdjustmentBoundingBox", BOXES | {"adjustment-status": True}, "adjustment-status is True, not adj"),
        ("SemanticSegmentation", CHOSEN, "has not the form of a mask label.*mask-ref"),
        ("SemanticSegmentation", MASK | {"mask-ref": "0.png"}, "mask-ref is '0.png', not an S3 URI"),
        ("SemanticSegmentation", MASK | {"internal-color-map": {"1": COLOURS["2"]}}, "for 1, not 'dog'"),
        ("SemanticSegmentation", MASK | {"internal-color-map": {"3": COLOURS["2"]}}, "for 3, not None"),
        ("SemanticSegmentation", MASK | {"internal-color-map": {"2": COLOURS["2"] | {"hex-color": "red"}}},
         "the colour 'red' for 2"),
        ("ImageMultiClass", None, "has not the form of a class label"),
        ("ImageMultiClass", CHOSEN | {"class-id": "1"}, "class-id '1' is not 'cat'"),
        ("ImageMultiClass", CHOSEN | {"class-id": 0}, "class-id 0 is not 'cat'"),
        ("VerificationBoundingBox", CHOSEN | {"class-id": 2}, "class-id 2 is not 'cat'"),
        ("VerificationBoundingBox", CHOSEN | {"worker-feedback": ["good"]}, "worker-feedback"),
    ],
)  # fmt: skip
def test_a_label_of_another_form_fails_its_object_alone(task_type, content, message):
    with pytest.raises(ObjectFailure, match=message):
        written(task_type, content)


def test_what_a_function_leaves_out_fails_the_object():
    with pytest.raises(ObjectFailure, match="no content for the label attribute animals-ref"):
        label_outcome(JOB, TASK_TYPES["BoundingBox"], {"boxes": BOXES}, LABELS, 0.0)
