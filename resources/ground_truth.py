"""Labeling jobs of SageMaker Ground Truth."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

import dagster as dg

from resources.adoption import adopt_or_create, describe_or_none
from resources.aws import Aws, explained
from resources.loop import Loop
from resources.sagemaker_requests import tags


@dataclass(frozen=True)
class LabelingJob:
    name: str
    arn: str
    status: str  # Initializing, InProgress, Completed, Failed, Stopping, Stopped
    labeled: int
    failed: int
    unlabeled: int
    input_uri: str
    output_uri: str | None  # of output.manifest, once there is one
    failure_reason: str | None
    modified: datetime
    created: datetime | None = None
    workers: int | None = None  # asked about each image; lists of jobs do not tell
    functions: dict[str, str] = field(default_factory=dict)  # ARNs: what pre-annotates, what consolidates

    @property
    def total(self) -> int:
        return self.labeled + self.failed + self.unlabeled

    @classmethod
    def read(cls, described: dict[str, Any]) -> "LabelingJob":
        """From DescribeLabelingJob, or from one entry of ListLabelingJobs."""
        counters = described["LabelCounters"]
        return cls(
            name=described["LabelingJobName"],
            arn=described["LabelingJobArn"],
            status=described["LabelingJobStatus"],
            labeled=counters["TotalLabeled"],
            failed=counters["FailedNonRetryableError"],
            unlabeled=counters["Unlabeled"],
            input_uri=described["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"],
            output_uri=described.get("LabelingJobOutput", {}).get("OutputDatasetS3Uri") or None,
            failure_reason=described.get("FailureReason"),
            modified=described["LastModifiedTime"],
            created=described.get("CreationTime"),
            workers=described.get("HumanTaskConfig", {}).get("NumberOfHumanWorkersPerDataObject"),
            functions=_functions(described | described.get("HumanTaskConfig", {})),
        )


def _functions(described: dict[str, Any]) -> dict[str, str]:
    consolidation = described | described.get("AnnotationConsolidationConfig", {})
    found = {
        "pre_annotation": described.get("PreHumanTaskLambdaArn"),
        "consolidation": consolidation.get("AnnotationConsolidationLambdaArn"),
    }
    return {kind: arn for kind, arn in found.items() if arn}  # a job may do without them


class RenderedTask(NamedTuple):
    html: str
    problems: list[str]  # what keeps the template from being a task


def label_categories(labels: list[str], reviewed_attribute: str | None = None) -> dict[str, Any]:
    """The label category configuration file; the order of the labels defines the class ids.

    ``reviewed_attribute`` tells a verification or an adjustment which label to show.
    https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-verify-start-api.html
    """
    categories = {"document-version": "2018-11-28", "labels": [{"label": label} for label in labels]}
    return categories | ({"auditLabelAttributeName": reviewed_attribute} if reviewed_attribute else {})


def labeling_job_request(
    loop: Loop,
    *,
    name: str,
    manifest: str,
    categories: str,
    template: str,
    output: str,
    team_arn: str,
    role_arn: str,
    pre_annotation_arn: str,
    consolidation_arn: str,
) -> dict[str, Any]:
    """The parameters of CreateLabelingJob. All locations are S3 URIs."""
    settings = loop.labeling
    return {
        "LabelingJobName": name,
        "LabelAttributeName": loop.label_attribute,
        "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": manifest}}},
        "OutputConfig": {"S3OutputPath": output},
        "RoleArn": role_arn,
        "LabelCategoryConfigS3Uri": categories,
        "HumanTaskConfig": {
            "WorkteamArn": team_arn,
            "UiConfig": {"UiTemplateS3Uri": template},
            "PreHumanTaskLambdaArn": pre_annotation_arn,
            "AnnotationConsolidationConfig": {"AnnotationConsolidationLambdaArn": consolidation_arn},
            "TaskTitle": settings.title,
            "TaskDescription": settings.description,
            "TaskKeywords": settings.keywords,
            "NumberOfHumanWorkersPerDataObject": settings.workers_per_object,
            "TaskTimeLimitInSeconds": settings.task_time_limit_seconds,
            "TaskAvailabilityLifetimeInSeconds": settings.availability_seconds,
            "MaxConcurrentTaskCount": settings.max_concurrent_tasks,
        },
        "Tags": tags(loop),
    }


class GroundTruth(dg.ConfigurableResource):
    aws: Aws

    def adopt_or_create(
        self, request: dict[str, Any], permit: AbstractContextManager[None] | None = None
    ) -> LabelingJob:
        """Returns at once: people take hours or days. ``permit`` is entered only to create a job."""
        client = self.aws.ground_truth()

        def create(name: str) -> None:
            with permit or nullcontext():
                client.create_labeling_job(**(request | {"LabelingJobName": name}))

        with explained(f"start the labeling job {request['LabelingJobName']}"):
            described = adopt_or_create(
                request["LabelingJobName"],
                describe=self._describe,
                create=create,
                status="LabelingJobStatus",
                ended_without_result={"Failed", "Stopped", "Stopping"},
            )
        return LabelingJob.read(described)

    def describe(self, name: str) -> LabelingJob | None:
        described = self._describe(name)
        return LabelingJob.read(described) if described else None

    def changed_since(self, moment: datetime, name_prefix: str) -> Iterator[LabelingJob]:
        """Jobs that changed after the moment, and all at work: their counters may move without a trace."""
        seen = set()
        for filters in (
            {"LastModifiedTimeAfter": moment},
            {"StatusEquals": "Initializing"},
            {"StatusEquals": "InProgress"},
        ):
            pages = self.aws.ground_truth().get_paginator("list_labeling_jobs")
            with explained("list the labeling jobs"):
                for page in pages.paginate(NameContains=name_prefix, **filters):
                    for summary in page["LabelingJobSummaryList"]:
                        job = LabelingJob.read(summary)
                        if job.name.startswith(name_prefix) and job.arn not in seen:
                            seen.add(job.arn)
                            yield job

    def completed(self, name_prefix: str, most: int) -> list[LabelingJob]:
        """The newest completed jobs, as DescribeLabelingJob tells of them."""
        pages = self.aws.ground_truth().get_paginator("list_labeling_jobs")
        newest = {"StatusEquals": "Completed", "SortBy": "CreationTime", "SortOrder": "Descending"}
        with explained("list the labeling jobs"):
            listed = (
                job["LabelingJobName"]
                for page in pages.paginate(NameContains=name_prefix, **newest)
                for job in page["LabelingJobSummaryList"]
            )
            names = [*islice((name for name in listed if name.startswith(name_prefix)), most)]
            return [job for name in names if (job := self.describe(name))]

    def render_template(self, template: str, task_input: dict[str, Any], role_arn: str) -> RenderedTask:
        """The page that a worker would see for one task, rendered by Ground Truth itself."""
        with explained("render the worker template"):
            answer = self.aws.ground_truth().render_ui_template(
                UiTemplate={"Content": template}, Task={"Input": json.dumps(task_input)}, RoleArn=role_arn
            )
        problems = [f"{error['Code']}: {error['Message']}" for error in answer["Errors"]]
        return RenderedTask(answer["RenderedContent"], problems)

    def stop(self, name: str) -> None:
        self.aws.ground_truth().stop_labeling_job(LabelingJobName=name)

    def _describe(self, name: str) -> dict[str, Any] | None:
        client = self.aws.ground_truth()
        return describe_or_none(lambda: client.describe_labeling_job(LabelingJobName=name))
