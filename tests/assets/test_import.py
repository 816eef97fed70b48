"""Labels that come from elsewhere are accepted like those of workers, and nobody is asked about them."""

import dagster as dg
import pytest

from assets.labels import read_accepted
from assets.records import read_record
from orchestration.definitions import build_definitions
from orchestration.exchange import write_labels
from orchestration.importing import import_batch
from orchestration.loop import LoopError
from orchestration.partitions import batches_of
from tests.assets.conftest import numbers, picture
from vision.boxes import Box
from vision.exchange import read_voc, read_yolo, write_yolo
from vision.manifest import LabeledImage

BOXES = {"1.jpg": (Box("square", 1, 2, 10, 10), Box("bar", 3, 4, 20, 5)), "2.jpg": ()}


@pytest.fixture
def written(tmp_path):
    def write(name="ours", boxes=BOXES, colours=("red", "blue")):
        folder = tmp_path / name
        (folder / "images").mkdir(parents=True)
        images = {}
        for (file, found), colour in zip(boxes.items(), colours, strict=True):
            (folder / "images" / file).write_bytes(picture(40, 30, colour))
            images[folder / "images" / file] = LabeledImage(file, 40, 30, 3, found)
        write_yolo(folder, ["square", "bar", "ring"], images)
        return read_yolo(folder)

    return write


def tick(loop, instance, name):
    definitions = build_definitions(loop)
    with dg.build_sensor_context(
        instance=instance, definitions=definitions, resources=definitions.resources
    ) as context:
        return definitions.resolve_sensor_def(name)(context)


@pytest.mark.slow
def test_imported_labels_come_out_as_they_went_in_and_no_worker_is_asked(
    loop, store, instance, materialize, written, tmp_path
):
    dataset = written()
    batch = import_batch(loop, store, instance, dataset)
    assert instance.get_dynamic_partitions(batches_of(loop).name) == [batch]
    first = read_record(store, loop, "labels")
    found = read_accepted(store, loop, first)
    assert {label.job for label in found} == {"imported/ours"}
    assert {label.uri.rpartition("/")[2]: label.boxes for label in found} == BOXES
    assert not getattr(tick(loop, instance, "new_images"), "run_requests", None)
    write_labels(loop, store, "voc", tmp_path / "out")
    assert {name: image.boxes for name, image in read_voc(tmp_path / "out").truth.items()} == BOXES
    with pytest.raises(dg.Failure, match="came with its labels, so no worker is asked"):
        materialize("labeling_input", batch=batch)

    assert import_batch(loop, store, instance, dataset) == batch, "the same again is nothing new"
    assert read_record(store, loop, "labels") == first

    corrected = written("again", BOXES | {"2.jpg": (Box("bar", 5, 5, 9, 9),)})
    assert import_batch(loop, store, instance, corrected) != batch
    counts = numbers(materialize("labels"), "labels")
    assert (counts["images"], counts["boxes"], counts["labeled_again"]) == (2, 3, 2)
    history = store.read_json(counts["history"])
    assert all(label["answers"] == [] for labels in history.values() for label in labels)
    assert [label["job"] for label in history[f"{loop.images_uri}2.jpg"]] == [
        "imported/ours",
        "imported/again",
    ]


def test_what_does_not_fit_the_loop_is_refused_before_anything_is_uploaded(loop, store, instance, written):
    with pytest.raises(LoopError, match="has the labels ring, which are none of the loop's: square, bar"):
        import_batch(
            loop, store, instance, written(boxes={"1.jpg": (Box("ring", 1, 1, 5, 5),)}, colours=["red"])
        )
    dataset = written("empty")
    with pytest.raises(LoopError, match="only boxes can be imported, and this is a loop of image_class"):
        classes = loop.model_copy(update={"task": "image_classification"})
        import_batch(classes, store, instance, dataset)
    store.write(f"{loop.images_uri}2.jpg", picture(40, 30, "green"))
    with pytest.raises(LoopError, match="there is another image s3://.*/2.jpg already: rename"):
        import_batch(loop, store, instance, dataset)
    assert [found.key for found in store.list(f"s3://{loop.bucket}/")] == [f"{loop.images}2.jpg"]
    assert instance.get_dynamic_partitions(batches_of(loop).name) == []
