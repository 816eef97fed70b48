"""Everything dies at once, Dagster's daemon too, as when a battery is empty; `labelloop up` goes on."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress

import boto3
import httpx
import pytest

from demo.crowd import run_crowd
from orchestration.headless import AFTER_LABELING, BEFORE_LABELING, HeadlessLoop
from orchestration.home import Home
from orchestration.loop import load_loop
from orchestration.photographs import upload
from orchestration.stand_in import running_stand_in, use_stand_in_of
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
RUNS = "{ runsOrError { ... on Runs { results { status jobName } } } }"


class Laptop:
    """`labelloop up`, and the power switch."""

    def __init__(self, home: Home, loop_file):
        self.home = home
        self.loop_file = loop_file
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen | None = None

    def switch_on(self) -> None:
        print(time.strftime("%X"), "on")
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
        assert self.is_on(), (self.home.root / "up.log").read_text()
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/server_info").is_success
        except httpx.TransportError:
            return False

    def is_on(self) -> bool:
        return self.process.poll() is None

    def cut_power(self) -> None:
        """SIGKILL for every process that has to do with this home: none gets to say goodbye."""
        mark = str(self.home.root).encode()
        print(time.strftime("%X"), "cut")
        for _ in range(3):  # a process that is just being started is found by the second look
            for pid in filter(str.isdigit, os.listdir("/proc")):
                if int(pid) != os.getpid() and mark in described(pid):
                    kill(int(pid))
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

    def statuses(self, job: str) -> list[str]:
        """Of the job's runs, the newest first."""
        runs = self.ask(RUNS)["runsOrError"]["results"]
        return [run["status"] for run in runs if run["jobName"] == job]


def described(pid: str) -> bytes:
    """Command line and environment of a process, b"" where it has ended meanwhile."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as command, open(f"/proc/{pid}/environ", "rb") as environment:
            return command.read() + environment.read()
    except OSError:
        return b""


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def laptop(tmp_path, loop_file, photographs, monkeypatch):
    """Photographs uploaded, team and lambdas made; then switched on."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "DAGSTER_"))]:
        monkeypatch.delenv(name)
    home, loop = Home(tmp_path / "laptop"), load_loop(loop_file)
    with running_stand_in(home.stand_in), home.dagster_instance() as instance:
        store = ObjectStore(aws=Aws())
        list(upload(read_coco(photographs).images, loop, store))
        HeadlessLoop(loop, instance, store).materialize(*BEFORE_LABELING)
    laptop = Laptop(home, loop_file)
    laptop.switch_on()
    use_stand_in_of(home.stand_in)
    yield laptop
    laptop.cut_power()


def test_the_loop_goes_on_after_a_power_cut_in_every_phase(laptop, photographs):
    phases = Phases(boto3.client)
    phases.wait_for("labeling", laptop.is_on)
    crowd = threading.Thread(
        target=run_crowd, kwargs={"truth": photographs, "workers": 3, "job_prefix": "tiny"}, daemon=True
    )
    crowd.start()
    laptop.cut_power()
    laptop.switch_on()
    crowd.join(180)
    wait_until(lambda: "SUCCESS" in laptop.statuses("collect_labels"), "the labels to be collected")
    laptop.materialize(*AFTER_LABELING)
    for phase in ("training", "transform", "serving"):
        phases.wait_for(phase, laptop.is_on)
        laptop.cut_power()
        laptop.switch_on()
    wait_until(lambda: laptop.statuses("__ASSET_JOB")[0] == "SUCCESS", "the last run to succeed")
    phases.assert_done_once(PHOTOGRAPHS)
