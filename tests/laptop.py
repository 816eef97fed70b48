"""`labelloop up` as a user runs it: a process of its own, asked through the UI's GraphQL, and killed."""

import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Collection
from contextlib import suppress

import httpx

from orchestration.home import Home
from orchestration.loop import load_loop
from tests.conftest import ROOT
from tests.crashes.phases import wait_until

LAUNCH = """
mutation Launch($parameters: ExecutionParams!) {
  launchPipelineExecution(executionParams: $parameters) {
    __typename
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}
"""
RUNS = """
{ runsOrError { ... on Runs { results { runId status jobName } } } }
"""
FAILED = """
{
  runsOrError(filter: {statuses: [FAILURE]}) {
    ... on Runs { results { runId jobName stats { ... on RunStatsSnapshot { stepsFailed } } } }
  }
}
"""
MADE = """
{ runsOrError { ... on Runs { results { runId assetMaterializations { assetKey { path } } } } } }
"""
TERMINATE = "mutation Terminate($run: String!) { terminateRun(runId: $run) { __typename } }"
TICKS = """
query Ticks($location: RepositorySelector!, $since: Float) {
  sensorsOrError(repositorySelector: $location) {
    __typename
    ... on Sensors {
      results { name sensorState { status ticks(afterTimestamp: $since) { status error { message } } } }
    }
  }
}
"""


class Laptop:
    """`labelloop up` for one loop, as a user runs it."""

    def __init__(self, home: Home, loop_file):
        self.home = home
        self.loop_file = loop_file
        self.loop = load_loop(loop_file).name
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "orchestration.cli", "up", "--home", str(self.home.root)]
        self.home.root.mkdir(parents=True, exist_ok=True)
        with open(self.home.root / "up.log", "ab") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), "--loop", str(self.loop_file)],
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        wait_until(self.answers, "the Dagster UI", pause=1.0)

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

    @property
    def location(self) -> dict[str, str]:
        return {"repositoryName": "__repository__", "repositoryLocationName": self.loop}

    def materialize(self, *names: str) -> None:
        selector = self.location | {
            "pipelineName": "__ASSET_JOB",
            "assetSelection": [{"path": [self.loop, name]} for name in names],
        }
        answer = self.ask(LAUNCH, parameters={"selector": selector, "runConfigData": {}, "mode": "default"})
        assert answer["launchPipelineExecution"]["__typename"] == "LaunchRunSuccess", answer

    def runs(self) -> list[dict]:
        """All runs, the newest first."""
        return self.ask(RUNS)["runsOrError"]["results"]

    def failures(self) -> list[dict]:
        """Runs that failed by themselves. One whose process never came up, on a machine that is too busy, is
        Dagster's to start again.
        """
        runs = self.ask(FAILED)["runsOrError"]["results"]
        return [run for run in runs if run["stats"].get("stepsFailed")]

    def materialized(self, before: Collection[str]) -> Counter:
        """How often each asset was made by runs that are not among ``before``."""
        runs = self.ask(MADE)["runsOrError"]["results"]
        made = [each for run in runs if run["runId"] not in before for each in run["assetMaterializations"]]
        return Counter(each["assetKey"]["path"][-1] for each in made)

    def cancel_runs(self) -> None:
        """What the UI's "Terminate" does."""
        for run in self.runs():
            if run["status"] == "STARTED":
                answer = self.ask(TERMINATE, run=run["runId"])
                assert answer["terminateRun"]["__typename"] == "TerminateRunSuccess", answer

    def statuses(self, job: str) -> list[str]:
        """Of the job's runs, the newest first."""
        return [run["status"] for run in self.runs() if run["jobName"] == job]

    def ticks(self, since: float) -> dict[str, int]:
        """How many ticks of each running sensor have ended, of those begun after ``since`` (seconds since
        1970).
        """
        answer = self.ask(TICKS, location=self.location, since=since)["sensorsOrError"]
        assert answer["__typename"] == "Sensors", answer
        counts = {}
        for sensor in answer["results"]:
            if sensor["sensorState"]["status"] != "RUNNING":
                continue
            ticks = sensor["sensorState"]["ticks"]
            failed = [tick["error"] for tick in ticks if tick["status"] == "FAILURE"]
            assert not failed, (sensor["name"], failed)
            counts[sensor["name"]] = sum(tick["status"] != "STARTED" for tick in ticks)
        return counts


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
