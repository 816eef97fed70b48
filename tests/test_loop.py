"""One whole loop, from photographs to a drawn prediction, against the stand-in over HTTP; then once more."""

import io
from collections import Counter
from dataclasses import dataclass

import dagster as dg
import pytest
from PIL import Image

from assets.records import read_record
from demo.crowd import CrowdReport, run_crowd
from demo.noise import Noise
from demo.photographs import make_photographs
from orchestration.definitions import DEFAULT_LOOP
from orchestration.headless import HeadlessLoop
from orchestration.loop import load_loop
from orchestration.photographs import upload
from resources.aws import Aws
from resources.ground_truth import GroundTruth
from resources.loop import Loop
from resources.object_store import ObjectStore
from tests.localaws.workshop import wait_for
from vision.boxes import iou
from vision.exchange import read_coco
from vision.manifest import read_labeled

PHOTOGRAPHS = 24
INSTANCE_HOUR = {"ml.g5.xlarge": 3600.0, "ml.m5.xlarge": 7200.0, "ml.m5.large": 1.0}  # one and two a second
TINY = {"epochs": 4, "image_size": 128, "batch_size": 4, "processes": 1}

pytestmark = pytest.mark.slow


@dataclass
class World:
    """A loop that has run once, and the means to run it again."""

    loop: Loop
    headless: HeadlessLoop
    instance: dg.DagsterInstance
    store: ObjectStore
    truth: dict
    answer: object  # runs the crowd

    def jobs(self) -> Counter:
        """How many remote jobs of each kind there are, by AWS's own listings."""
        sagemaker, mine = self.store.aws.client("sagemaker"), {"NameContains": self.loop.slug}
        return Counter(
            labeling=len(sagemaker.list_labeling_jobs(**mine)["LabelingJobSummaryList"]),
            training=len(sagemaker.list_training_jobs(**mine)["TrainingJobSummaries"]),
            transform=len(sagemaker.list_transform_jobs(**mine)["TransformJobSummaries"]),
            models=len(sagemaker.list_models(**mine)["Models"]),
            configs=len(sagemaker.list_endpoint_configs(**mine)["EndpointConfigs"]),
        )

    def events(self, asset: str) -> list[dg.AssetMaterialization]:
        """Materializations, the newest first."""
        records = self.instance.fetch_materializations(dg.AssetKey([self.loop.name, asset]), limit=10).records
        return [record.asset_materialization for record in records]

    def numbers(self, asset: str) -> dict:
        return {name: value.value for name, value in self.events(asset)[0].metadata.items()}

    def check(self, asset: str, name: str) -> dg.AssetCheckEvaluation:
        """The latest result of the check."""
        key = dg.AssetCheckKey(dg.AssetKey([self.loop.name, asset]), name)
        [record] = self.instance.event_log_storage.get_latest_asset_check_execution_by_key([key]).values()
        return record.event.dagster_event.event_specific_data

    def started_job(self, batch: str) -> str:
        return read_record(self.store, self.loop, "labeling_job", batch)["name"]


@pytest.fixture(scope="module")
def world(stand_in, tmp_path_factory):
    """Photographs in S3, two files beside them that are none, workers with a slightly unsteady hand."""
    coco = make_photographs(tmp_path_factory.mktemp("photographs"), PHOTOGRAPHS, seed=1)
    settings = load_loop(DEFAULT_LOOP).model_dump()
    settings |= {"name": "whole", "bucket": "whole-loop", "map_floor": 0.99}
    settings["training"]["hyperparameters"] = TINY
    settings["budget"] = {"tariffs": {"per_object": 0.5, "instance_hour": INSTANCE_HOUR}}
    loop = Loop(**settings)
    with pytest.MonkeyPatch.context() as patch, dg.DagsterInstance.ephemeral() as instance:
        for name, value in stand_in.environment.items():
            patch.setenv(name, value)
        store = ObjectStore(aws=Aws())
        dataset = read_coco(coco)
        list(upload(dataset.images, loop, store))
        store.write(f"{loop.images_uri}empty.jpg", b"")
        store.write(f"{loop.images_uri}notes.txt", b"not a photograph")

        def answer() -> CrowdReport:
            return run_crowd(truth=coco, workers=3, noise=Noise().scaled(0.5), job_prefix=loop.slug)

        headless = HeadlessLoop(loop, instance, store)
        headless.run(label=answer, announce=lambda text: None)
        yield World(loop, headless, instance, store, dataset.truth, answer)


def test_every_good_photograph_is_labeled_as_the_workers_drew_it(world):
    assert world.numbers("raw_images")["rejected"] == 2
    record = world.headless.record("labels")
    manifest = read_labeled(world.store.read(record["manifest"]), "boxes", world.loop.labels)
    assert len(manifest.images) == PHOTOGRAPHS and not manifest.problems
    expected = found = 0
    for image in manifest.images:
        truth = world.truth[image.uri.rpartition("/")[2]]
        expected += len(truth.boxes)
        found += sum(
            any(box.label == real.label and iou(box, real) > 0.5 for box in image.boxes)
            for real in truth.boxes
        )
    assert found >= 0.8 * expected > 0


def test_training_started_from_the_splits_and_its_metrics_are_shown(world):
    sides = [world.numbers(f"{side}_split")["images"] for side in ("train", "validation", "test")]
    assert sum(sides) == PHOTOGRAPHS and all(sides)
    shown = world.numbers("trained_model")
    assert shown["train_loss"] > 0 and "validation_mAP" in shown
    job = world.store.aws.client("sagemaker").describe_training_job(TrainingJobName=shown["training_job"])
    channel = job["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    assert channel["S3Uri"] == world.headless.record("train_split")["manifest"]


def test_every_job_tells_what_it_cost(world):
    trained = world.numbers("trained_model")
    job = world.store.aws.client("sagemaker").describe_training_job(TrainingJobName=trained["training_job"])
    assert trained["cost"] == job["BillableTimeInSeconds"] > 0
    assert trained["cost_at_most"] == trained["expected_cost"] == world.loop.training.max_runtime_seconds
    assert world.numbers("labeling_job")["expected_cost"] == PHOTOGRAPHS / 2
    assert world.numbers("labeled_manifest")["cost"] == PHOTOGRAPHS / 2
    assert world.numbers("batch_predictions")["cost"] > 0
    assert world.numbers("live_endpoint")["cost_per_day"] == 24
    checks = {asset: world.check(asset, "cost_within_limit") for asset in ("trained_model", "evaluation")}
    assert all(check.passed for check in checks.values()), "there is no limit"


def test_a_model_below_the_floor_is_told_and_still_deployed(world):
    floor, shown = world.loop.map_floor, world.numbers("evaluation")
    assert shown["map_50"] < floor, "a model that trained this little cannot be that good"
    check = world.check("evaluation", "map_above_floor")
    assert (check.passed, check.severity.name) == (False, "WARN")
    endpoint = world.headless.record("live_endpoint")
    served = world.store.aws.client("sagemaker").describe_endpoint(EndpointName=endpoint["endpoint"])
    assert (served["EndpointStatus"], served["EndpointConfigName"]) == ("InService", endpoint["config"])


def test_the_ui_shows_pictures_and_curves(world):
    batch = world.events("labeled_manifest")[0]
    assert "](data:image/jpeg;base64," in batch.metadata["pictures"].value
    assert "](data:image/jpeg;base64," in world.numbers("batch_predictions")["pictures"]
    curves = world.numbers("evaluation")["precision_and_recall"]
    assert "](data:image/svg+xml;base64," in curves and len(curves) < 1000


def test_one_image_is_predicted_and_drawn(world):
    sample = world.headless.record("evaluation")["sample"]
    shown = world.headless.predict(sample)
    picture = Image.open(io.BytesIO(world.store.read(shown["picture"])))
    assert picture.format == "PNG"
    assert picture.size == Image.open(io.BytesIO(world.store.read(sample))).size


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("s3://whole-loop/photographs/none.jpg", "none.jpg"),
        ("s3://whole-loop/photographs/notes.txt", "not an image"),
        ("notes.txt", "expected s3://BUCKET/KEY"),
    ],
)
def test_an_image_that_cannot_be_predicted_is_named(world, uri, message):
    with pytest.raises(dg.Failure, match=f"Cannot predict {uri}: .*{message}"):
        world.headless.predict(uri)


def test_progress_of_labeling_was_observed(world):
    records = world.instance.fetch_observations(dg.AssetKey(["whole", "labeling_job"]), limit=10).records
    told = [record.asset_observation.metadata["labeled"].value for record in records]
    assert PHOTOGRAPHS in told


def test_running_the_loop_again_starts_nothing_and_changes_no_version(world):
    assets = ["raw_images", "labels", "train_split", "trained_model", "evaluation", "live_endpoint"]

    def versions() -> list[str]:
        return [world.events(asset)[0].tags["dagster/data_version"] for asset in assets]

    jobs, before = world.jobs(), versions()
    assert min(jobs.values()) > 0
    HeadlessLoop(world.loop, world.instance, world.store).run(label=world.answer, announce=lambda text: None)
    assert len(world.events("trained_model")) == 2
    assert (world.jobs(), versions()) == (jobs, before)


def test_another_dagster_instance_adopts_what_this_one_did(world):
    jobs = world.jobs()
    with dg.DagsterInstance.ephemeral() as other:
        HeadlessLoop(world.loop, other, world.store).run(label=world.answer, announce=lambda text: None)
    assert world.jobs() == jobs


def test_a_job_that_somebody_stops_is_told_once_and_can_be_asked_for_again(world):
    world.store.write(f"{world.loop.images_uri}late.jpg", _photograph())
    world.headless.materialize("raw_images")
    world.headless.tick("new_images")
    [batch] = world.headless.batches_without("labeled_manifest")
    job = world.started_job(batch)
    with pytest.raises(dg.Failure, match=r"is (Initializing|InProgress): 0 of [01] images are labeled"):
        world.headless.run_batch("collect_labels", batch)  # by hand, before the workers are done

    ground_truth = GroundTruth(aws=world.store.aws)
    ground_truth.stop(job)
    wait_for(lambda: ground_truth.describe(job).status == "Stopped", f"{job} to stop")
    world.headless.tick("labeling")
    check = world.check("labeling_job", "has_not_failed")
    assert not check.passed
    assert (check.metadata["batch"].value, check.metadata["status"].value) == (batch, "Stopped")

    world.headless.run_batch("label_new_batch", batch)
    assert world.started_job(batch) == f"{job}-2"
    assert world.check("labeling_job", "has_not_failed").passed
    ground_truth.stop(f"{job}-2")


def _photograph() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "white").save(file, "JPEG")
    return file.getvalue()
