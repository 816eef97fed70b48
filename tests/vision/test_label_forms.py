"""Masks, classes, verdicts and corrections: AWS's documented lines, our own, and what may be wrong."""

import json

import pytest

from vision.boxes import Box
from vision.class_labels import LabeledClass
from vision.manifest import LabeledImage, augmented_manifest, input_manifest, read_labeled
from vision.mask_labels import LabeledMask

URI, MASK = "s3://images/street.png", "s3://out/annotations/consolidated-annotation/output/0_2026.png"
ROAD_AND_CAR = {
    "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff", "confidence": 0.9},
    "1": {"class-name": "road", "hex-color": "#1f77b4", "confidence": 0.9},
    "3": {"class-name": "car", "hex-color": "#2ca02c", "confidence": 0.9},
}
STREET = ["road", "house", "car"]
TAIL = {
    "human-annotated": "yes",
    "creation-date": "2018-11-01T08:46:57.012000",
    "job-name": "labeling-job/streets",
}
BUILT_IN_MASK = {
    "source-ref": URI,
    "streets-ref": MASK,
    "streets-ref-metadata": {
        "internal-color-map": ROAD_AND_CAR,
        "type": "groundtruth/semantic-segmentation",
        **TAIL,
    },
}
CUSTOM_MASK = {
    "source-ref": URI,
    "streets": {
        "mask-ref": MASK,
        "internal-color-map": ROAD_AND_CAR,
        "image_size": [{"width": 640, "height": 480, "depth": 3}],
        "consensus": {"workers": 3},
    },
    "streets-metadata": {"type": "groundtruth/custom", **TAIL},
}
BUILT_IN_CLASS = {
    "source-ref": URI,
    "kind": 1,
    "kind-metadata": {
        "class-name": "house",
        "confidence": 0.8,
        "type": "groundtruth/image-classification",
        **TAIL,
    },
}
CUSTOM_CLASS = {
    "source-ref": URI,
    "kind": {"class-id": 1, "class-name": "house", "confidence": 0.8, "consensus": {"workers": 3}},
    "kind-metadata": {"type": "groundtruth/custom", **TAIL},
}
VERDICT = {
    "source-ref": URI,
    "checked": "1",
    "checked-metadata": {
        "class-name": "bad",
        "confidence": 0.93,
        "worker-feedback": [{"comment": "The car on the left has no box."}],
        "type": "groundtruth/label-verification",
        **TAIL,
    },
}


def manifest(*lines: dict) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def read(line: dict, attribute: str, labels: list[str], form: str):
    found = read_labeled(manifest(line), attribute, labels, form=form)
    assert not found.problems, found.problems
    (image,) = found.images
    return image


def changed(line: dict, attribute: str, **changes) -> dict:
    line = json.loads(json.dumps(line))
    line[attribute].update({name.replace("_", "-"): value for name, value in changes.items()})
    return line


def test_the_documented_mask_is_read():
    assert read(BUILT_IN_MASK, "streets-ref", STREET, "semantic_segmentation") == LabeledMask(
        URI, MASK, ("road", "car"), 0.9, None, job="streets", created="2018-11-01T08:46:57.012000"
    )


def test_a_mask_of_our_own_functions_is_read_with_its_size_and_written_as_the_documented_one():
    mask = read(CUSTOM_MASK, "streets", STREET, "semantic_segmentation")
    assert (mask.names, mask.size, mask.scores) == (("road", "car"), (640, 480), (0.9,))
    (written,) = map(
        json.loads,
        augmented_manifest([mask], "streets-ref", STREET, form="semantic_segmentation").splitlines(),
    )
    assert written == BUILT_IN_MASK


def test_an_image_without_any_object_has_a_mask_of_background():
    background = {"0": ROAD_AND_CAR["0"]}
    line = changed(BUILT_IN_MASK, "streets-ref-metadata", internal_color_map=background)
    assert read(line, "streets-ref", STREET, "semantic_segmentation").names == ()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (BUILT_IN_MASK | {"streets-ref": "0.png"}, "must be an S3 URI of a PNG"),
        (BUILT_IN_MASK | {"streets-ref": {}}, "image_size"),
        (changed(BUILT_IN_MASK, "streets-ref-metadata", internal_color_map={}), "must map pixel values"),
        (BUILT_IN_MASK | {"streets-ref-metadata": {}}, "must map pixel values"),
        (
            changed(BUILT_IN_MASK, "streets-ref-metadata", internal_color_map={"1": {"class-name": "road"}}),
            "needs class-name and hex-color",
        ),
        (
            changed(
                BUILT_IN_MASK,
                "streets-ref-metadata",
                internal_color_map={"2": {"class-name": "road", "hex-color": "#000000"}},
            ),
            "pixel 2 is 'road', but the loop's labels ['road', 'house', 'car'] make it 'house'",
        ),
        (
            changed(
                BUILT_IN_MASK,
                "streets-ref-metadata",
                internal_color_map={"4": {"class-name": "tree", "hex-color": "#000000"}},
            ),
            "unknown label 'tree'",
        ),
        (
            changed(
                BUILT_IN_MASK,
                "streets-ref-metadata",
                internal_color_map={"0": {"class-name": "road", "hex-color": "#000000"}},
            ),
            "pixel 0 is 'road' and not BACKGROUND",
        ),
        (
            changed(
                BUILT_IN_MASK,
                "streets-ref-metadata",
                internal_color_map={"1": {"class-name": "road", "hex-color": "red"}},
            ),
            "and not one like #2ca02c",
        ),
    ],
)
def test_a_mask_that_cannot_be_trusted_is_a_problem(line, message):
    found = read_labeled(manifest(line, BUILT_IN_MASK), "streets-ref", STREET, form="semantic_segmentation")
    assert len(found.images) == 1
    (problem,) = found.problems
    assert str(problem).startswith(f"line 1 ({URI}): ") and message in str(problem)


def test_a_class_is_read_from_a_built_in_and_from_a_custom_job():
    built_in = read(BUILT_IN_CLASS, "kind", STREET, "image_classification")
    custom = read(CUSTOM_CLASS, "kind", STREET, "image_classification")
    assert built_in == custom
    assert built_in == LabeledClass(URI, "house", 0.8, job="streets", created="2018-11-01T08:46:57.012000")
    body = augmented_manifest([custom], "kind", STREET, form="image_classification")
    assert json.loads(body) == BUILT_IN_CLASS


def test_a_verdict_is_read_with_its_comments_and_written_with_a_string_as_aws_does():
    verdict = read(VERDICT, "checked", ["good", "bad"], "label_verification")
    assert (verdict.name, verdict.comments) == ("bad", ("The car on the left has no box.",))
    body = augmented_manifest([verdict], "checked", ["good", "bad"], form="label_verification")
    assert json.loads(body) == VERDICT


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (BUILT_IN_CLASS | {"kind": "house"}, "must be a class id"),
        (BUILT_IN_CLASS | {"kind": True}, "must be a class id"),
        (BUILT_IN_CLASS | {"kind-metadata": {}}, "class 1 of kind has no class-name"),
        (BUILT_IN_CLASS | {"kind-metadata": []}, "kind-metadata must be a JSON object"),
        (changed(BUILT_IN_CLASS, "kind-metadata", class_name="tree"), "unknown label 'tree'"),
        (changed(BUILT_IN_CLASS, "kind-metadata", confidence="sure"), "no number from 0 to 1"),
        (changed(CUSTOM_CLASS, "kind", worker_feedback="good"), "must be a list of comments"),
        (changed(BUILT_IN_CLASS, "kind-metadata", adjustment_status="maybe"), "adjusted or unadjusted"),
    ],
)
def test_a_class_that_cannot_be_trusted_is_a_problem(line, message):
    found = read_labeled(manifest(line), "kind", STREET, form="image_classification")
    assert (found.images, found.failures, found.unlabeled) == ([], [], [])
    assert message in str(found.problems[0])


@pytest.mark.parametrize("form", ["semantic_segmentation", "image_classification", "label_verification"])
def test_failed_and_unlabeled_images_are_told_apart_in_every_form(form):
    failed = {"source-ref": "s3://b/1.jpg", "kind-metadata": {"failure-reason": "nobody answered"}}
    found = read_labeled(manifest(failed, {"source-ref": "s3://b/2.jpg"}), "kind", STREET, form=form)
    assert [failure.reason for failure in found.failures] == ["nobody answered"]
    assert (found.unlabeled, found.images, found.problems) == (["s3://b/2.jpg"], [], [])


@pytest.mark.parametrize("place", ["label", "metadata"])
def test_an_adjusted_label_keeps_its_status_and_what_was_adjusted(place):
    before = {"source-ref": URI, "boxes": {"annotations": []}, "boxes-metadata": {"class-map": {}}}
    label = {
        "image_size": [{"width": 64, "height": 48, "depth": 3}],
        "annotations": [{"class_id": 0, "left": 1, "top": 2, "width": 3, "height": 4}],
    }
    metadata = {"class-map": {"0": "road"}, **TAIL}
    (label if place == "label" else metadata)["adjustment-status"] = "adjusted"
    line = before | {"mended": label, "mended-metadata": metadata}
    image = read(line, "mended", STREET, "bounding_box")
    assert (image.adjusted, image.boxes) == (True, (Box("road", 1, 2, 3, 4),))
    written = json.loads(augmented_manifest([image], "mended", STREET, keep=["boxes"]))
    assert written["mended-metadata"]["adjustment-status"] == "adjusted"
    assert {name: written[name] for name in before} == before


def test_labels_that_the_loop_does_not_know_are_not_written():
    for form, label in (
        ("semantic_segmentation", LabeledMask(URI, MASK, ("tree",))),
        ("image_classification", LabeledClass(URI, "tree")),
        ("bounding_box", LabeledImage(URI, 5, 5, 3, (Box("tree", 1, 1, 2, 2),))),
    ):
        with pytest.raises(ValueError, match=f"{URI}: .*tree.* none of"):
            augmented_manifest([label], "masks-ref", STREET, form=form)


def test_masks_are_kept_only_under_a_name_that_the_algorithm_reads():
    with pytest.raises(ValueError, match="masks: the attribute of masks must end with -ref"):
        augmented_manifest([LabeledMask(URI, MASK, ())], "masks", STREET, form="semantic_segmentation")


def test_a_review_asks_about_whole_lines():
    assert [json.loads(line) for line in input_manifest([BUILT_IN_MASK]).splitlines()] == [BUILT_IN_MASK]
