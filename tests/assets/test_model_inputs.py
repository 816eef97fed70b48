"""What is sent to SageMaker has the name of its content, and what comes back finds its image."""

import io
import json
import os
import tarfile

import dagster as dg
import pytest

from assets.batch_predictions import choose
from assets.box_answers import table
from assets.evaluation import map_above_floor
from assets.labeling import labeling_job_name
from assets.packaging import pack_source, source_digest
from assets.records import record_uri
from assets.trained_model import changed_labels, kept_model, model_inputs, weights_etag
from assets.transform import match_answers
from resources.loop import Automation
from resources.loop_training import Training
from resources.names import content_hash, job_name
from vision.boxes import Box
from vision.evaluation import Evaluation


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "detector"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "train.py").write_text("print('train')\n")
    (folder / "model.py").write_text("print('model')\n")
    (folder / "__pycache__" / "train.pyc").write_bytes(b"compiled")
    return folder


def test_the_same_sources_are_the_same_archive_whenever_they_were_written(source):
    body, digest = pack_source(source), source_digest(source)
    os.utime(source / "train.py", (0, 0))
    (source / "__pycache__" / "model.pyc").write_bytes(b"more")
    assert (pack_source(source), source_digest(source)) == (body, digest)
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        assert archive.getnames() == ["model.py", "train.py"]


def test_a_change_of_the_sources_is_another_training(source):
    before = source_digest(source)
    (source / "train.py").write_text("print('train better')\n")
    assert source_digest(source) != before


def test_a_training_job_has_a_new_name_only_when_the_model_would_be_another(loop):
    train, validation = {"content": "a"}, {"content": "b"}

    def name(settings, train=train, image="image:1", initial=None, weights=None):
        inputs = model_inputs(settings, train, validation, image, initial, weights)
        return job_name(loop.name, "train", inputs)

    def changed(**training):
        return loop.model_copy(update={"training": loop.training.model_copy(update=training)})

    assert name(loop) == name(changed(max_runtime_seconds=7200, volume_gb=50, spot=True))
    assert name(loop) == name(loop, train={"sha256": "a"}), "a split that an earlier version wrote"
    others = [
        name(loop, train={"content": "c"}),
        name(loop, image="image:2"),
        name(changed(hyperparameters={"epochs": 3})),
        name(changed(instance_type="ml.g5.2xlarge")),
        name(changed(instance_count=2)),
        name(loop, initial="s3://b/model.tar.gz"),
        name(loop, weights="etag-1"),
        name(loop, weights="etag-2"),
        name(loop.model_copy(update={"labels": ["bar", "square"]})),
    ]
    assert len({name(loop), *others}) == 10


def test_other_weights_under_the_same_name_are_another_training_and_missing_ones_are_named(loop, store):
    uri = loop.uri("weights/resnet18.pth")
    training = Training(hyperparameters={"backbone": "torchvision/resnet18"}, backbone_weights=uri)
    pretrained = loop.model_copy(update={"training": training})
    assert weights_etag(store, loop) is None
    with pytest.raises(dg.Failure, match=f"training.backbone_weights: there is no object {uri}"):
        weights_etag(store, pretrained)
    store.write(uri, b"weights")
    before = weights_etag(store, pretrained)
    store.write(uri, b"other weights")
    assert weights_etag(store, pretrained) != before


def test_only_labels_that_are_new_changed_or_gone_count_for_another_training():
    def lines(**labels: int) -> bytes:
        return "".join(
            json.dumps({"source-ref": uri, "boxes": n}) + "\n" for uri, n in labels.items()
        ).encode()

    before = [lines(a=1, b=2), lines(c=3)]
    assert changed_labels(before, before) == 0
    assert changed_labels(before, [lines(c=3), lines(a=1, b=2)]) == 0, "on another side"
    assert changed_labels(before, [lines(a=1, b=9, d=4), lines()]) == 3


def test_a_model_is_kept_until_enough_labels_are_new(loop, store):
    def split(name: str, *images: str) -> dict:
        body = "".join(json.dumps({"source-ref": image}) + "\n" for image in images).encode()
        return {"manifest": store.write(loop.uri(f"splits/{name}.manifest"), body)}

    old, validation = split("old", "a"), split("validation", "b")
    record = {"model": "model-1", "trained_on": [old["manifest"], validation["manifest"]]}
    patient = loop.model_copy(update={"automation": Automation(min_new_labels=2)})
    two, three = split("two", "a", "c"), split("three", "a", "c", "d")
    assert kept_model(store, patient, [two, validation]) is None, "there is no model yet"
    store.write_json(record_uri(loop, "trained_model"), record)
    kept = kept_model(store, patient, [two, validation])
    assert kept.metadata["new_labels"] == 1 and kept.metadata["model"] == "model-1"
    assert kept.data_version.value == content_hash(record), "so nothing follows"
    assert kept_model(store, patient, [three, validation]) is None
    assert kept_model(store, loop, [two, validation]) is None, "by default every label counts"


def test_a_labeling_job_has_a_new_name_only_when_people_would_be_asked_something_else(loop):
    name = labeling_job_name(loop, "manifest", "template")
    retitled = loop.labeling.model_copy(update={"title": "Another title", "task_time_limit_seconds": 60})
    assert labeling_job_name(loop.model_copy(update={"labeling": retitled}), "manifest", "template") == name
    assert labeling_job_name(loop, "manifest", "other instructions") != name
    assert labeling_job_name(loop, "other images", "template") != name
    assert labeling_job_name(loop, "manifest", "template", attempt=2) != name


@pytest.mark.parametrize(
    "outputs",
    [
        ["images/a.jpg.out", "images/b.jpg.out"],  # the key is kept
        ["a.jpg.out", "b.jpg.out"],  # only what follows the prefix is kept
        ["b.jpg.out", "a.jpg.out", "manifest.json"],
    ],
)
def test_each_answer_of_a_transform_job_finds_its_image(outputs):
    answers = match_answers(["images/a.jpg", "images/b.jpg"], outputs)
    assert {key: name.rpartition("/")[2] for key, name in answers.items()} == {
        "images/a.jpg": "a.jpg.out",
        "images/b.jpg": "b.jpg.out",
    }


def test_an_answer_that_fits_two_images_is_given_to_neither():
    assert match_answers(["x/a.jpg", "y/a.jpg"], ["a.jpg.out"]) == {}
    assert match_answers(["x/a.jpg", "y/a.jpg"], ["x/a.jpg.out"]) == {"x/a.jpg": "x/a.jpg.out"}


def test_the_images_to_predict_are_those_that_are_still_there():
    images = dict.fromkeys(["train", "test", "new"], {})
    split = {"train": {"train"}, "validation": {"deleted"}, "test": {"test", "deleted too"}}
    assert choose(images, split, ["test", "unlabeled"]) == ["new", "test"]
    assert choose(images, split, ["validation"]) == []
    assert choose(images, split, ["train", "validation", "test", "unlabeled"]) == ["new", "test", "train"]


def test_the_table_of_predictions_can_be_read_by_any_spreadsheet():
    boxes = [Box("a, b", 1, 2, 3.25, 4, 0.98765)]
    assert table({"s3://b/2": [], "s3://b/1": boxes}).decode() == (
        'image,label,score,left,top,width,height\ns3://b/1,"a, b",0.9877,1.0,2.0,3.2,4.0\n'
    )


@pytest.mark.parametrize(("value", "passed"), [(0.3, True), (0.29, False)])
def test_a_weak_model_warns_and_does_not_block(value, passed):
    check = map_above_floor(Evaluation(value, 0.1, {}, {}, 1), floor=0.3)
    assert check.passed is passed
    assert check.severity.name == "WARN"
