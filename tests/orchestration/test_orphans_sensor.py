"""A job that nobody follows any more is stopped; one that a run follows, or may adopt, is not."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from orchestration.sensors import orphans
from orchestration.sensors.orphans import GRACE, is_orphan, orphans_sensor
from resources.aws import Aws
from resources.sagemaker_jobs import TrainingJobs, TransformJobs
from tests.localaws.workshop import Workshop, wait_for

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MODEL, LABELS = (frozenset({dg.AssetKey(["foods", name])}) for name in ("trained_model", "labels"))


def run(status: str, assets: frozenset = MODEL) -> dg.DagsterRun:
    return dg.DagsterRun("__ASSET_JOB", status=dg.DagsterRunStatus[status], asset_selection=assets)


@pytest.mark.parametrize(
    ("status", "ended", "at_work", "orphan"),
    [
        ("FAILURE", GRACE, [], True),
        ("CANCELED", GRACE, [run("STARTED", LABELS)], True),
        ("FAILURE", timedelta(minutes=1), [], False),  # a retry has this long to come
        ("FAILURE", GRACE, [run("STARTING")], False),
        ("FAILURE", GRACE, [run("STARTED")], False),
        ("STARTED", None, [], False),
        ("CANCELING", None, [], False),
    ],
)
def test_a_job_is_an_orphan_when_its_run_is_gone_and_no_other_may_adopt_it(status, ended, at_work, orphan):
    moment = None if ended is None else NOW - ended
    assert is_orphan(run(status), moment, at_work, NOW) is orphan


def test_the_job_of_a_failed_run_is_stopped_and_those_of_others_go_on(
    stand_in, stand_in_environment, loop, instance, monkeypatch
):
    """Jobs are tagged by the runs that follow them; here three are at work, and one run has died."""
    workshop = Workshop(stand_in)

    @dg.asset
    def broken():
        raise RuntimeError("the process died")

    dead = dg.materialize([broken], instance=instance, raise_on_error=False)
    monkeypatch.setattr(orphans, "GRACE", timedelta())
    resources = {"training_jobs": TrainingJobs(aws=Aws()), "transform_jobs": TransformJobs(aws=Aws())}

    def train(name: str, owner: str, run_id: str) -> str:
        tags = [{"Key": "labelloop", "Value": owner}, {"Key": "dagster/run-id", "Value": run_id}]
        script = "import time; print('begun', flush=True); time.sleep(100)"
        return workshop.train(script, TrainingJobName=f"foods-train-{name}", Tags=tags)

    left = train("left", "foods", dead.run_id)
    others = [train("other-loop", "foods_too", dead.run_id), train("followed", "foods", "another run")]
    wait_for(lambda: "begun" in workshop.printed(left), f"{left} to begin")
    with dg.build_sensor_context(instance, resources=resources) as context:
        told = orphans_sensor(loop)(context)
    assert left in told.skip_message
    described = workshop.training(left)
    assert described["TrainingJobStatus"] in ("Stopping", "Stopped"), described.get("FailureReason")
    for name in others:
        assert workshop.training(name)["TrainingJobStatus"] == "InProgress"
        workshop.sagemaker.stop_training_job(TrainingJobName=name)
