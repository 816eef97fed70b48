"""Dagster's daemon dies, and server, UI and runs with it; `labelloop up` goes on where they were."""

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from unittest import mock

import boto3
import httpx
import pytest

from demo.crowd import run_crowd
from orchestration.headless import BEFORE_LABELING, FROM_THE_LABELS, FROM_THE_MODEL, HeadlessLoop
from orchestration.home import Home
from orchestration.loop import load_loop
from orchestration.photographs import upload
from orchestration.stand_in import running_stand_in
from resources.aws import Aws
from resources.object_store import ObjectStore
from tests.conftest import ROOT
from tests.crashes.conftest import PHOTOGRAPHS
from tests.crashes.phases import Phases, wait_until
from vision.exchange import read_coco

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LAUNCH = """
mutation Launch($parameters: ExecutionParams!) {
  launchPipelineExecution(executionParams: $parameters) {
    __typename
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}
"""
RUNS = "{ runsOrError { ... on Runs { results { runId status jobName } } } }"
TERMINATE = "mutation Terminate($run: String!) { terminateRun(runId: $run) { __typename } }"


class Laptop:
    """`labelloop up`, as a user runs it."""

    def __init__(self, home: Home, loop_file):
        self.home = home
        self.loop_file = loop_file
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "orchestration.cli", "up", "--home", str(self.home.root)]
        with open(self.home.root / "up.log", "ab") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), "--loop", str(self.loop_file)],
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        wait_until(self.answers, "the Dagster UI")

    def answers(self) -> bool:
        assert self.is_running(), (self.home.root / "up.log").read_text()
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/server_info").is_success
        except httpx.TransportError:
            return False

    def is_running(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        """As Ctrl-C does; returns when nothing is left running."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(90) == 0

    def crash(self) -> None:
        """SIGKILL for the server, the daemon, the UI and every run worker: none gets to say goodbye.

        The jobs' own processes have sessions of their own and live on, as SageMaker's would.
        """
        children = [pid for pid in processes() if parent_of(pid) == self.process.pid]
        sessions = {os.getsid(pid) for pid in children}
        for _ in range(2):  # a process that was just being started is found by the second look
            for pid in [pid for pid in processes() if session_of(pid) in sessions]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    def ask(self, query: str, **variables):
        url = f"http://127.0.0.1:{self.port}/graphql"
        answer = httpx.post(url, json={"query": query, "variables": variables}, timeout=60).json()
        assert not answer.get("errors"), answer["errors"]
        return answer["data"]

    def materialize(self, *names: str) -> None:
        selector = {
            "repositoryName": "__repository__",
            "repositoryLocationName": "tiny",
            "pipelineName": "__ASSET_JOB",
            "assetSelection": [{"path": ["tiny", name]} for name in names],
        }
        answer = self.ask(LAUNCH, parameters={"selector": selector, "runConfigData": {}, "mode": "default"})
        assert answer["launchPipelineExecution"]["__typename"] == "LaunchRunSuccess", answer

    def cancel_runs(self) -> None:
        """What the UI's "Terminate" does."""
        for run in self.ask(RUNS)["runsOrError"]["results"]:
            if run["status"] == "STARTED":
                answer = self.ask(TERMINATE, run=run["runId"])
                assert answer["terminateRun"]["__typename"] == "TerminateRunSuccess", answer

    def statuses(self, job: str) -> list[str]:
        """Of the job's runs, the newest first."""
        runs = self.ask(RUNS)["runsOrError"]["results"]
        return [run["status"] for run in runs if run["jobName"] == job]


def processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def parent_of(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/stat") as status:
            return int(status.read().rpartition(")")[2].split()[1])
    except OSError:
        return None


@pytest.fixture
def prepared(tmp_path, loop_file, photographs):
    """A home with the photographs uploaded, and the means to run its loop without the UI."""
    home, loop = Home(tmp_path / "laptop"), load_loop(loop_file)

    @contextmanager
    def headless():
        with (
            mock.patch.dict(os.environ),
            running_stand_in(home.stand_in),
            home.dagster_instance() as instance,
        ):
            yield HeadlessLoop(loop, instance, ObjectStore(aws=Aws()))

    with headless() as run:
        list(upload(read_coco(photographs).images, loop, run.store))
        run.materialize(*BEFORE_LABELING)
    return home, headless


@pytest.fixture
def laptop(prepared, loop_file, monkeypatch):
    """`labelloop up` on the home, to be started by the test, and our own AWS settings for its stand-in."""
    home, _ = prepared
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home.stand_in / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home.stand_in / "credentials"))
    laptop = Laptop(home, loop_file)
    yield laptop
    laptop.stop()


def test_a_loop_completes_although_the_daemon_and_all_around_it_are_killed_in_every_phase(
    laptop, photographs
):
    laptop.start()
    session = boto3.Session()
    phases = Phases(session.client)
    phases.wait_for("labeling", laptop.is_running)
    settings = {"truth": photographs, "workers": 3, "job_prefix": "tiny", "session": session}
    crowd = threading.Thread(target=run_crowd, kwargs=settings, daemon=True)
    crowd.start()
    laptop.crash()
    laptop.start()
    crowd.join(180)
    wait_until(lambda: "SUCCESS" in laptop.statuses("collect_labels"), "the labels to be collected")
    laptop.materialize(*FROM_THE_LABELS, *FROM_THE_MODEL)
    for phase in ("training", "transform", "serving"):
        phases.wait_for(phase, laptop.is_running)
        laptop.crash()
        laptop.start()
    wait_until(lambda: laptop.statuses("__ASSET_JOB")[0] == "SUCCESS", "the last run to succeed")
    phases.assert_done_once(PHOTOGRAPHS)


def test_cancelling_a_run_in_the_ui_stops_its_training_job(prepared, laptop, photographs):
    _, headless = prepared
    with headless() as run:
        run.label_batches(lambda: run_crowd(truth=photographs, workers=3, session=boto3.Session()))
        run.materialize("labels", "train_split", "validation_split", "test_split")
    laptop.start()
    phases = Phases(boto3.Session().client)
    laptop.materialize("trained_model")
    phases.wait_for("training", laptop.is_running)
    laptop.cancel_runs()
    wait_until(lambda: phases.trainings() == ["Stopped: None"], "the training job to be stopped")
    wait_until(lambda: laptop.statuses("__ASSET_JOB")[0] == "CANCELED", "the run to be cancelled")
    # Nothing starts it anew by itself, and asking again is a second attempt: the first one keeps its name.
    laptop.materialize("trained_model")
    wait_until(lambda: laptop.statuses("__ASSET_JOB")[0] == "SUCCESS", "the second attempt")
    assert phases.trainings() == ["Completed: None", "Stopped: None"]
