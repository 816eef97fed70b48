"""Every template that comes along makes a task of a real image, by the deployed function, before any job."""

import io
import re
import uuid

import dagster as dg
import httpx
import numpy
import pytest
from PIL import Image

from orchestration.preview import render_task
from resources.aws import Aws
from resources.loop import Loop
from resources.object_store import ObjectStore
from tests.settings import LEAST
from vision.boxes import Box
from vision.manifest import LabeledImage, LabeledMask, augmented_manifest
from vision.masks import write_mask

LABELS = ["ingredients", "hostile \"'><script>alert(1)</script>"]


@pytest.fixture
def store(stand_in_environment) -> ObjectStore:
    return ObjectStore(aws=Aws())


@pytest.fixture
def loop(store) -> Loop:
    """A loop with one file that is no image and one that is."""
    file = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(file, "JPEG")
    bucket = f"preview-{uuid.uuid4().hex[:8]}"
    loop = Loop(**(LEAST | {"name": "previewed", "bucket": bucket, "labels": LABELS}))
    store.ensure_bucket(loop.bucket)
    store.write(f"{loop.images_uri}a-note.txt", b"not an image")
    store.write(f"{loop.images_uri}image.jpg", file.getvalue())
    return loop


@pytest.fixture
def labeled(loop, store) -> dict[str, str]:
    """Manifests with a label of the image under ``boxes`` and under ``masks-ref``."""
    uri = f"{loop.images_uri}image.jpg"
    boxes = LabeledImage(uri, 60, 40, 3, tuple(Box(label, 1, 2, 30, 20) for label in LABELS))
    mask = store.write(loop.uri("mask.png"), write_mask(numpy.ones((40, 60), dtype=numpy.uint8), 2))
    masks = LabeledMask(uri, mask, tuple(LABELS[:1]))
    bodies = {
        "boxes": augmented_manifest([boxes], "boxes", LABELS),
        "masks-ref": augmented_manifest([masks], "masks-ref", LABELS, form="semantic_segmentation"),
    }
    return {name: store.write(loop.uri(f"{name}.manifest"), body) for name, body in bodies.items()}


def changed(loop: Loop, **settings) -> Loop:
    kept = {name: value for name, value in loop.model_dump().items() if name != "label_attribute"}
    return Loop(**(kept | settings))


def assert_shows_the_image(task, element: str) -> None:
    assert task.problems == []
    assert task.html.startswith("<!doctype html>") and f"<{element}" in task.html
    assert "<script>alert" not in task.html
    for address in re.findall(r"http://127\.0\.0\.1:\d+/[\w./-]+", task.html):
        assert httpx.get(address).status_code == 200, address
    assert len(re.findall("/images/", task.html)) >= 1


@pytest.mark.parametrize(
    ("kind", "element"),
    [
        ("bounding_box", "crowd-bounding-box"),
        ("semantic_segmentation", "crowd-semantic-segmentation"),
        ("image_classification", "crowd-image-classifier"),
    ],
)
def test_the_first_image_is_shown_with_the_tools_of_the_loops_task(loop, store, kind, element):
    task = render_task(changed(loop, task=kind), store)
    assert task.image.endswith("/image.jpg")
    assert_shows_the_image(task, element)
    assert LEAST["labeling"]["description"] in task.html


@pytest.mark.parametrize(
    ("kind", "task", "attribute", "element"),
    [
        ("verification", "bounding_box", "boxes", "crowd-image-classifier"),
        ("verification", "semantic_segmentation", "masks-ref", "crowd-image-classifier"),
        ("adjustment", "bounding_box", "boxes", "crowd-bounding-box"),
        ("adjustment", "semantic_segmentation", "masks-ref", "crowd-semantic-segmentation"),
    ],
)
def test_a_review_is_shown_with_the_label_under_review(loop, store, labeled, kind, task, attribute, element):
    review = {"kind": kind, "attribute": attribute, "manifest": labeled[attribute]}
    labels = ["good", "bad"] if kind == "verification" else LABELS
    shown = render_task(changed(loop, task=task, review=review, labels=labels), store)
    assert_shows_the_image(shown, element)
    label = "&#34;ingredients&#34;"
    assert shown.html.count(label) >= (1 if kind == "verification" else 2)
    assert len(re.findall("/images/", shown.html)) == (2 if attribute == "masks-ref" else 1)


def test_a_loop_without_images_says_where_they_are_expected(loop, store):
    elsewhere = changed(loop, images="nowhere/")
    with pytest.raises(dg.Failure, match=f"There is no image under s3://{loop.bucket}/nowhere/"):
        render_task(elsewhere, store)


def test_a_template_that_the_portal_cannot_show_is_told(loop, store, tmp_path):
    own = tmp_path / "own.html"
    own.write_text("<crowd-form><crowd-keypoint name='a'></crowd-keypoint></crowd-form>")
    labeling = loop.labeling.model_copy(update={"template": str(own)})
    task = render_task(loop.model_copy(update={"labeling": labeling}), store)
    assert any("crowd-keypoint" in problem for problem in task.problems)
