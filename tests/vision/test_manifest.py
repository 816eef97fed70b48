"""Manifests of Ground Truth: its documented shapes, and everything that may be wrong with one."""

import json

import pytest

from vision.boxes import Box
from vision.manifest import (
    ClassMapDrift,
    LabeledImage,
    augmented_manifest,
    input_manifest,
    merge_class_maps,
    parse_lines,
    read_labeled,
)

# The output line of AWS's documentation (sms-data-output), made a manifest line of one dog.
DOCUMENTED = {
    "source-ref": "s3://images/dog.png",
    "animals": {
        "image_size": [{"width": 500, "height": 400, "depth": 3}],
        "annotations": [{"class_id": 0, "left": 111, "top": 134, "width": 61, "height": 128}],
    },
    "animals-metadata": {
        "objects": [{"confidence": 0.8}],
        "class-map": {"0": "dog"},
        "type": "groundtruth/object-detection",
        "human-annotated": "yes",
        "creation-date": "2018-10-18T22:18:13.527256",
        "job-name": "labeling-job/dogs-and-bones",
    },
}
LABELS = ["bone", "dog"]


def manifest(*lines) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def changed(**changes) -> dict:
    """The documented line with changes to its label (``annotations=...``) or metadata (``class_map=...``)."""
    line = json.loads(json.dumps(DOCUMENTED))
    for name, value in changes.items():
        name = name.replace("_", "-") if name == "class_map" else name
        line["animals" if name in ("annotations", "image_size") else "animals-metadata"][name] = value
    return line


def dog(**changes) -> dict:
    return {"class_id": 0, "left": 111, "top": 134, "width": 61, "height": 128} | changes


def test_the_documented_line_is_read_by_its_class_map_and_not_by_the_order_of_labels():
    read = read_labeled(manifest(DOCUMENTED), "animals", LABELS)
    assert read.images == [
        LabeledImage(
            uri="s3://images/dog.png",
            width=500,
            height=400,
            depth=3,
            boxes=(Box("dog", 111, 134, 61, 128, score=0.8),),
            job="dogs-and-bones",
            created="2018-10-18T22:18:13.527256",
            human=True,
        )
    ]
    assert read.images[0].line == DOCUMENTED
    assert (read.failures, read.unlabeled, read.problems) == ([], [], [])


def test_a_custom_job_may_carry_everything_inside_the_label():
    line = {
        "source-ref": "s3://images/dog.png",
        "animals": DOCUMENTED["animals"] | {"class-map": {"0": "dog"}, "objects": [{"confidence": 0.5}]},
        "animals-metadata": {"type": "groundTruth/custom", "job_name": "mine", "human-annotated": "no"},
    }
    (image,) = read_labeled(manifest(line), "animals", LABELS).images
    assert (image.job, image.human, image.boxes[0].label, image.boxes[0].score) == ("mine", False, "dog", 0.5)


def test_an_image_with_nothing_to_label_is_no_failure():
    line = changed(annotations=[], objects=[], class_map={})
    (image,) = read_labeled(manifest(line), "animals", LABELS).images
    assert image.boxes == ()


def test_failed_and_unlabeled_images_are_told_apart():
    failed = {"source-ref": "s3://b/1.jpg", "animals-metadata": {"failure-reason": "ClientError: too big"}}
    unlabeled = {"source-ref": "s3://b/2.jpg"}
    read = read_labeled(manifest(failed, unlabeled), "animals", LABELS)
    assert [(failure.uri, failure.reason) for failure in read.failures] == [
        ("s3://b/1.jpg", "ClientError: too big")
    ]
    assert (read.unlabeled, read.images, read.problems) == (["s3://b/2.jpg"], [], [])


def test_a_pixel_of_rounding_over_the_edge_is_cut_off():
    line = changed(annotations=[dog(left=-1, top=273)])
    (image,) = read_labeled(manifest(line), "animals", LABELS).images
    assert image.boxes == (Box("dog", 0, 273, 60, 127, 0.8),)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (changed(class_map={"0": "horse"}), "unknown label 'horse': the labels are ['bone', 'dog']"),
        (changed(class_map={}), "class 0 has no name in the class-map {}"),
        (changed(class_map=["dog"]), "needs class_id"),
        (changed(annotations=[dog(width=0)]), "has no area"),
        (changed(annotations=[dog(left=500, width=1)]), "has no area"),
        (changed(annotations=[dog(left=450)]), "not inside the image of 500 x 400"),
        (changed(annotations=[dog(top=-20)]), "not inside the image"),
        (changed(annotations=[dog(left="111")]), "must be numbers"),
        (changed(annotations=[{"class_id": 0}]), "needs class_id, left, top, width and height"),
        (changed(annotations=["dog"]), "needs class_id, left, top, width and height"),
        (changed(annotations="dog"), "no list of annotations"),
        (changed(objects=[]), "1 annotations but objects are []"),
        (changed(objects=[{"confidence": "high"}]), "must be numbers"),
        (changed(image_size=[]), "image_size"),
        (changed(image_size=[{"width": 0, "height": 400}]), "whole pixels"),
        (changed(image_size=[{"width": 500.5, "height": 400}]), "whole pixels"),
        (DOCUMENTED | {"animals": "dog"}, "must be JSON objects"),
        ({"source": "text", "animals": {}}, "no source-ref"),
        ({"source-ref": "s3://b/k.png", "animals-metadata": {}}, "without a failure-reason"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_line_that_cannot_be_trusted_is_a_problem_that_names_it(line, message):
    read = read_labeled(manifest(DOCUMENTED, line, DOCUMENTED), "animals", LABELS)
    assert len(read.images) == 2
    (problem,) = read.problems
    assert problem.line == 2
    assert str(problem).startswith(f"line 2 ({line['source-ref']}): " if "source-ref" in line else "line 2: ")
    assert message in str(problem)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "not JSON"),
        (b'"s3://b/k.png"', "must be a JSON object"),
        (b"\xff\xfe{}", "not JSON"),
        (b'{"source-ref": "s3://b/k.png", "weight": NaN}', "NaN is not JSON"),
        (b"{}", "exactly one of source-ref and source"),
        (b'{"source-ref": "s3://b/k", "source": "text"}', "exactly one of source-ref and source"),
        (b'{"source-ref": "https://b/k.png"}', "must be s3://bucket/key"),
        (b'{"source-ref": "s3://bucket"}', "must be s3://bucket/key"),
        (b'{"source-ref": 7}', "must be s3://bucket/key"),
        (b'{"source-ref": "s3://b/k.png", "$set": 1}', "must not begin with $"),
        (b'{"source-ref": "s3://b/k.png", "note": "%s"}' % (b"x" * 20_000), "note has 20,002 characters"),
        (
            b'{"source-ref": "s3://b/k.png", %s}'
            % b", ".join(b'"n%d": "%s"' % (number, b"x" * 19_000) for number in range(6)),
            "lines of at most 100,000",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_rest_of_an_input_manifest_survives_a_bad_line(line, message):
    lines, problems = parse_lines(
        b'{"source-ref": "s3://b/1.png"}\r\n\n' + line + b'\n{"source": "a text"}\n'
    )
    assert lines == [(1, {"source-ref": "s3://b/1.png"}), (4, {"source": "a text"})]
    (problem,) = problems
    assert problem.line == 3
    assert message in str(problem)


def test_what_aws_returns_may_be_longer_than_what_it_takes():
    boxes = [dog(left=index % 400) for index in range(400)]
    line = changed(annotations=boxes, objects=[{"confidence": 0.5} for _ in boxes])
    assert parse_lines(manifest(line))[1]
    assert len(read_labeled(manifest(line), "animals", LABELS).images[0].boxes) == 400


def test_an_input_manifest_has_one_line_per_image():
    body = input_manifest(["s3://b/1.jpg", "s3://b/Größe 2.jpg"])
    assert body.decode() == '{"source-ref": "s3://b/1.jpg"}\n{"source-ref": "s3://b/Größe 2.jpg"}\n'


@pytest.mark.parametrize(
    ("uris", "message"),
    [
        ([], "at least one image"),
        (["s3://b/1.jpg", "s3://b/1.jpg"], "more than once: ['s3://b/1.jpg']"),
        (["1.jpg"], "must be s3://bucket/key"),
        ([f"s3://b/{index}" for index in range(100_001)], "100,001 objects"),
    ],
    ids=["empty", "repeated", "no URI", "too many"],
)
def test_an_input_manifest_that_aws_would_refuse_is_not_written(uris, message):
    with pytest.raises(ValueError) as refused:
        input_manifest(uris)
    assert message in str(refused.value)


def test_an_augmented_manifest_has_the_documented_shape_with_our_own_class_ids():
    images = read_labeled(manifest(DOCUMENTED), "animals", LABELS).images
    (line,) = map(json.loads, augmented_manifest(images, "animals", LABELS).splitlines())
    expected = changed(annotations=[dog(class_id=1)], class_map={"1": "dog"})
    assert line == expected


def test_what_is_written_reads_back_the_same():
    images = [
        LabeledImage("s3://b/1.jpg", 640, 480, 3, (Box("dog", 0, 0, 640, 480), Box("bone", 1, 2, 3, 4, 0.5))),
        LabeledImage("s3://b/2.jpg", 10, 10, 1, (), job="j", created="2026-01-01T00:00:00", human=False),
    ]
    read = read_labeled(augmented_manifest(images, "animals", LABELS), "animals", LABELS)
    assert read.images == images
    assert not read.problems


def test_a_box_of_fractions_stays_inside_the_image_in_whole_pixels():
    image = LabeledImage("s3://b/1.jpg", 640, 480, 3, (Box("dog", 639.7, 479.6, 0.3, 0.4),))
    (read,) = read_labeled(augmented_manifest([image], "animals", LABELS), "animals", LABELS).images
    assert read.boxes == (Box("dog", 639, 479, 1, 1),)


def test_a_label_that_training_does_not_know_is_refused():
    image = LabeledImage("s3://b/1.jpg", 640, 480, 3, (Box("horse", 0, 0, 5, 5),))
    with pytest.raises(ValueError, match="s3://b/1.jpg: labels .'horse'. are none of"):
        augmented_manifest([image], "animals", LABELS)


def test_class_maps_that_contradict_each_other_are_refused():
    assert merge_class_maps([{"1": "dog"}, {"0": "bone", "1": "dog"}, {}]) == {0: "bone", 1: "dog"}
    with pytest.raises(ClassMapDrift, match="class 1 is 'dog' on one line and 'bone' on another"):
        merge_class_maps([{"1": "dog"}, {"1": "bone"}])
