"""The one folder in which everything of a run on this machine lives."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from orchestration.loop import DEFAULT_LOOP, PROJECT

DEFAULT_HOME = PROJECT / ".labelloop"


@dataclass(frozen=True)
class Home:
    root: Path

    @property
    def stand_in(self) -> Path:
        return self.root / "stand-in"

    @property
    def photographs(self) -> Path:
        return self.root / "photographs"

    @property
    def predictions(self) -> Path:
        return self.root / "predictions"

    @property
    def labels(self) -> Path:
        return self.root / "labels"

    @property
    def tasks(self) -> Path:
        return self.root / "tasks"

    @property
    def loops(self) -> Path:
        return self.root / "loops"

    @property
    def benchmarks(self) -> Path:
        return self.root / "benchmarks"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def is_default(self) -> bool:
        return self.root == DEFAULT_HOME

    def remember_loop(self, file: Path) -> None:
        """The loop that `predict` and `requester` take when none is named, and that `up` shows too."""
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "last-loop").write_text(str(file.absolute()))

    def last_loop(self) -> Path:
        remembered = self.root / "last-loop"
        return Path(remembered.read_text()) if remembered.exists() else DEFAULT_LOOP

    def prepare_dagster(self) -> None:
        """Make the folder Dagster's home, with the project's instance settings."""
        self.dagster.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / "dagster.yaml", self.dagster / "dagster.yaml")
        os.environ["DAGSTER_HOME"] = str(self.dagster)

    def running_dagster_instance(self) -> dg.DagsterInstance:
        """The same instance, beside `labelloop up`: runs in progress may well be alive."""
        self.prepare_dagster()
        return dg.DagsterInstance.get()

    def dagster_instance(self) -> dg.DagsterInstance:
        """The instance that `labelloop up` shows: what runs without the UI is seen in it later."""
        self.prepare_dagster()
        instance = dg.DagsterInstance.get()
        fail_lost_runs(instance)
        return instance


def fail_lost_runs(instance: dg.DagsterInstance) -> None:
    """End the runs of processes that were killed together with the daemon that would have noticed.

    To be called while nothing else runs on the instance. Without it such a run is in progress for ever: it
    keeps its place in a pool, and the automation waits for it. The daemon retries what is failed here.
    """
    lost = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    for run in instance.get_runs(dg.RunsFilter(statuses=lost)):
        instance.report_run_failed(run, "The process of this run was killed.")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
