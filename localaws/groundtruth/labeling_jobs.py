"""The operations on labeling jobs: create, describe, list, stop."""

import secrets
import time
from collections.abc import Callable
from typing import Protocol

from localaws.api import AwsError, Identity
from localaws.groundtruth.files import Files
from localaws.groundtruth.jobs import Jobs, Taken, key_of
from localaws.groundtruth.objects import Objects
from localaws.groundtruth.paging import page, within
from localaws.groundtruth.validation import check_files, check_request, invalid
from localaws.groundtruth.workteams import Workteams

REQUEST_FIELDS = (
    "LabelingJobName",
    "LabelAttributeName",
    "InputConfig",
    "OutputConfig",
    "RoleArn",
    "LabelCategoryConfigS3Uri",
    "StoppingConditions",
    "HumanTaskConfig",
    "Tags",
)


class Tags(Protocol):
    """Where the tags of SageMaker resources are kept."""

    def put(self, arn: str, tags: list[dict]) -> None: ...


class LabelingJobs:
    def __init__(
        self,
        identity: Identity,
        jobs: Jobs,
        objects: Objects,
        workteams: Workteams,
        files: Files,
        tags: Tags,
        changed: Callable[[str], None],
    ):
        """``changed`` is told the name of a job that was created or is to stop."""
        self.identity = identity
        self.jobs = jobs
        self.objects = objects
        self.workteams = workteams
        self.files = files
        self.tags = tags
        self.changed = changed

    def CreateLabelingJob(self, params: dict) -> dict:
        name = params["LabelingJobName"]
        if self.jobs.find(name):
            raise self._taken(name)
        check_request(params, self.identity.account)
        if not self.workteams.by_arn(params["HumanTaskConfig"]["WorkteamArn"]):
            raise invalid(f"The work team {params['HumanTaskConfig']['WorkteamArn']} does not exist.")
        task = check_files(params, self.files, self.identity.account)
        arn = self.identity.arn("sagemaker", f"labeling-job/{name.lower()}")
        now = time.time()
        job = {field: params[field] for field in REQUEST_FIELDS if field in params} | {
            "LabelingJobArn": arn,
            "LabelingJobStatus": "Initializing",
            "JobReferenceCode": secrets.token_hex(16),
            "CreationTime": now,
            "LastModifiedTime": now,
        }
        try:
            self.jobs.add(job, task)
        except Taken:
            raise self._taken(name) from None
        if params.get("Tags"):
            self.tags.put(arn, params["Tags"])
        self.changed(name)
        return {"LabelingJobArn": arn}

    def DescribeLabelingJob(self, params: dict) -> dict:
        job = self._find(params["LabelingJobName"])
        return job | {"LabelCounters": self._counters(job)}

    def ListLabelingJobs(self, params: dict) -> dict:
        found = [
            job
            for job in self.jobs.all()
            if params.get("NameContains", "").lower() in job["LabelingJobName"].lower()
            and params.get("StatusEquals", job["LabelingJobStatus"]) == job["LabelingJobStatus"]
            and within(job, params, "CreationTime")
            and within(job, params, "LastModifiedTime")
        ]
        fields = {"Name": "LabelingJobName", "Status": "LabelingJobStatus"}
        field = fields.get(params.get("SortBy", ""), "CreationTime")
        shown, token = page(found, params, lambda job: job[field], "LabelingJobName")
        return {"LabelingJobSummaryList": [self._summary(job) for job in shown], "NextToken": token}

    def ListLabelingJobsForWorkteam(self, params: dict) -> dict:
        arn = params["WorkteamArn"]
        if not self.workteams.by_arn(arn):
            raise AwsError("ResourceNotFound", f"The work team {arn} does not exist.")
        found = [
            job
            for job in self.jobs.all()
            if job["HumanTaskConfig"]["WorkteamArn"] == arn
            and params.get("JobReferenceCodeContains", "") in job["JobReferenceCode"]
            and within(job, params, "CreationTime")
        ]
        shown, token = page(found, params, lambda job: job["CreationTime"], "LabelingJobName")
        return {"LabelingJobSummaryList": [self._team_summary(job) for job in shown], "NextToken": token}

    def StopLabelingJob(self, params: dict) -> None:
        """Graceful: tasks are taken back, what is answered is consolidated, then the job is Stopped."""
        name = params["LabelingJobName"]
        self._find(name)
        if not any(self.jobs.move(name, status, "Stopping") for status in ("Initializing", "InProgress")):
            status = self._find(name)["LabelingJobStatus"]
            if status != "Stopping":
                raise invalid(f"The labeling job {name} is {status} and cannot be stopped.")
        self.changed(name)

    def _find(self, name: str) -> dict:
        job = self.jobs.find(name)
        if job is None:
            raise AwsError("ResourceNotFound", f"The labeling job {name} does not exist.")
        return job

    def _taken(self, name: str) -> AwsError:
        arn = self.identity.arn("sagemaker", f"labeling-job/{name.lower()}")
        return AwsError(
            "ResourceInUse",
            f"Labeling job already exists: {arn}. Names are never free again, whatever their case.",
        )

    def _counters(self, job: dict) -> dict[str, int]:
        return self.objects.counters(key_of(job["LabelingJobName"]))

    def _summary(self, job: dict) -> dict:
        task = job["HumanTaskConfig"]
        return job | {
            "LabelCounters": self._counters(job),
            "WorkteamArn": task["WorkteamArn"],
            "PreHumanTaskLambdaArn": task["PreHumanTaskLambdaArn"],
            **task["AnnotationConsolidationConfig"],
        }

    def _team_summary(self, job: dict) -> dict:
        counters = self._counters(job)
        return job | {
            "WorkRequesterAccountId": self.identity.account,
            "NumberOfHumanWorkersPerDataObject": job["HumanTaskConfig"]["NumberOfHumanWorkersPerDataObject"],
            "LabelCounters": {
                "HumanLabeled": counters["HumanLabeled"],
                "PendingHuman": counters["Unlabeled"],
                "Total": counters["TotalLabeled"]
                + counters["Unlabeled"]
                + counters["FailedNonRetryableError"],
            },
        }
