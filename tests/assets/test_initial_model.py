"""A training begins with the model that was live, and a deployment alone asks for no other training."""

import random
import uuid

import boto3
import pytest

from assets.initial_model import initial_model
from assets.records import read_record, record_uri
from assets.splits import write_split
from resources.aws import Aws
from resources.loop import Loop
from resources.loop_training import Training
from tests.assets.conftest import numbers, picture
from tests.localaws.workshop import Workshop
from vision.boxes import Box
from vision.manifest import LabeledImage

TINY = {"epochs": 1, "image_size": 64, "base_width": 4, "batch_size": 4, "processes": 1}


@pytest.fixture
def live(loop) -> Loop:
    """The name of its endpoint is its own, too."""
    training = Training(init_from="live", hyperparameters=TINY, max_runtime_seconds=120)
    return loop.model_copy(update={"name": f"shapes_{uuid.uuid4().hex[:6]}", "training": training})


def label(store, loop: Loop, images: int) -> None:
    """Records of splits with that many labeled images."""
    chance = random.Random(0)
    for side, count in (("train", images), ("validation", 2)):
        labeled, etags = [], {}
        for number in range(count):
            uri = store.write(f"{loop.images_uri}{side}{number}.jpg", picture(64, 48))
            etags[uri] = f"{side}{number}"
            box = Box(chance.choice(loop.labels), 8, 8, 20, 16)
            labeled.append(LabeledImage(uri, 64, 48, 3, (box,), human=True))
        store.write_json(record_uri(loop, f"{side}_split"), write_split(store, loop, side, labeled, etags))


def go_live(store, workshop: Workshop, loop: Loop) -> str:
    """Deploy the trained model as it is, whatever an evaluation says; returns its artifact."""
    record = read_record(store, loop, "trained_model")
    config = workshop.config(record["model"])
    names = {"EndpointName": loop.endpoint_name, "EndpointConfigName": config}
    if store.exists(record_uri(loop, "live_endpoint")):
        workshop.sagemaker.update_endpoint(**names)
    else:
        workshop.sagemaker.create_endpoint(**names)
    assert workshop.settled(loop.endpoint_name)["EndpointConfigName"] == config
    store.write_json(record_uri(loop, "live_endpoint"), {"model": record["model"], "labels": loop.labels})
    return record["model_uri"]


def channels_of(job: str) -> dict[str, str]:
    described = boto3.client("sagemaker").describe_training_job(TrainingJobName=job)
    return {
        channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in described["InputDataConfig"]
    }


@pytest.mark.slow
def test_a_deployment_asks_for_no_other_training_and_new_labels_go_on_from_it(
    live, store, materialize, stand_in_environment
):
    workshop = Workshop(stand_in_environment)

    def train() -> dict:
        return numbers(materialize("trained_model", settings=live), "trained_model")

    label(store, live, 4)
    first = train()
    assert first["began_with"] == "nothing: no model was live yet"
    assert "model" not in channels_of(first["training_job"])
    card = store.read_json(first["model_card_uri"])
    assert card["data"]["train"]["images"] == 4
    assert sum(each["objects"] for each in card["data"]["train"]["labels"].values()) == 4
    told = card["training"]
    assert first["training_job"].endswith(told["inputs_sha256"][:12]), "the name is the hash of the inputs"
    assert told["libraries"]["torch"] and 0 <= told["score_threshold"] <= 1 and told["calibration"]
    assert {"validation_F1", "validation_threshold", "validation_calibration_error"} <= set(first)
    artifact = go_live(store, workshop, live)
    assert train()["training_job"] == first["training_job"], "or each deployment would train once more"
    label(store, live, 5)
    second = train()
    assert second["began_with"] == f"the live model {first['model']}"
    assert channels_of(second["training_job"])["model"] == artifact
    assert any("beginning with a model of" in line for line in workshop.printed(second["training_job"]))
    go_live(store, workshop, live)
    assert train()["training_job"] == second["training_job"], "or each deployment would train once more"
    wider = live.training.model_copy(update={"hyperparameters": TINY | {"base_width": 8}})
    label(store, live, 6)
    found = initial_model(store, live.model_copy(update={"training": wider}), Aws(), "other labels")
    assert found.artifact is None and "has base_width 4, the loop's file says 8" in found.note
    other = live.training.model_copy(update={"hyperparameters": TINY | {"backbone": "timm/resnet18"}})
    found = initial_model(store, live.model_copy(update={"training": other}), Aws(), "yet other labels")
    assert "has backbone by default, the loop's file says timm/resnet18" in found.note
    workshop.sagemaker.delete_endpoint(EndpointName=live.endpoint_name)


def test_what_a_training_began_with_is_not_asked_again_when_a_model_is_live(live, store):
    assert initial_model(store, live, Aws(), "labels of now").artifact is None
    store.write_json(record_uri(live, "live_endpoint"), {"model": "model-1"})
    assert initial_model(store, live, Aws(), "labels of now").note == "nothing: no model was live yet"
    later = initial_model(store, live, Aws(), "later labels")
    assert later.note.startswith(f"nothing: There is no endpoint {live.endpoint_name}")


def test_without_the_setting_nothing_is_recorded(loop, store):
    assert initial_model(store, loop, Aws(), "labels").artifact is None
    assert not list(store.list(loop.uri("initial_models/")))
