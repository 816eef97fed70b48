"""Training and transform jobs: adopted or created, followed to the end, stopped when the run is cancelled."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import Any, ClassVar

import dagster as dg
from botocore.exceptions import ClientError
from pydantic import PrivateAttr

from resources.adoption import adopt_or_create, describe_or_none
from resources.aws import Aws, explained
from resources.estimates import billed_seconds
from resources.job_logs import JobLogs

RUN_TAG = "dagster/run-id"
ENDED = {"Completed", "Failed", "Stopped"}
LINES_SHOWN_ON_FAILURE = 20


def growing_pauses(first: float = 0.5, longest: float = 15.0) -> Iterator[float]:
    """Seconds between two looks: a short job is seen to end at once, a long one is not asked too often."""
    pause = first
    while True:
        yield pause
        pause = min(pause * 1.2, longest)


class _Jobs(dg.ConfigurableResource):
    """What training and transform jobs have in common: only the names differ."""

    aws: Aws
    kind: ClassVar[str]  # as it stands in SageMaker's operations and keys
    _run: str | None = PrivateAttr(None)  # the Dagster run that has this resource

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        self._run = context.run.run_id if context.run else None

    def run(
        self,
        request: dict[str, Any],
        log: Callable[[str], None],
        permit: AbstractContextManager[None] | None = None,
    ) -> dict[str, Any]:
        """Have the job done and return its description; ``log`` gets each line that it prints.

        A completed job of the request's name is returned as it is, a running one is followed; ``permit`` is
        entered only to create one. If the run is cancelled meanwhile the job is stopped. Raises dg.Failure if
        it fails or somebody else stops it.
        """
        with explained(f"start the {self.kind.lower()} job {request[self._name]}"):
            job = self.adopt_or_create(request, permit)
        name = job[self._name]
        try:
            log(f"{self.kind} job {name}: {job[self._status]}")
            self.follow(job)
            return self.wait(name, log)
        except dg.DagsterExecutionInterruptedError:
            log(f"The run was cancelled: stopping {name}")
            self.stop(name)
            raise

    def adopt_or_create(
        self, request: dict[str, Any], permit: AbstractContextManager[None] | None = None
    ) -> dict[str, Any]:
        def create(name: str) -> None:
            with permit or nullcontext():
                self._call("create", **(request | {self._name: name}))

        return adopt_or_create(
            request[self._name],
            describe=self.describe,
            create=create,
            status=self._status,
            ended_without_result={"Failed", "Stopped", "Stopping"},
        )

    def follow(self, job: dict[str, Any]) -> None:
        """Write on the job which run follows it: the sensor `orphans` stops it when that run is gone."""
        if self._run and job[self._status] == "InProgress":
            tags = [{"Key": RUN_TAG, "Value": self._run}]
            self.aws.client("sagemaker").add_tags(ResourceArn=job[f"{self.kind}JobArn"], Tags=tags)

    def at_work(self, name_prefix: str) -> Iterator[tuple[str, dict[str, str]]]:
        """Name and tags of each job in progress."""
        sagemaker = self.aws.client("sagemaker")
        pages = sagemaker.get_paginator(f"list_{self.kind.lower()}_jobs")
        with explained(f"list the {self.kind.lower()} jobs"):
            for page in pages.paginate(NameContains=name_prefix, StatusEquals="InProgress"):
                for job in page[f"{self.kind}JobSummaries"]:
                    if job[self._name].startswith(name_prefix):
                        found = sagemaker.list_tags(ResourceArn=job[f"{self.kind}JobArn"])["Tags"]
                        yield job[self._name], {tag["Key"]: tag["Value"] for tag in found}

    def completed(self, name_prefix: str, most: int) -> list[dict[str, Any]]:
        """The descriptions of the newest completed jobs."""
        pages = self.aws.client("sagemaker").get_paginator(f"list_{self.kind.lower()}_jobs")
        newest = {"StatusEquals": "Completed", "SortBy": "CreationTime", "SortOrder": "Descending"}
        with explained(f"list the {self.kind.lower()} jobs"):
            listed = (
                job[self._name]
                for page in pages.paginate(NameContains=name_prefix, **newest)
                for job in page[f"{self.kind}JobSummaries"]
            )
            names = [*islice((name for name in listed if name.startswith(name_prefix)), most)]
            return [job for name in names if (job := self.describe(name))]

    def describe(self, name: str) -> dict[str, Any] | None:
        return describe_or_none(lambda: self._call("describe", **{self._name: name}))

    def wait(self, name: str, log: Callable[[str], None]) -> dict[str, Any]:
        """Follow the job to its end. Raises dg.Failure with its reason and last lines unless it completed."""
        logs = JobLogs(self.aws.client("logs"), f"/aws/sagemaker/{self.kind}Jobs", name)
        last_lines: deque[str] = deque(maxlen=LINES_SHOWN_ON_FAILURE)
        for pause in growing_pauses():
            job = self.describe(name)
            for line in logs.new_lines():
                log(line)
                last_lines.append(line)
            if job[self._status] in ENDED:
                break
            time.sleep(pause)
        if job[self._status] == "Completed":
            return job
        raise dg.Failure(
            f"{self.kind} job {name} is {job[self._status]}: "
            f"{job.get('FailureReason') or 'SageMaker gives no reason'}",
            metadata={
                "job": name,
                "billed_seconds": billed_seconds(job) or 0,
                "last lines": "\n".join(last_lines),
            },
            allow_retries=False,  # the same inputs fail the same way, and each attempt costs money
        )

    def stop(self, name: str) -> None:
        """Stop the job and wait until it has stopped."""
        self.ask_to_stop(name)
        for pause in growing_pauses():
            if self.describe(name)[self._status] in ENDED:
                return
            time.sleep(pause)

    def ask_to_stop(self, name: str) -> None:
        try:
            self._call("stop", **{self._name: name})
        except ClientError:
            if self.describe(name)[self._status] == "InProgress":
                raise  # otherwise it has ended in this moment

    @property
    def _name(self) -> str:
        return f"{self.kind}JobName"

    @property
    def _status(self) -> str:
        return f"{self.kind}JobStatus"

    def _call(self, verb: str, **parameters: Any) -> dict[str, Any]:
        return getattr(self.aws.client("sagemaker"), f"{verb}_{self.kind.lower()}_job")(**parameters)


class TrainingJobs(_Jobs):
    kind: ClassVar[str] = "Training"


class TransformJobs(_Jobs):
    kind: ClassVar[str] = "Transform"
