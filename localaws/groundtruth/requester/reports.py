"""What the requester's pages show, as JSON: all jobs in short, and one job in full."""

import time
from collections.abc import Callable
from typing import Any

from localaws.groundtruth import layout
from localaws.groundtruth.jobs import Jobs, key_of
from localaws.groundtruth.requester.agreement import Agreement
from localaws.groundtruth.requester.known_answers import KnownAnswers
from localaws.groundtruth.requester.pictures import Pictures
from localaws.groundtruth.requester.statistics import WINDOW, Statistics
from localaws.store import Store

PICTURES = 12


class Reports:
    """``address(uri)`` is where the portal shows an image of S3."""

    def __init__(self, store: Store, jobs: Jobs, address: Callable[[str], str]):
        self.jobs = jobs
        self.statistics = Statistics(store)
        self.agreement = Agreement(store)
        self.known = KnownAnswers(store)
        self.address = address

    def overview(self) -> dict[str, Any]:
        """Every job in short, the newest first."""
        now = time.time()
        jobs = sorted(self.jobs.all(), key=lambda job: -job["CreationTime"])
        progress = self.statistics.progress(jobs, now)
        return {
            "now": now,
            "jobs": [_summary(job) | progress[key_of(job["LabelingJobName"])] for job in jobs],
        }

    def report(self, name: str) -> dict[str, Any] | None:
        """One job in full; None where there is none of this name."""
        job = self.jobs.find(name)
        if job is None:
            return None
        key, attribute, now = key_of(name), job["LabelAttributeName"], time.time()
        task, human = self.jobs.task(name), job["HumanTaskConfig"]
        pictures = Pictures(attribute, task["labels"], layout.root(job), self.address)
        return {
            "now": now,
            **_summary(job),
            **self.statistics.progress([job], now)[key],
            "description": human["TaskDescription"],
            "attribute": attribute,
            "labels": task["labels"],
            "element": task["tag"],
            "team": human["WorkteamArn"].rpartition("/")[2],
            "input": job["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"],
            "output": job.get("LabelingJobOutput", {}).get("OutputDatasetS3Uri"),
            "failure_reason": job.get("FailureReason"),
            "pace_window_seconds": WINDOW,
            "answers": self.statistics.answers(key),
            "workers": self._workers(key),
            "agreement": self.agreement.of(key, attribute),
            "failures": self.statistics.failures(key, attribute),
            "newest": [pictures.describe(*row) for row in self.statistics.newest(key, PICTURES)],
        }

    def _workers(self, key: str) -> list[dict[str, Any]]:
        """``known``: how a worker did on lines whose answer is known; None where there was none for him."""
        scores = self.known.scores(key)
        return [row | {"known": scores.get(row["worker"])} for row in self.statistics.workers(key)]


def _summary(job: dict) -> dict[str, Any]:
    human = job["HumanTaskConfig"]
    return {
        "name": job["LabelingJobName"],
        "title": human["TaskTitle"],
        "status": job["LabelingJobStatus"],
        "created_at": job["CreationTime"],
        "modified_at": job["LastModifiedTime"],
        "workers_per_object": human["NumberOfHumanWorkersPerDataObject"],
    }
