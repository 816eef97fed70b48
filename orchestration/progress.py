"""Progress bars for the remote jobs of a loop, read through the same API calls as the console's."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

EPOCH = re.compile(r"epoch=(\d+)")
TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"


class JobProgress:
    """A bar for each labeling, training and transform job InProgress whose name contains ``prefix``."""

    def __init__(self, prefix: str, progress: Progress):
        self.prefix = prefix
        self.progress = progress
        self.bars: dict[str, int] = {}
        self.sagemaker = boto3.client("sagemaker")
        self.logs = boto3.client("logs")

    def refresh(self) -> None:
        running = self.labeling() | self.training() | self.transforming()
        for name, (title, done, total) in running.items():
            if name not in self.bars:
                self.bars[name] = self.progress.add_task(title, total=total)
            self.progress.update(self.bars[name], completed=done, total=total)
        for name in set(self.bars) - set(running):
            bar = self.bars.pop(name)
            total = self.progress.tasks[bar].total
            self.progress.update(bar, completed=total or 1, total=total or 1)

    def labeling(self) -> dict[str, tuple[str, int, int | None]]:
        jobs = self.sagemaker.list_labeling_jobs(StatusEquals="InProgress", NameContains=self.prefix)
        bars = {}
        for job in jobs["LabelingJobSummaryList"]:
            counters = job["LabelCounters"]
            done = counters["TotalLabeled"] + counters["FailedNonRetryableError"]
            bars[job["LabelingJobName"]] = ("labeling", done, done + counters["Unlabeled"])
        return bars

    def training(self) -> dict[str, tuple[str, int, int | None]]:
        jobs = self.sagemaker.list_training_jobs(StatusEquals="InProgress", NameContains=self.prefix)
        bars = {}
        for job in jobs["TrainingJobSummaries"]:
            name = job["TrainingJobName"]
            settings = self.sagemaker.describe_training_job(TrainingJobName=name)["HyperParameters"]
            bars[name] = ("training (epochs)", self.last_epoch(name), int(settings.get("epochs", 0)) or None)
        return bars

    def last_epoch(self, name: str) -> int:
        try:
            streams = self.logs.describe_log_streams(
                logGroupName=TRAINING_LOGS, logStreamNamePrefix=f"{name}/"
            )
            for stream in streams["logStreams"]:
                events = self.logs.get_log_events(
                    logGroupName=TRAINING_LOGS, logStreamName=stream["logStreamName"], limit=20
                )
                found = [match for event in events["events"] for match in EPOCH.findall(event["message"])]
                if found:
                    return int(found[-1])
        except ClientError:  # the group appears with the first line of the first job
            pass
        return 0

    def transforming(self) -> dict[str, tuple[str, int, int | None]]:
        jobs = self.sagemaker.list_transform_jobs(StatusEquals="InProgress", NameContains=self.prefix)
        return {job["TransformJobName"]: ("predicting", 0, None) for job in jobs["TransformJobSummaries"]}


@contextmanager
def job_progress(prefix: str, console: Console) -> Iterator[Progress]:
    """Keep the bars of the loop's jobs up to date from a thread while the body runs."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    stop = threading.Event()
    with Progress(*columns, console=console) as progress:
        jobs = JobProgress(prefix, progress)

        def watch() -> None:
            while not stop.wait(1.0):
                try:
                    jobs.refresh()
                except (ClientError, BotoCoreError):
                    continue  # a bar that stands still for a moment says enough

        watcher = threading.Thread(target=watch, name="job-progress", daemon=True)
        watcher.start()
        try:
            yield progress
        finally:
            stop.set()
            watcher.join()
