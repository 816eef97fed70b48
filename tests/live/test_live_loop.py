"""A loop that is live does by itself what there is to do: label, train, serve; and nothing else.

Dagster's daemon, the stand-in and the simulated workers are all there as on a user's laptop. What is counted
is counted by AWS's own listings.
"""

import json
import threading
import time
from pathlib import Path

import boto3
import pytest
import yaml
from botocore.config import Config

from assets.records import read_record, record_uri
from demo.crowd import run_crowd
from demo.noise import Noise
from orchestration.headless import BEFORE_LABELING
from orchestration.home import Home
from orchestration.loop import load_loop
from orchestration.photographs import upload
from resources.aws import Aws
from resources.loop import Loop
from resources.object_store import ObjectStore
from tests.crashes.phases import wait_until
from tests.laptop import Laptop
from tests.shapes import draw_shapes, make_shapes, shapes_loop, write_truth
from vision.likeness import difference_hash
from vision.manifest import LabeledImage
from vision.splits import side_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]

IMAGES, ADDED, TICKS = 40, 10, 5
PATIENCE = 2400.0  # seconds; a deadline for each thing that is waited for, never a measure
# Those that start the loop's work. `orphans` and `approvals` look less often: one tick of them will do.
STARTERS = {"uploads", "new_images", "labeling", "retrain_on_new_labels"}
NEWEST_FIRST = {"SortBy": "CreationTime", "SortOrder": "Descending"}


class Client:
    """Asks the endpoint all the time, tries nothing twice, and notes what it is told and what goes wrong."""

    def __init__(self, endpoint: str, image: bytes):
        self.endpoint, self.image = endpoint, image
        once = Config(retries={"total_max_attempts": 1})
        self.runtime = boto3.client("sagemaker-runtime", config=once)
        self.answers: list[bytes] = []
        self.failures: list[Exception] = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        while not self.over.wait(0.1):
            try:
                answer = self.runtime.invoke_endpoint(
                    EndpointName=self.endpoint, Body=self.image, ContentType="application/x-image"
                )
                self.answers.append(answer["Body"].read())
            except Exception as failure:  # whatever it is: nothing may go wrong
                self.failures.append(failure)

    def __enter__(self) -> "Client":
        self.thread.start()
        return self

    def __exit__(self, *problem) -> None:
        self.over.set()
        self.thread.join()


class LiveLoop:
    """The loop as `labelloop up` runs it, seen by AWS's API, and with its bucket at hand."""

    def __init__(self, laptop: Laptop):
        self.laptop = laptop
        self.loop = load_loop(laptop.loop_file)
        self.store = ObjectStore(aws=Aws())
        self.sagemaker = boto3.client("sagemaker")

    def wait(self, condition, what: str) -> None:
        def checked():
            failed = self.laptop.failures()
            assert not failed, failed
            return condition()

        wait_until(checked, what, patience=PATIENCE, pause=3.0)

    def labeling_jobs(self) -> list[str]:
        """The newest first."""
        jobs = self.sagemaker.list_labeling_jobs(**NEWEST_FIRST)["LabelingJobSummaryList"]
        return [job["LabelingJobName"] for job in jobs]

    def sent(self, job: str) -> list[str]:
        """The images that are in the job's input manifest."""
        asked = self.sagemaker.describe_labeling_job(LabelingJobName=job)
        manifest = asked["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"]
        return sorted(json.loads(line)["source-ref"] for line in self.store.read(manifest).splitlines())

    def training_jobs(self) -> list[str]:
        """The newest first."""
        jobs = self.sagemaker.list_training_jobs(**NEWEST_FIRST)["TrainingJobSummaries"]
        return [job["TrainingJobName"] for job in jobs]

    def served(self) -> tuple[str, str]:
        """Configuration and model, of an endpoint that is in service."""
        found = self.sagemaker.describe_endpoint(EndpointName=self.loop.endpoint_name)
        config = self.sagemaker.describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
        return found["EndpointConfigName"], config["ProductionVariants"][0]["ModelName"]

    def model_of(self, training_jobs: int) -> str | None:
        """The endpoint's model, once it is that of the newest of so many training jobs."""
        jobs = self.training_jobs()
        assert len(jobs) <= training_jobs, jobs
        if len(jobs) < training_jobs or not self.store.exists(record_uri(self.loop, "live_endpoint")):
            return None
        trained = read_record(self.store, self.loop, "trained_model")
        live = read_record(self.store, self.loop, "live_endpoint")["model"]
        return live if trained["training_job"] == jobs[0] and trained["model"] == live else None

    def label(self, jobs: int, truth: Path) -> str:
        """Wait for the newest of so many jobs, and do what workers do; returns the job."""
        self.wait(lambda: len(self.labeling_jobs()) == jobs, f"labeling job {jobs}")
        run_crowd(truth=truth, workers=3, noise=Noise().scaled(0), session=boto3.Session())
        return self.labeling_jobs()[0]

    def records(self, *names: str) -> dict[str, str]:
        """Images with their ETags, of all these assets."""
        return {
            uri: etag
            for name in names
            for uri, etag in read_record(self.store, self.loop, name)["etags"].items()
        }

    def run_ids(self) -> set[str]:
        return {run["runId"] for run in self.laptop.runs()}

    def come_to_rest(self) -> None:
        """Until no run is left, and every sensor that could start another has looked since the last one."""
        state = {"runs": 0, "since": 0.0}

        def at_rest() -> bool:
            runs = self.laptop.runs()
            active = [run for run in runs if run["status"] not in ("SUCCESS", "FAILURE")]
            if active or len(runs) != state["runs"]:
                state.update(runs=len(runs), since=time.time())
                return False
            ticks = self.laptop.ticks(state["since"])
            return all(ticks[sensor] >= 2 for sensor in STARTERS)

        self.wait(at_rest, "the loop to come to rest")


def test_a_live_loop_does_the_work_that_there_is_and_no_other(tmp_path, monkeypatch):
    loop_file = tmp_path / "live.yaml"
    # A model that trained for seconds may well be worse than the last one: the gate, which has tests of its
    # own, lets all pass here. Every side gets a share that is large enough for some of 40 images.
    settings = shapes_loop(
        name="live",
        bucket="live-shapes",
        gate={"max_drop": 1},
        splits={"fractions": {"train": 0.5, "validation": 0.25, "test": 0.25}},
        automation={"look_every_seconds": 10},
    )
    settings["training"]["hyperparameters"]["epochs"] = 3
    loop_file.write_text(yaml.safe_dump(settings))
    home = Home(tmp_path / "laptop")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home.stand_in / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home.stand_in / "credentials"))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # an earlier test's looks for keys elsewhere
    for name in ("DAGSTER_GRPC_TIMEOUT_SECONDS", "DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS"):
        monkeypatch.setenv(name, "600")  # on a busy machine, processes take their time to start
    shapes = make_shapes(tmp_path / "shapes", range(IMAGES + ADDED))
    laptop = Laptop(home, loop_file)
    try:
        laptop.start()
        live = LiveLoop(laptop)
        first_model = goes_live(live, shapes, tmp_path)
        grows(live, shapes, tmp_path, first_model)
        stays_as_it_is(live)
        changes(live, shapes, tmp_path)
    finally:
        laptop.stop()


def goes_live(live: LiveLoop, shapes: dict[Path, LabeledImage], folder: Path) -> str:
    """40 images, labeled, trained on, evaluated, served: three assets are asked for, the rest follows."""
    first = list(shapes)[:IMAGES]
    list(upload(first, live.loop, live.store))
    live.laptop.materialize(*BEFORE_LABELING)
    job = live.label(1, write_truth(folder / "truth.json", shapes))
    assert len(live.sent(job)) == IMAGES
    live.wait(lambda: live.model_of(1), "the first model to be live")
    live.come_to_rest()
    return live.model_of(1)


def grows(live: LiveLoop, shapes: dict[Path, LabeledImage], folder: Path, first_model: str) -> None:
    """10 images more: these are labeled, one model is trained, and takes over without a failed request."""
    added = list(shapes)[IMAGES:]
    before, (old_config, old_model) = live.run_ids(), live.served()
    assert old_model == first_model
    with Client(live.loop.endpoint_name, added[0].read_bytes()) as client:
        wait_until(lambda: client.answers, "the endpoint to answer")
        list(upload(added, live.loop, live.store))
        job = live.label(2, folder / "truth.json")
        live.wait(lambda: live.model_of(2), "the second model to be live")
        new_config, new_model = live.served()
        told = len(client.answers)
        wait_until(lambda: len(client.answers) > told + 10, "answers of the second model")
        live.come_to_rest()
    assert client.failures == []
    assert new_config != old_config and new_model == live.model_of(2) != first_model
    assert live.served() == (new_config, new_model)
    # The endpoint said two things about the one image: first what the old model sees, in the end the new one.
    assert len(set(client.answers)) == 2 and client.answers[0] != client.answers[-1]
    assert live.sent(job) == [f"{live.loop.images_uri}{file.name}" for file in added]
    assert (len(live.labeling_jobs()), len(live.training_jobs())) == (2, 2)
    assert_labeled_once(live, before)
    assert set(live.records("labels")) == {f"{live.loop.images_uri}{file.name}" for file in shapes}


def stays_as_it_is(live: LiveLoop) -> None:
    """Nothing is added for five ticks of every sensor that could start something: no run."""
    runs, since, served = live.run_ids(), time.time(), live.served()

    def ticked() -> bool:
        wanted = {sensor: TICKS if sensor in STARTERS else 1 for sensor in live.laptop.ticks(since)}
        return all(live.laptop.ticks(since)[sensor] >= count for sensor, count in wanted.items())

    live.wait(ticked, f"{TICKS} ticks of the sensors")
    assert live.run_ids() == runs
    assert live.served() == served


def changes(live: LiveLoop, shapes: dict[Path, LabeledImage], folder: Path) -> None:
    """One image gets other bytes, one is deleted, one renamed; the workers take their time.

    Two models are right: what is gone must not wait for people, who may need days, and what they have drawn
    then is new. The renamed image needs neither: it is the same picture with the same label.
    """
    loop, store, s3 = live.loop, live.store, boto3.client("s3")
    train = read_record(store, loop, "train_split")["etags"]
    changed, deleted, renamed = sorted(train)[:3]
    new_name, before = f"{loop.images_uri}renamed.jpg", live.run_ids()
    name = changed.rpartition("/")[2]
    [(redrawn, truth)] = make_shapes(folder / "redrawn", [seed_for_training(loop)]).items()
    store.write(changed, redrawn.read_bytes(), "image/jpeg")
    s3.delete_object(Bucket=loop.bucket, Key=deleted.partition(f"{loop.bucket}/")[2])
    source = renamed.partition(f"{loop.bucket}/")[2]
    s3.copy_object(
        Bucket=loop.bucket,
        Key=f"{loop.images}renamed.jpg",
        CopySource={"Bucket": loop.bucket, "Key": source},
    )
    s3.delete_object(Bucket=loop.bucket, Key=source)

    live.wait(lambda: live.model_of(3), "the model without what is gone")
    labels = live.records("labels")
    assert not {changed, deleted, renamed} & set(labels), "what the workers saw is not there any more"
    assert labels[new_name] == train[renamed], "the label follows its picture"
    assert set(live.records("train_split", "validation_split", "test_split")) == set(labels)
    assert new_name in live.records("train_split"), "no picture changes sides"

    file = folder / name
    file.write_bytes(redrawn.read_bytes())
    job = live.label(3, write_truth(folder / "changed.json", {file: truth}))
    assert live.sent(job) == [changed]
    wanted = {*labels, changed}
    live.wait(lambda: set(live.records("labels")) == wanted, "the new label")
    live.wait(lambda: live.model_of(4), "the model with the new label")
    live.come_to_rest()
    assert (len(live.labeling_jobs()), len(live.training_jobs())) == (3, 4)
    assert_labeled_once(live, before)
    assert changed in live.records("train_split")
    assert live.served()[1] == live.model_of(4)


def assert_labeled_once(live: LiveLoop, before: set[str]) -> None:
    """One index, one batch, one collection. What automation asks for is counted by its remote jobs alone: a
    change that lands during a tick is seen by the next one too, and a run too many finds all of it done.
    """
    made = live.laptop.materialized(before)
    once = ("raw_images", "labeling_job", "labeled_manifest")
    assert [made[name] for name in once] == [1] * len(once), made


def seed_for_training(loop: Loop) -> int:
    """Of a picture that is going to be trained on, as its fingerprint decides."""
    for seed in range(1000, 1100):
        fingerprint = difference_hash(draw_shapes(seed)[0])
        if fingerprint and side_of(f"picture-{fingerprint}", loop.splits.fractions) == "train":
            return seed
    raise AssertionError("no picture of a hundred would be trained on")
