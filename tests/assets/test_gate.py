"""A model that is worse than the live one does not take its place."""

import io
import json
from contextlib import suppress
from dataclasses import dataclass, field

import dagster as dg
import pytest
from botocore.exceptions import ClientError
from PIL import Image

from assets.approval import decide, require_approval
from assets.gate import AgainstLive, not_worse_than_live
from assets.records import read_record, record_uri
from assets.training_manifest import training_manifest
from orchestration.automation import condition_of
from orchestration.definitions import build_definitions
from resources.loop import Gate, Loop
from resources.names import sha256
from tests.assets.conftest import numbers
from tests.localaws.workshop import Workshop
from tests.settings import LEAST
from vision.boxes import Box
from vision.comparison import Difference
from vision.manifest import LabeledImage

SEEING = """
    import json

    def model_fn(folder):
        pass

    def transform_fn(model, data, content_type, accept):
        return json.dumps({"prediction": %s}), "application/json"
"""
RIGHT = [[0, 0.9, 0.25, 0.25, 0.75, 0.75], [1, 0.2, 0.0, 0.0, 0.1, 0.1]]
WRONG = [[0, 0.9, 0.0, 0.0, 0.2, 0.2]]
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def difference(value: float, low: float, high: float) -> Difference:
    return Difference(new=0.5 + value, old=0.5, low=low, high=high, images=10)


@pytest.mark.parametrize(
    ("compared", "passed"),
    [
        (None, True),  # nothing is live, or this model is
        (difference(0.1, 0.05, 0.2), True),
        (difference(-0.3, -0.7, -0.01), True),  # probably worse, but it may be chance
        (difference(-0.3, -0.4, -0.021), False),
    ],
)
def test_only_a_model_that_is_surely_worse_is_blocked(compared, passed):
    assert not_worse_than_live(AgainstLive("new", "live", compared), Gate(max_drop=0.02)).passed is passed


@dataclass
class Stage:
    """A loop whose labels are there; its models are written by the test instead of trained."""

    loop: Loop
    workshop: Workshop
    instance: dg.DagsterInstance
    definitions: dg.Definitions = field(init=False)

    def __post_init__(self):
        self.definitions = build_definitions(self.loop)
        self.store = self.definitions.resources["store"]
        self.registry = self.definitions.resources["registry"]

    def train(self, rows: list) -> str:
        model = self.workshop.model(SEEING % json.dumps(rows))
        uri = self.workshop.sagemaker.describe_model(ModelName=model)["PrimaryContainer"]["ModelDataUrl"]
        record = {"model": model, "model_uri": uri, "training_job": "none", "labels": self.loop.labels}
        self.store.write_json(record_uri(self.loop, "trained_model"), record)
        return model

    def split(self, boxes: dict[str, list[Box]]) -> None:
        images = []
        for name, drawn in boxes.items():
            file = io.BytesIO()
            Image.new("RGB", (200, 100), "white").save(file, "JPEG")
            uri = self.store.write(f"{self.loop.images_uri}{name}.jpg", file.getvalue(), "image/jpeg")
            images.append(LabeledImage(uri, 200, 100, 3, tuple(drawn)))
        body = training_manifest(self.loop, images)
        manifest = self.store.write(self.loop.uri("splits/test.manifest"), body)
        record = {
            "manifest": manifest,
            "sha256": sha256(body),
            "etags": {
                found.uri: found.etag
                for found in self.store.list(self.loop.images_uri)
                if found.uri in {image.uri for image in images}
            },
        }
        self.store.write_json(record_uri(self.loop, "test_split"), record)

    def make(self, *names: str) -> dg.ExecuteInProcessResult:
        return self.definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=self.instance,
            asset_selection=[dg.AssetKey([self.loop.name, name]) for name in names],
            run_config=QUIET,
            raise_on_error=False,
        )

    def tick(self) -> dg.RunRequest | dg.SkipReason:
        """What the sensor `approvals` decides."""
        with dg.build_sensor_context(
            instance=self.instance, definitions=self.definitions, resources=self.definitions.resources
        ) as context:
            return self.definitions.resolve_sensor_def("approvals")(context)

    def check(self, result: dg.ExecuteInProcessResult, name: str) -> dg.AssetCheckEvaluation:
        [found] = [check for check in result.get_asset_check_evaluations() if check.check_name == name]
        return found

    def served(self) -> str:
        sagemaker = self.workshop.sagemaker
        endpoint = sagemaker.describe_endpoint(EndpointName=self.loop.endpoint_name)
        config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
        return config["ProductionVariants"][0]["ModelName"]


@pytest.fixture
def stage(stand_in_environment, instance):
    workshop = Workshop(stand_in_environment)
    name = f"gated_{workshop.bucket[-8:]}"  # the registry and the endpoint are the test's own
    settings = LEAST | {"name": name, "bucket": workshop.bucket, "labels": ["square", "bar"]}
    stage = Stage(Loop(**settings), workshop, instance)
    box = Box("square", 50, 25, 100, 50)
    stage.split({f"image-{number}": [box] for number in range(4)})
    yield stage
    with suppress(ClientError):  # not every test has one
        workshop.sagemaker.delete_endpoint(EndpointName=stage.loop.endpoint_name)


def transform_jobs(stage: Stage) -> int:
    jobs = stage.workshop.sagemaker.list_transform_jobs(NameContains=stage.loop.slug)
    return len(jobs["TransformJobSummaries"])


@pytest.mark.slow
def test_a_worse_model_leaves_the_live_one_in_its_place(stage):
    good = stage.train(RIGHT)
    first = stage.make("evaluation", "live_endpoint")
    assert first.success
    assert stage.check(first, "not_worse_than_live").passed
    assert stage.served() == good
    assert stage.check(first, "endpoint_agrees_with_batch").passed

    bad = stage.train(WRONG)
    second = stage.make("evaluation", "live_endpoint")
    assert not second.success
    check = stage.check(second, "not_worse_than_live")
    assert not check.passed and check.blocking
    assert check.metadata["live_model"].value == good
    assert (check.metadata["map_50"].value, check.metadata["map_50_of_live"].value) == (0, 1)
    assert stage.served() == good
    assert read_record(stage.store, stage.loop, "evaluation")["model"] == bad
    page = stage.store.read(numbers(second, "evaluation")["report_uri"]).decode()
    assert good in page and "against the live model" in page
    assert "Over time" in page and f"Dashed: the live model {good}, on the same images" in page
    told = numbers(second, "evaluation")
    assert (told["ap50_square"], told["compared_with"]) == (0, f"the live model {good}, on the same images")
    assert "ap50_bar" not in told, "no bar is in the test split"
    card = stage.store.read_json(told["model_card_uri"])
    assert card["evaluation"]["means"]["mAP50"] == {"value": 0, "interval": [0, 0]}
    assert card["training"] is None, "no training made this model, so the card must not tell of one"
    package = stage.workshop.sagemaker.describe_model_package(ModelPackageName=told["model_package"])
    assert package["CustomerMetadataProperties"]["model_card"] == told["model_card_uri"]
    with pytest.raises(
        dg.Failure, match="Version 2 of gated-.* in the model registry is worse than the live"
    ):
        require_approval(stage.registry, stage.loop, bad)
    assert transform_jobs(stage) == 2, "the live model's predictions are kept, not asked for again"

    stage.split({"image-0": [], "new": [Box("square", 50, 25, 100, 50)]})  # another version of the split
    third = stage.make("evaluation")
    assert not stage.check(third, "not_worse_than_live").passed
    assert transform_jobs(stage) == 4, "each model is asked about the images of the new split"


@pytest.mark.slow
def test_a_model_that_a_person_approves_is_deployed_and_no_other(stage):
    stage.loop = stage.loop.model_copy(update={"auto_approve": False})
    stage.definitions = build_definitions(stage.loop)
    assert isinstance(stage.tick(), dg.SkipReason)  # nothing is trained
    model = stage.train(RIGHT)
    assert stage.make("evaluation").success
    assert isinstance(stage.tick(), dg.SkipReason)
    with pytest.raises(dg.Failure, match="waits for approval: `auto_approve` is false") as refusal:
        require_approval(stage.registry, stage.loop, model)
    assert not stage.make("live_endpoint").success

    arn = refusal.value.metadata["model_package"].value
    sagemaker = stage.workshop.sagemaker
    assert f"--model-package-arn {arn} --model-approval-status Approved" in refusal.value.description
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    assert arn in stage.tick().run_key
    assert stage.make("evaluation", "live_endpoint").success
    assert stage.served() == model
    assert isinstance(stage.tick(), dg.SkipReason), "it is live now"

    kept = read_record(stage.store, stage.loop, "evaluation")["predictions"]
    other = stage.store.read_json(kept)
    for rows in other["boxes"].values():
        rows[0][0] = "bar"  # as if the container of the transform job were another one
    stage.store.write_json(kept, other)
    check = stage.check(stage.make("live_endpoint"), "endpoint_agrees_with_batch")
    assert not check.passed and check.metadata["images_that_differ"].value == 3

    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected")
    stage.make("evaluation")
    with pytest.raises(dg.Failure, match="was rejected by a person"):
        require_approval(stage.registry, stage.loop, model)
    versions = sagemaker.list_model_packages(ModelPackageGroupName=stage.loop.slug)["ModelPackageSummaryList"]
    assert [version["ModelPackageDescription"] for version in versions].count(model) == 1


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({"worse": False, "live": False, "auto_approve": True}, "Approved"),
        ({"worse": False, "live": False, "auto_approve": False}, "PendingManualApproval"),
        ({"worse": False, "live": True, "auto_approve": False}, "Approved"),
        ({"worse": True, "live": False, "auto_approve": True}, "Rejected"),
    ],
)
def test_the_loop_decides_by_itself_only_where_it_may(facts, status):
    assert decide(**facts) == status


def test_where_people_approve_the_graph_does_not_deploy_by_itself(stage):
    assert condition_of(stage.loop, "live_endpoint") is not None
    by_hand = stage.loop.model_copy(update={"auto_approve": False})
    assert condition_of(by_hand, "live_endpoint") is None
    assert condition_of(by_hand, "evaluation") is not None
