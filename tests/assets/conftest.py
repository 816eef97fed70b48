import io
import uuid

import boto3
import dagster as dg
import pytest
from PIL import Image

from orchestration.definitions import build_definitions, loop_resources
from resources.loop import Loop
from resources.object_store import ObjectStore
from tests.localaws.labeling import PASSWORD
from tests.settings import LEAST


@pytest.fixture
def loop(stand_in_environment) -> Loop:
    """A loop of its own in the stand-in, with an empty bucket."""
    own = {"name": "shapes", "bucket": f"shapes-{uuid.uuid4().hex[:8]}", "labels": ["square", "bar"]}
    loop = Loop(**(LEAST | own))
    loop_resources(loop)["store"].ensure_bucket(loop.bucket)
    return loop


@pytest.fixture
def store(loop) -> ObjectStore:
    return loop_resources(loop)["store"]


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def materialize(loop, instance):
    """Materialize assets of the loop by name; raises what they raise."""

    def materialize(*names: str, batch: str | None = None, settings: Loop = loop):
        definitions = build_definitions(settings)
        if batch:
            instance.add_dynamic_partitions(f"{settings.name}_batches", [batch])
        return definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance,
            partition_key=batch,
            asset_selection=[dg.AssetKey([settings.name, name]) for name in names],
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )

    return materialize


def hire(team: dict, username: str) -> None:
    """Make a member of the team; ``team`` is the record of `labeling_team`."""
    cognito = boto3.client("cognito-idp")
    user = {"UserPoolId": team["user_pool"], "Username": username}
    cognito.admin_create_user(**user, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(**user, Password=PASSWORD, Permanent=True)
    cognito.admin_add_user_to_group(**user, GroupName=team["group"])


def numbers(result, name: str) -> dict:
    """The metadata of the asset's materialization in the run."""
    [event] = [
        event for event in result.get_asset_materialization_events() if event.asset_key.path[-1] == name
    ]
    return {key: value.value for key, value in event.materialization.metadata.items()}


def version(result, name: str) -> str:
    [event] = [
        event for event in result.get_asset_materialization_events() if event.asset_key.path[-1] == name
    ]
    return event.materialization.tags["dagster/data_version"]


def noisy_picture() -> bytes:
    """Some kilobytes of pixels, so that a cut takes some of them away."""
    file = io.BytesIO()
    Image.effect_noise((200, 150), 60).save(file, "JPEG")
    return file.getvalue()


def picture(width: int = 40, height: int = 30, colour: str = "white", **options) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "JPEG", **options)
    return file.getvalue()
