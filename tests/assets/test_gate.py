"""A model that is worse than the live one does not take its place."""

import io
import json
from dataclasses import dataclass, field

import dagster as dg
import pytest
from PIL import Image

from assets.gate import not_worse_than_live
from assets.records import read_record, record_uri
from assets.training_manifest import training_manifest
from orchestration.definitions import build_definitions
from resources.loop import Gate, Loop
from resources.names import sha256
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
        (None, True),
        (("live", difference(0.1, 0.05, 0.2)), True),
        (("live", difference(-0.3, -0.7, -0.01)), True),  # probably worse, but it may be chance
        (("live", difference(-0.3, -0.4, -0.021)), False),
    ],
)
def test_only_a_model_that_is_surely_worse_is_blocked(compared, passed):
    assert not_worse_than_live(compared, Gate(max_drop=0.02)).passed is passed


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
    settings = LEAST | {"name": "gated", "bucket": workshop.bucket, "labels": ["square", "bar"]}
    stage = Stage(Loop(**settings), workshop, instance)
    box = Box("square", 50, 25, 100, 50)
    stage.split({f"image-{number}": [box] for number in range(4)})
    yield stage
    workshop.sagemaker.delete_endpoint(EndpointName=stage.loop.endpoint_name)


def transform_jobs(stage: Stage) -> int:
    jobs = stage.workshop.sagemaker.list_transform_jobs(NameContains="gated-")
    return len(jobs["TransformJobSummaries"])


def test_a_worse_model_leaves_the_live_one_in_its_place(stage):
    good = stage.train(RIGHT)
    first = stage.make("evaluation", "live_endpoint")
    assert first.success
    assert stage.check(first, "not_worse_than_live").passed
    assert stage.served() == good

    bad = stage.train(WRONG)
    second = stage.make("evaluation", "live_endpoint")
    assert not second.success
    check = stage.check(second, "not_worse_than_live")
    assert not check.passed and check.blocking
    assert check.metadata["live_model"].value == good
    assert (check.metadata["map_50"].value, check.metadata["map_50_of_live"].value) == (0, 1)
    assert stage.served() == good
    assert read_record(stage.store, stage.loop, "evaluation")["model"] == bad
    assert transform_jobs(stage) == 2, "the live model's predictions are kept, not asked for again"

    stage.split({"image-0": [], "new": [Box("square", 50, 25, 100, 50)]})  # another version of the split
    third = stage.make("evaluation")
    assert not stage.check(third, "not_worse_than_live").passed
    assert transform_jobs(stage) == 4, "each model is asked about the images of the new split"
