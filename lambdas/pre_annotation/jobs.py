"""What a labeling job asks of its workers."""

import functools
import json
from typing import NamedTuple

import boto3


class Task(NamedTuple):
    header: str
    labels: tuple[str, ...]
    reviewed: str | None  # the label attribute under review


@functools.lru_cache(maxsize=64)
def describe_task(job_arn: str) -> Task:
    """The task of a job; read once per warm process. Raises ValueError for one without labels."""
    region, job_name = job_arn.split(":")[3], job_arn.rpartition("/")[2]
    job = boto3.client("sagemaker", region_name=region).describe_labeling_job(LabelingJobName=job_name)
    uri = job.get("LabelCategoryConfigS3Uri")
    if not uri:
        raise ValueError(
            f"labeling job {job_name} has no LabelCategoryConfigS3Uri: there are no labels to offer"
        )
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = boto3.client("s3", region_name=region).get_object(Bucket=bucket, Key=key)["Body"].read()
    try:
        configuration = json.loads(body)
        labels = tuple(entry["label"] for entry in configuration["labels"])
    except (ValueError, KeyError, TypeError) as problem:
        raise ValueError(
            f'{uri} is not a label category configuration {{"labels": [{{"label": ...}}]}}'
        ) from problem
    if not labels:
        raise ValueError(f"{uri} names no label")
    header = job["HumanTaskConfig"]["TaskDescription"]
    return Task(header, labels, attribute_name(configuration, f"in {uri}"))


def task_of_preview(task: object) -> Task:
    """The task that a request for a preview describes. Raises ValueError that names the wrong field."""
    if not isinstance(task, dict):
        raise ValueError(f"task must be an object with labels and header, not {json.dumps(task)[:200]}")
    labels, header = task.get("labels"), task.get("header")
    if not isinstance(labels, list) or not labels or not all(isinstance(label, str) for label in labels):
        raise ValueError(f"task.labels must be a list of label names, not {json.dumps(labels)[:200]}")
    if not isinstance(header, str):
        raise ValueError(f"task.header must be a text, not {json.dumps(header)[:200]}")
    return Task(header, tuple(labels), attribute_name(task, "in the task of a preview"))


def attribute_name(settings: dict, where: str) -> str | None:
    """The attribute under review, if any: ``auditLabelAttributeName`` of a label category configuration.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-verification-data.html
    """
    name = settings.get("auditLabelAttributeName")
    if name is not None and (not isinstance(name, str) or not name):
        raise ValueError(
            f"auditLabelAttributeName {where} must name a label attribute, not {json.dumps(name)[:200]}"
        )
    return name
