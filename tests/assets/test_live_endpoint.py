"""The live endpoint is what its loop says: deployed as it says, captured, and rid of old versions."""

import uuid

import pytest

from assets.captured_images import capture_files, captured_uri
from assets.records import read_record, record_uri
from resources.loop import Loop
from resources.loop_endpoint import DataCapture, Endpoint
from resources.model_registry import ModelRegistry
from tests.assets.conftest import numbers, picture
from tests.localaws.workshop import Workshop, wait_for

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


def test_a_new_model_takes_over_in_steps_and_its_predecessor_goes_by_the_policy(
    stand_in, live, store, materialize
):
    workshop = Workshop(stand_in)
    sample = store.write(f"{live.images_uri}sample.jpg", picture())
    seen = {sample: [["square", 0.9, 4, 3, 16, 12]]}
    predictions = store.write_json(live.uri("evaluations/all.json"), {"boxes": seen})

    def deploy() -> dict:
        data, name = workshop.model(SEES_ONE_SQUARE), f"{live.slug}-model-{uuid.uuid4().hex[:12]}"
        container = workshop.sagemaker.describe_model(ModelName=data)["PrimaryContainer"]
        workshop.sagemaker.create_model(
            ModelName=name, PrimaryContainer=container, ExecutionRoleArn=workshop.role
        )
        store.write_json(record_uri(live, "trained_model"), {"model": name, "labels": live.labels})
        evaluation = {"model": name, "sample": sample, "predictions": predictions}
        store.write_json(record_uri(live, "evaluation"), evaluation)
        ModelRegistry(aws=store.aws).register(
            live, name, decision="Approved", metrics_uri=live.uri("metrics.json"), notes={"map_50": "1"}
        )
        return numbers(materialize("live_endpoint", settings=live), "live_endpoint")

    first, second = deploy(), deploy()
    assert (first["deleted_versions"], first["boxes_on_sample"]) == ([], 1)
    assert second["deleted_versions"] == [first["config"], first["model"]]
    assert read_record(store, live, "live_endpoint")["config"] == second["config"]
    endpoint = workshop.sagemaker.describe_endpoint(EndpointName=live.endpoint_name)
    routing = endpoint["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert (routing["Type"], routing["CanarySize"]["Value"]) == ("CANARY", 50)
    wait_for(lambda: capture_files(store, live), "what the endpoint was asked about the sample")
    materialize("captured_images", settings=live)
    [captured] = store.list(captured_uri(live))
    assert store.read(captured.uri) == picture()
    workshop.sagemaker.delete_endpoint(EndpointName=live.endpoint_name)
