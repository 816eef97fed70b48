"""Models of masks are measured, gated, deployed and explained by the assets of boxes."""

import csv
import io
import json
from contextlib import suppress

import dagster as dg
import numpy
import pytest
from botocore.exceptions import ClientError
from PIL import Image

from assets.answers import answers_of
from assets.evaluation import map_above_floor
from assets.measuring import measuring
from assets.model_card import complete_card
from assets.records import read_record, record_uri
from assets.training_manifest import training_manifest
from resources.loop import Loop
from resources.names import content_hash, sha256
from tests.assets.conftest import numbers, picture
from tests.assets.test_gate import Stage
from tests.localaws.workshop import Workshop
from tests.settings import LEAST
from vision.manifest import LabeledMask
from vision.masks import Mask, write_mask

WIDTH, HEIGHT = 120, 100
LABELS = ["square", "bar"]
SEEING = """
    import io
    import numpy
    from PIL import Image

    def model_fn(folder):
        pass

    def transform_fn(model, data, content_type, accept):
        width, height = Image.open(io.BytesIO(data)).size
        mask = numpy.zeros((height, width), numpy.uint8)
        mask[%s] = 1
        stream = io.BytesIO()
        Image.fromarray(mask).save(stream, "PNG")
        return stream.getvalue(), "image/png"
"""
RIGHT, WRONG = "20:60, 30:80", "80:95, 5:15"


def square(label: int = 1, left: int = 30) -> Mask:
    mask = numpy.zeros((HEIGHT, WIDTH), dtype=numpy.uint8)
    mask[20:60, left : left + 50] = label
    return mask


@pytest.fixture
def masks(loop) -> Loop:
    return loop.model_copy(update={"task": "semantic_segmentation", "label_attribute": "masks"})


def write_split(store, loop: Loop, truth: dict[str, Mask]) -> dict:
    """The record of a test split of white images with these masks."""
    images, etags = [], {}
    for number, (name, mask) in enumerate(truth.items()):
        # No two have the same bytes.
        uri = store.write(f"{loop.images_uri}{name}.jpg", picture(WIDTH, HEIGHT, f"#ffff{number:02x}"))
        mask_uri = store.write(loop.uri(f"masks/{name}.png"), write_mask(mask, len(loop.labels)))
        names = tuple(label for id_, label in enumerate(loop.labels, start=1) if (mask == id_).any())
        images.append(LabeledMask(uri, mask_uri, names))
        etags[uri] = store.etag(uri)
    body = training_manifest(loop, images)
    manifest = store.write(loop.uri("splits/test.manifest"), body)
    return {"manifest": manifest, "sha256": sha256(body), "etags": etags}


@pytest.fixture
def measured(masks, store):
    """``measured(truth, found)``: the test split of the masks ``truth``, of which a model saw ``found``."""

    def measured(truth: dict[str, Mask], found: dict[str, Mask], model: str = "new", labels=LABELS):
        split = write_split(store, masks, truth)
        test = measuring(store, masks, None, split, lambda line: None)
        kept = {}
        for name, mask in found.items():
            uri = store.write(masks.uri(f"seen/{model}/{name}.png"), write_mask(mask, len(labels)))
            kept[f"{masks.images_uri}{name}.jpg"] = {"mask": uri, "pixels": {}}
        images = content_hash(sorted(split["etags"].items()))[:12]
        store.write_json(
            masks.uri(f"evaluations/{model}-{images}.json"), {"transform_job": "t", "masks": kept}
        )
        return test, test.ask({"model": model, "labels": labels})

    return measured


def test_what_was_predicted_once_is_measured_by_the_labels_of_now(measured):
    test, found = measured({"a": square(), "b": square(2)}, {"a": square(), "b": square(2, left=55)})
    result = test.evaluate(found, LABELS)
    assert result.per_class["square"]["iou"] == 1
    assert result.per_class["bar"]["iou"] == pytest.approx(25 / 75)
    assert result.images == 2
    assert not map_above_floor(result, 0.99).passed and map_above_floor(result, 0.5).passed
    assert map_above_floor(result, 0.5).metadata["miou"].value == result.miou


def test_pixels_of_a_model_mean_the_labels_that_it_was_trained_with(measured):
    """Labels may have been added or given up since, which moves the numbers of the others."""
    test, found = measured({"a": square()}, {"a": square(2)}, labels=["gone", "square"])
    result = test.evaluate(found, ["gone", "square", "bar"])
    assert result.per_class["square"]["iou"] == 1
    test, found = measured({"a": square()}, {"a": square(1)}, labels=["gone", "square"])
    assert test.evaluate(found, LABELS).per_class["square"]["iou"] == 0


def test_a_worse_model_is_surely_worse_on_the_same_images(measured):
    truth = {name: square() for name in "abcd"}
    test, good = measured(truth, truth, "good")
    _, bad = measured(truth, {name: square(left=0) for name in "abcd"}, "bad")
    difference = test.compare(bad, good, LABELS)
    assert difference.measure == "miou" and difference.surely_below(-0.02)
    assert not test.compare(good, bad, LABELS).surely_below(-0.02)


def test_the_card_of_a_model_of_masks_has_their_measures_and_no_made_up_training(measured, masks, store):
    truth = {"a": square(), "b": square(2)}
    test, found = measured(truth, truth)
    split = {"sha256": "0" * 64}
    shown, notes = complete_card(store, masks, "new", split, test, found, test.evaluate(found, LABELS))
    card = store.read_json(notes["model_card"])
    assert card["evaluation"]["means"]["mIoU"] == {"value": 1, "interval": [1, 1]}
    assert card["evaluation"]["labels"]["bar"] == {"value": 1, "interval": None}
    assert card["data"]["test"]["labels"]["square"] == {"objects": 1, "images": 1}
    assert card["training"] is None and "### Training\n\nnot known" in shown["model_card"].value
    assert set(notes) == {"model_card"}


def test_a_test_split_on_which_nothing_is_painted_says_so(measured):
    with pytest.raises(dg.Failure, match="1 images and nothing is painted on them"):
        measured({"a": square(0)}, {})


def test_a_mask_of_another_size_than_its_image_fails_with_the_images_name(measured):
    test, found = measured({"a": square()}, {"a": square()[:50]})
    with pytest.raises(dg.Failure, match=r"a.jpg cannot be measured: the found mask has \(50, 120\) rows"):
        test.evaluate(found, LABELS)


def test_many_masks_become_a_table_with_a_row_for_each_label(masks, store):
    uris = [store.write(f"{masks.images_uri}{name}.jpg", picture(WIDTH, HEIGHT)) for name in "ab"]
    answers = {}
    for uri, mask in zip(uris, (square(), square(0)), strict=True):
        file = io.BytesIO()
        Image.fromarray(mask).save(file, "PNG")  # as a model answers: without a palette
        answers[uri] = file.getvalue()
    rows = {uri: {"width": WIDTH, "height": HEIGHT} for uri in uris}
    model = {"model": "m", "labels": LABELS}
    body, told, pictures = answers_of(masks).batch(store, masks, model, rows, answers)
    first, second = csv.DictReader(io.StringIO(body.decode()))
    assert (first["label"], first["pixels"], float(first["share"])) == ("square", "2000", 0.16667)
    assert (second["label"], second["pixels"]) == ("", "0")
    kept = Image.open(io.BytesIO(store.read(first["mask"])))
    assert kept.mode == "P" and (numpy.asarray(kept) == square()).all()
    assert (told["regions"], told["images_without_region"]) == (1, 1)
    assert "](data:image/jpeg;base64," in pictures.value


@pytest.mark.slow
def test_a_worse_model_of_masks_leaves_the_live_one_in_its_place(stand_in_environment, instance):
    workshop = Workshop(stand_in_environment)
    settings = {"name": f"masks_{workshop.bucket[-8:]}", "bucket": workshop.bucket, "labels": LABELS}
    stage = Stage(Loop(**(LEAST | settings | {"task": "semantic_segmentation"})), workshop, instance)
    loop, store = stage.loop, stage.store

    def train(seen: str) -> str:
        model = workshop.model(SEEING % seen)
        record = {"model": model, "model_uri": "none", "training_job": "none", "labels": LABELS}
        store.write_json(record_uri(loop, "trained_model"), record)
        return model

    split = write_split(store, loop, {name: square() for name in "abcd"})
    store.write_json(record_uri(loop, "test_split"), split)
    try:
        good = train(RIGHT)
        first = stage.make("evaluation", "live_endpoint")
        assert first.success and stage.served() == good
        assert stage.check(first, "endpoint_agrees_with_batch").passed
        told = numbers(first, "evaluation")
        assert (told["miou"], told["boundary_f"], told["iou_square"]) == (1, 1, 1)
        assert numbers(first, "live_endpoint")["regions_on_sample"] == 1
        package = stage.registry.find(loop, good)
        described = workshop.sagemaker.describe_model_package(ModelPackageName=package.arn)
        assert described["CustomerMetadataProperties"]["miou"] == "1.0000"
        assert described["InferenceSpecification"]["SupportedResponseMIMETypes"] == ["image/png"]

        train(WRONG)
        second = stage.make("evaluation", "live_endpoint")
        assert not second.success and stage.served() == good
        check = stage.check(second, "not_worse_than_live")
        assert not check.passed and check.blocking and check.metadata["miou_of_live"].value == 1
        page = store.read(numbers(second, "evaluation")["report_uri"]).decode()
        assert good in page and "against the live model" in page and "Over time" in page
        history = json.loads(store.read(read_record(store, loop, "evaluation")["predictions"]))
        assert set(history["masks"]) == set(split["etags"])
    finally:
        with suppress(ClientError):  # not made where the test has failed before
            workshop.sagemaker.delete_endpoint(EndpointName=loop.endpoint_name)
