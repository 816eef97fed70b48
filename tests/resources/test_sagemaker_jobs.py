"""A training job is started once, followed to its end, found again after a crash, and stopped on cancel."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import dagster as dg
import pytest

from resources.aws import Aws
from resources.sagemaker_jobs import RUN_TAG, TrainingJobs
from tests.localaws.workshop import Workshop, wait_for

PROJECT = Path(__file__).resolve().parents[2]
WAITS = """
    import time
    print("training has begun", flush=True)
    while True:
        time.sleep(0.1)
"""
# What a Dagster run worker does with a training job, in a process that a test may interrupt or kill.
WORKER = """
    import json, sys
    import dagster as dg
    from resources.aws import Aws
    from resources.sagemaker_jobs import TrainingJobs

    @dg.asset
    def model(context, training_jobs: TrainingJobs):
        training_jobs.run(json.loads(sys.argv[1]), context.log.info)

    resources = {"training_jobs": TrainingJobs(aws=Aws())}
    result = dg.materialize([model], resources=resources, raise_on_error=False)
    print("success" if result.success else "failure")
"""


@pytest.fixture(scope="module")
def workshop(stand_in) -> Workshop:
    return Workshop(stand_in)


@pytest.fixture
def jobs(stand_in_environment) -> TrainingJobs:
    return TrainingJobs(aws=Aws())


@pytest.fixture
def worker(stand_in):
    """Start a run worker with a training job's request; what is left of them ends with the test."""
    started = []

    def start(request: dict) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WORKER), json.dumps(request)],
            cwd=PROJECT,
            env=stand_in.environment | {"PYTHONPATH": str(PROJECT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def started(workshop: Workshop, name: str) -> None:
    wait_for(lambda: "training has begun" in workshop.printed(name), f"{name} to begin")


def test_a_job_is_run_once_and_its_lines_are_passed_on(workshop, jobs):
    request = workshop.training_request("print('epoch=1;'); print('epoch=2;')")
    lines = []
    first = jobs.run(request, lines.append)
    second = jobs.run(request, lambda line: None)
    assert first["TrainingJobStatus"] == second["TrainingJobStatus"] == "Completed"
    assert first["CreationTime"] == second["CreationTime"]
    assert [line for line in lines if line.startswith("epoch")] == ["epoch=1;", "epoch=2;"]


def test_a_failed_job_fails_the_run_with_its_reason_and_its_last_words(workshop, jobs):
    request = workshop.training_request("print('about to fail'); raise ValueError('no boxes in the data')")
    with pytest.raises(dg.Failure, match="(?s)is Failed: .*no boxes in the data") as raised:
        jobs.run(request, lambda line: None)
    assert raised.value.allow_retries is False
    assert "about to fail" in raised.value.metadata["last lines"].value
    billed = workshop.training(request["TrainingJobName"])["BillableTimeInSeconds"]
    assert raised.value.metadata["billed_seconds"].value == billed


def test_after_a_failure_the_next_request_is_a_new_attempt(workshop, jobs):
    request = workshop.training_request("raise SystemExit(1)")
    with pytest.raises(dg.Failure):
        jobs.run(request, lambda line: None)
    with pytest.raises(dg.Failure, match=f"{request['TrainingJobName']}-2 is Failed"):
        jobs.run(request, lambda line: None)


def test_cancelling_the_run_stops_the_job_before_the_run_ends(workshop, worker):
    request = workshop.training_request(WAITS)
    run = worker(request)
    started(workshop, request["TrainingJobName"])
    run.send_signal(signal.SIGINT)  # what Dagster's own terminate sends
    assert run.wait(timeout=60) is not None
    assert workshop.training(request["TrainingJobName"])["TrainingJobStatus"] == "Stopped"
    assert run.stdout.read() != "success\n"


@pytest.mark.slow
def test_a_killed_run_worker_leaves_a_job_that_the_next_run_adopts(workshop, worker, jobs):
    wait_until = workshop.name("go")
    request = workshop.training_request(f"""
        import os, time
        import boto3
        print("training has begun", flush=True)
        s3 = boto3.client("s3")
        while s3.list_objects_v2(Bucket="{workshop.bucket}", Prefix="{wait_until}")["KeyCount"] == 0:
            time.sleep(0.1)
    """)
    name = request["TrainingJobName"]
    run = worker(request)
    started(workshop, name)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert workshop.training(name)["TrainingJobStatus"] == "InProgress"
    [(_, tags)] = jobs.at_work(name)
    assert RUN_TAG in tags, "so that its run can be asked for, and the job stopped if nobody adopts it"
    workshop.put(wait_until, b"")
    assert jobs.run(request, lambda line: None)["TrainingJobName"] == name
    listed = workshop.sagemaker.list_training_jobs(NameContains=name)["TrainingJobSummaries"]
    assert [job["TrainingJobName"] for job in listed] == [name]


def test_a_job_that_somebody_else_stops_fails_the_run(workshop, jobs):
    request = workshop.training_request(WAITS)

    def stop_it(line: str) -> None:
        if line == "training has begun":
            workshop.sagemaker.stop_training_job(TrainingJobName=request["TrainingJobName"])

    with pytest.raises(dg.Failure, match="is Stopped"):
        jobs.run(request, stop_it)
