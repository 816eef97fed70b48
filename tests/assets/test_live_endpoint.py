"""The live endpoint is what its loop says: deployed as it says, captured, and rid of old versions."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

import dagster as dg
import pytest

from assets.captured_images import capture_files, captured_uri
from assets.records import read_record, record_uri
from resources.loop import Loop
from resources.loop_endpoint import DataCapture, Endpoint
from resources.model_registry import ModelRegistry
from resources.object_store import ObjectStore
from tests.assets.conftest import numbers, picture
from tests.localaws.workshop import Workshop, alarm, wait_for

SEES_ONE_SQUARE = """
    def model_fn(folder):
        pass

    def transform_fn(model, data, content_type, accept):
        return '{"prediction": [[0, 0.9, 0.1, 0.1, 0.5, 0.5]]}', "application/json"
"""


@pytest.fixture
def live(loop) -> Loop:
    """The name of its endpoint is its own, too."""
    settings = Endpoint(
        deployment="canary",
        step_percent=50,
        bake_seconds=1,
        keep_versions=1,
        data_capture=DataCapture(label=True),
    )
    return loop.model_copy(update={"name": f"shapes_{uuid.uuid4().hex[:6]}", "endpoint": settings})


CANNOT_START = "raise SystemExit('this model cannot be loaded')"


@dataclass
class Deployment:
    """A loop whose models are written by the test instead of trained, and deployed by `live_endpoint`."""

    loop: Loop
    store: ObjectStore
    workshop: Workshop
    materialize: Callable

    def deploy(self, program: str) -> dict:
        """What the asset tells of it; raises what it raises."""
        loop, sagemaker = self.loop, self.workshop.sagemaker
        data, name = self.workshop.model(program), f"{loop.slug}-model-{uuid.uuid4().hex[:12]}"
        container = sagemaker.describe_model(ModelName=data)["PrimaryContainer"]
        sagemaker.create_model(
            ModelName=name, PrimaryContainer=container, ExecutionRoleArn=self.workshop.role
        )
        self.store.write_json(record_uri(loop, "trained_model"), {"model": name, "labels": loop.labels})
        sample = self.store.write(f"{loop.images_uri}sample.jpg", picture())
        seen = {sample: [["square", 0.9, 4, 3, 16, 12]]}
        predictions = self.store.write_json(loop.uri("evaluations/all.json"), {"boxes": seen})
        evaluation = {"model": name, "sample": sample, "predictions": predictions}
        self.store.write_json(record_uri(loop, "evaluation"), evaluation)
        ModelRegistry(aws=self.store.aws).register(
            loop, name, decision="Approved", metrics_uri=loop.uri("metrics.json"), notes={"map_50": "1"}
        )
        return numbers(self.materialize("live_endpoint", settings=loop), "live_endpoint")

    def endpoint(self) -> dict:
        return self.workshop.sagemaker.describe_endpoint(EndpointName=self.loop.endpoint_name)


@pytest.fixture
def deployment(stand_in, live, store, materialize):
    deployment = Deployment(live, store, Workshop(stand_in), materialize)
    yield deployment
    deployment.workshop.sagemaker.delete_endpoint(EndpointName=live.endpoint_name)


@pytest.mark.slow
def test_a_new_model_takes_over_in_steps_and_its_predecessor_goes_by_the_policy(deployment):
    store, live = deployment.store, deployment.loop
    first, second = deployment.deploy(SEES_ONE_SQUARE), deployment.deploy(SEES_ONE_SQUARE)
    assert (first["deleted_versions"], first["boxes_on_sample"]) == ([], 1)
    assert second["deleted_versions"] == [first["config"], first["model"]]
    assert read_record(store, live, "live_endpoint")["config"] == second["config"]
    routing = deployment.endpoint()["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]
    routing = routing["TrafficRoutingConfiguration"]
    assert (routing["Type"], routing["CanarySize"]["Value"]) == ("CANARY", 50)
    wait_for(lambda: capture_files(store, live), "what the endpoint was asked about the sample")
    deployment.materialize("captured_images", settings=live)
    [captured] = store.list(captured_uri(live))
    assert store.read(captured.uri) == picture()


@pytest.mark.slow
def test_a_deployment_that_fails_is_told_and_the_old_model_goes_on_serving(deployment):
    old = deployment.deploy(SEES_ONE_SQUARE)
    before = read_record(deployment.store, deployment.loop, "live_endpoint")
    message = f"serves {old['config']} and not .*: SageMaker rolled the update back. The old model goes on"
    with pytest.raises(dg.Failure, match=message):
        deployment.deploy(CANNOT_START)
    endpoint = deployment.endpoint()
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", old["config"])
    name = deployment.loop.endpoint_name
    assert b"0.9" in deployment.workshop.ask(name, picture(), ContentType="application/x-image")
    assert (
        read_record(deployment.store, deployment.loop, "live_endpoint")
        == before
        == {
            "endpoint": name,
            "config": old["config"],
            "model": old["model"],
            "labels": deployment.loop.labels,
        }
    )


@pytest.mark.slow
def test_an_alarm_that_brings_the_old_model_back_is_told_by_its_name(deployment):
    workshop = deployment.workshop
    ringing = workshop.name("alarm")
    alarm(workshop.client("cloudwatch"), ringing)
    watched = deployment.loop.endpoint.model_copy(update={"alarms": [ringing]})
    deployment.loop = deployment.loop.model_copy(update={"endpoint": watched})
    old = deployment.deploy(SEES_ONE_SQUARE)
    workshop.client("cloudwatch").set_alarm_state(
        AlarmName=ringing, StateValue="ALARM", StateReason="the test says so"
    )
    with pytest.raises(dg.Failure, match=f"rolled the update back.* in ALARM: {ringing}"):
        deployment.deploy(SEES_ONE_SQUARE)
    assert deployment.endpoint()["EndpointConfigName"] == old["config"]
