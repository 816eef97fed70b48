"""A job that would cost too much is not started, one that is there is never refused; what it cost is told."""

import json
import uuid

import boto3
import pytest
from dagster import Failure

from assets.batches import open_batch
from assets.costs import Costs, cost_within_limit, duration
from assets.live_endpoint import running_cost
from assets.records import read_record, record_uri
from resources.estimates import Estimate
from resources.loop import Loop
from resources.loop_budget import Budget
from resources.object_store import split_uri
from tests.assets.conftest import numbers, picture
from tests.assets.test_gate import RIGHT, WRONG, Stage, transform_jobs
from tests.assets.test_labeling_elsewhere import PASSWORD, hire
from tests.localaws.labeling import Worker, answer, box, wait_for
from tests.localaws.workshop import Workshop
from tests.settings import LEAST
from vision.boxes import Box

HOURS = {"ml.g5.xlarge": 36.0, "ml.m5.xlarge": 3600.0, "ml.m5.large": 0.5}  # a transform costs 1 a second


def budget(**limits: float) -> Budget:
    tariffs = {"per_object": 0.1, "per_worker_answer": 0.4, "instance_hour": HOURS}
    return Budget.model_validate({"tariffs": tariffs, "max_cost": limits})


def limited(loop: Loop, **limits: float) -> Loop:
    return loop.model_copy(update={"budget": budget(**limits)})


def expecting(cost: float | None, seconds: float | None = 60) -> Estimate:
    return Estimate(seconds, cost, cost, "by way of example")


def test_a_refusal_names_cost_limit_setting_and_what_would_be_right():
    lines = []
    costs = Costs(Loop(**LEAST, budget=budget(training=10)), lines.append)
    with pytest.raises(Failure) as refusal, costs.permit("training", lambda: expecting(10.01, 7200)):
        raise AssertionError("a job was created")
    assert refusal.value.allow_retries is False
    assert refusal.value.description.startswith(
        "No training job was started: expected 10.01 USD in 2.0 hours (by way of example), and "
        "budget.max_cost.training is 10.00 USD. Raise it in the loop's file, or choose a cheaper"
    )
    assert lines == ["training job: expected 10.01 USD in 2.0 hours (by way of example)"]


@pytest.mark.parametrize("cost", [10.0, None])
def test_a_job_within_the_limit_or_of_unknown_cost_is_started(cost):
    costs = Costs(Loop(**LEAST, budget=budget(training=10)), lambda line: None)
    with costs.permit("training", lambda: expecting(cost)):
        pass
    costs.add("new", 12.5)
    assert costs.metadata()["adopted"] is False
    assert costs.metadata().get("expected_cost") == cost
    check = cost_within_limit(costs.loop, "training", costs.spent)
    assert not check.passed and check.metadata["jobs_above"].value == {"new": 12.5}


def test_what_a_creation_that_failed_was_expected_to_cost_is_forgotten():
    costs = Costs(Loop(**LEAST), lambda line: None)
    with pytest.raises(KeyError), costs.permit("training", lambda: expecting(1)):
        raise KeyError("another run was faster")
    costs.add("adopted", 2.0)
    shown = costs.metadata()
    assert shown == {"cost": 2.0, "currency": "USD", "adopted": True}


def test_an_endpoint_tells_what_it_costs_and_nothing_without_a_tariff():
    two = {"endpoint": {"instance_count": 2}}
    shown = running_cost(Loop(**LEAST, **two, budget=budget()))
    assert shown == {"cost_per_hour": 1.0, "cost_per_day": 24.0, "currency": "USD"}
    assert running_cost(Loop(**LEAST)) == {}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(90, "90 seconds"), (150, "2.5 minutes"), (3600 * 3, "3.0 hours"), (86_400 * 2, "2.0 days")],
)
def test_durations_are_told_in_units_that_people_use(seconds, text):
    assert duration(seconds) == text


@pytest.mark.slow
def test_a_training_that_would_cost_too_much_is_not_started(loop, store, materialize):
    body = json.dumps({"source-ref": "s3://b/1"}).encode()
    for side in ("train", "validation"):
        uri = store.write(loop.uri(f"splits/{side}.manifest"), body)
        record = {"manifest": uri, "sha256": loop.bucket, "etags": {"s3://b/1": "1"}}
        store.write_json(record_uri(loop, f"{side}_split"), record)
    before = trainings(store, loop)
    with pytest.raises(Failure, match=r"expected 36.00 USD in 60.0 minutes \(at most: no earlier job"):
        materialize("trained_model", settings=limited(loop, training=35))
    assert trainings(store, loop) == before


def trainings(store, loop) -> list[str]:
    jobs = store.aws.client("sagemaker").list_training_jobs(NameContains=loop.slug)["TrainingJobSummaries"]
    return [job["TrainingJobName"] for job in jobs]


@pytest.fixture
def stage(stand_in_environment, instance):
    workshop = Workshop(stand_in_environment)
    settings = {"name": f"costly_{workshop.bucket[-8:]}", "bucket": workshop.bucket}
    stage = Stage(
        Loop(**LEAST | settings | {"labels": ["square", "bar"], "budget": budget()}), workshop, instance
    )
    stage.split({f"image-{number}": [Box("square", 50, 25, 100, 50)] for number in range(2)})
    return stage


@pytest.mark.slow
def test_predicting_costs_what_it_took_and_the_next_is_expected_to_cost_the_same(stage):
    def limit(**limits: float) -> None:
        stage.loop = limited(stage.loop, **limits)
        Stage.__post_init__(stage)

    stage.train(RIGHT)
    first = numbers(stage.make("evaluation"), "evaluation")
    assert first["cost"] > 0 and first["adopted"] is False and "expected_cost" not in first
    assert first["expectation"] == "unknown yet: no earlier job is like it"
    again = numbers(stage.make("evaluation"), "evaluation")
    assert "cost" not in again, "its predictions are kept: no job was needed"

    stage.train(WRONG)
    limit(transform=first["cost"] / 2)
    refused = stage.make("evaluation")
    assert not refused.success
    [failed] = refused.get_step_failure_events()
    assert "No transform job was started" in failed.event_specific_data.user_failure_data.description
    assert transform_jobs(stage) == 1

    limit(transform=1000)
    second = numbers(stage.make("evaluation"), "evaluation")
    assert second["expected_cost"] == pytest.approx(first["cost"])
    kept = read_record(stage.store, stage.loop, "evaluation")["predictions"]
    bucket, key = split_uri(kept)
    stage.workshop.s3.delete_object(Bucket=bucket, Key=key)  # as if the run had died before it kept them
    limit(transform=0)
    adopted = numbers(stage.make("evaluation"), "evaluation")
    assert adopted["adopted"] is True and adopted["cost"] == second["cost"]
    assert "expected_cost" not in adopted


@pytest.fixture
def studio(loop, store, materialize):
    """A team with one worker; every image is asked about once."""
    own = loop.labeling.model_copy(update={"workers_per_object": 1})
    name = f"costly_{uuid.uuid4().hex[:8]}"
    loop = loop.model_copy(update={"name": name, "labeling": own, "budget": budget(labeling=1.0)})
    for number, colour in enumerate(("white", "teal", "red")):
        store.write(f"{loop.images_uri}{number}.jpg", picture(60, 40, colour))
    materialize("raw_images", "labeling_team", "labeling_functions", settings=loop)
    return loop


@pytest.mark.slow
def test_labeling_is_refused_by_its_price_and_told_with_the_pace_of_earlier_jobs(
    studio, store, materialize, stand_in
):
    images = read_record(store, studio, "raw_images")["images"]
    members = [{"uri": image["uri"], "etag": image["etag"]} for image in images]
    batch = open_batch(store, studio, members)
    materialize("labeling_input", batch=batch, settings=studio)
    with pytest.raises(Failure, match=r"No labeling job was started: expected 1.50 USD \(unknown yet"):
        materialize("labeling_job", batch=batch, settings=studio)
    sagemaker = boto3.client("sagemaker")
    assert sagemaker.list_labeling_jobs(NameContains=studio.slug)["LabelingJobSummaryList"] == []

    raised = limited(studio, labeling=1.5)
    told = numbers(materialize("labeling_job", batch=batch, settings=raised), "labeling_job")
    assert (told["expected_cost"], told["expected_end"], told["adopted"]) == (1.5, "unknown yet", False)
    adopted = numbers(materialize("labeling_job", batch=batch, settings=studio), "labeling_job")
    assert adopted["adopted"] is True and "expected_cost" not in adopted, "what is there costs nothing more"

    label_all(stand_in, read_record(store, studio, "labeling_team"), told["labeling_job"], studio)
    collected = numbers(materialize("labeled_manifest", batch=batch, settings=studio), "labeled_manifest")
    assert collected["cost"] == pytest.approx(3 * (0.1 + 0.4))

    second = open_batch(store, studio, members[:1])
    later = numbers(
        materialize("labeling_input", "labeling_job", batch=second, settings=studio), "labeling_job"
    )
    assert later["expected_cost"] == 0.5 and later["expected_seconds"] > 0
    assert "the last job got" in later["expectation"]
    sagemaker.stop_labeling_job(LabelingJobName=later["labeling_job"])


def label_all(stand_in, team: dict, job: str, loop: Loop) -> None:
    hire(team, f"{loop.bucket}-worker")
    worker = Worker(stand_in.portal, f"{loop.bucket}-worker", PASSWORD)
    wait_for(lambda: worker.jobs().get(job), f"{job} to be open")
    while task := worker.claim(job):
        given = answer(box(4, "bar"))["boundingBox"]
        assert worker.hand_in(task, {task["element"]["name"]: given}).status_code == 200
    sagemaker = boto3.client("sagemaker")
    status = "LabelingJobStatus"
    wait_for(lambda: sagemaker.describe_labeling_job(LabelingJobName=job)[status] == "Completed", "its end")
