"""Labels leave the loop whole, with their images, and nothing that lay there before is touched."""

import json

import pytest

from assets.records import publish
from orchestration.exchange import IMAGES, file_names, write_labels
from orchestration.loop import LoopError
from tests.assets.conftest import picture
from vision.boxes import Box
from vision.exchange import read_coco, read_voc, read_yolo
from vision.manifest import LabeledImage, augmented_manifest

SQUARE, BAR = Box("square", 1, 2, 10, 10), Box("bar", 3, 4, 20, 5)
READ = {"coco": lambda folder: read_coco(folder / "instances.json"), "voc": read_voc, "yolo": read_yolo}


@pytest.fixture
def labeled(loop, store):
    """Two images of one name in two folders, and one that shows nothing."""
    boxes = {"a/1.jpg": (SQUARE, BAR), "b/1.jpg": (BAR,), "c.jpg": ()}
    bodies = {
        key: picture(40, 30, colour) for key, colour in zip(boxes, ("red", "blue", "white"), strict=True)
    }
    for key, body in bodies.items():
        store.write(loop.images_uri + key, body)
    images = [LabeledImage(loop.images_uri + key, 40, 30, 3, found) for key, found in boxes.items()]
    body = augmented_manifest(images, loop.label_attribute, loop.labels)
    record = {"manifest": store.write(loop.uri("labels/test.manifest"), body), "etags": {}}
    publish(store, loop, "labels", record, metadata={})
    return {key.replace("/", "_"): (bodies[key], found) for key, found in boxes.items()}


@pytest.mark.parametrize("form", IMAGES)
def test_labels_come_out_as_they_are(loop, store, labeled, tmp_path, form):
    assert write_labels(loop, store, form, tmp_path / "out") == (3, 3)
    dataset = READ[form](tmp_path / "out")
    assert dataset.problems == []
    assert {path.name: path.read_bytes() for path in dataset.images} == {
        name: body for name, (body, _) in labeled.items()
    }
    assert {name: image.boxes for name, image in dataset.truth.items()} == {
        name: boxes for name, (_, boxes) in labeled.items()
    }


def test_a_folder_with_files_and_labels_of_another_kind_are_refused(loop, store, labeled, tmp_path):
    (tmp_path / "mine.json").write_text(json.dumps("mine"))
    with pytest.raises(LoopError, match="is not empty: give a new folder"):
        write_labels(loop, store, "coco", tmp_path)
    masks = loop.model_copy(update={"task": "semantic_segmentation"})
    with pytest.raises(LoopError, match="only boxes can be exported, .* of semantic_segmentation"):
        write_labels(masks, store, "voc", tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.json"]


def test_images_whose_annotations_would_share_a_file_get_names_of_their_own():
    keys = ["a/1.jpg", "a_1.png", "A_1.jpg", "a_1-2.jpg", "b.jpg"]
    assert file_names(keys) == ["a_1.jpg", "a_1-2.png", "A_1-3.jpg", "a_1-2-2.jpg", "b.jpg"]
