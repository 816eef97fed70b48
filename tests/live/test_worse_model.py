"""A model that learned from shuffled labels, in a real training job, does not take the live one's place."""

import random
from dataclasses import replace
from pathlib import Path

import boto3
import dagster as dg
import pytest

from assets.records import read_record
from orchestration.headless import HeadlessLoop
from orchestration.importing import import_batch
from resources.aws import Aws
from resources.loop import Loop
from resources.object_store import ObjectStore
from tests.shapes import LABELS, make_shapes, shapes_loop
from vision.exchange import Dataset
from vision.manifest import LabeledImage

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

IMAGES = 160


@pytest.fixture
def headless(stand_in_environment):
    settings = shapes_loop(
        name="shuffled",
        bucket="shuffled-shapes",
        # Enough to learn from, and enough to be sure by.
        splits={"fractions": {"train": 0.6, "validation": 0.1, "test": 0.3}},
    )
    settings["training"]["hyperparameters"] |= {"epochs": 20, "learning_rate": 0.004}
    loop = Loop(**settings)
    with dg.DagsterInstance.ephemeral() as instance:
        yield HeadlessLoop(loop, instance, ObjectStore(aws=Aws()))
        boto3.client("sagemaker").delete_endpoint(EndpointName=loop.endpoint_name)


def label(headless: HeadlessLoop, name: str, images: dict[Path, LabeledImage]) -> None:
    """As `labelloop import` does."""
    truth = {file.name: image for file, image in images.items()}
    dataset = Dataset(name, LABELS, list(images), truth, [])
    import_batch(headless.loop, headless.store, headless.instance, dataset)


def shuffled(images: dict[Path, LabeledImage]) -> dict[Path, LabeledImage]:
    """Each picture with the boxes of another one."""
    others = list(images.values())
    random.Random(0).shuffle(others)
    return {
        file: replace(image, boxes=other.boxes)
        for (file, image), other in zip(images.items(), others, strict=True)
    }


def served(loop: Loop) -> str:
    endpoint = boto3.client("sagemaker").describe_endpoint(EndpointName=loop.endpoint_name)
    assert endpoint["EndpointStatus"] == "InService"
    return endpoint["EndpointConfigName"]


def answer(loop: Loop, image: Path) -> bytes:
    runtime = boto3.client("sagemaker-runtime")
    asked = {"EndpointName": loop.endpoint_name, "ContentType": "application/x-image"}
    return runtime.invoke_endpoint(Body=image.read_bytes(), **asked)["Body"].read()


def test_a_model_of_shuffled_labels_is_blocked_and_the_good_one_goes_on_serving(headless, tmp_path):
    loop, images = headless.loop, make_shapes(tmp_path / "shapes", range(IMAGES))
    label(headless, "drawn with care", images)
    headless.materialize("train_split", "validation_split", "test_split", "trained_model", "evaluation")
    headless.materialize("live_endpoint")
    good, config = headless.record("evaluation"), served(loop)
    told = answer(loop, next(iter(images)))
    assert good["map_50"] > 0.7, "the good model must be good, or nothing is surely worse"

    tested = {uri.rpartition("/")[2] for uri in read_record(headless.store, loop, "test_split")["etags"]}
    others = {file: image for file, image in images.items() if file.name not in tested}
    label(headless, "shuffled", shuffled(others))
    headless.materialize("train_split", "validation_split", "test_split", "trained_model")
    bad = headless.record("trained_model")
    assert bad["model"] != good["model"]
    assert boto3.client("sagemaker").describe_training_job(TrainingJobName=bad["training_job"])[
        "TrainingJobStatus"
    ] == ("Completed")
    with pytest.raises(dg.DagsterError, match="not_worse_than_live"):
        headless.materialize("evaluation", "live_endpoint")

    worse = headless.record("evaluation")
    assert worse["model"] == bad["model"] and worse["map_50"] < good["map_50"] - 0.3
    assert worse["test"] == good["test"], "both were measured by the same images and labels"
    with pytest.raises(dg.Failure, match="is worse than the live model"):
        headless.materialize("live_endpoint")
    assert served(loop) == config
    assert answer(loop, next(iter(images))) == told
