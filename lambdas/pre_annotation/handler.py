"""Pre-annotation function of a Ground Truth job whose workers draw boxes.

Ground Truth calls it once per line of the input manifest, with
``{"version", "labelingJobArn", "dataObject": <the manifest line>}``, and hands its ``taskInput`` to the
worker template. The variables are those of AWS's own functions, so that its starter templates work:

- ``task.input.taskObject``: the S3 URI (``source-ref``) or the text (``source``) of the object;
- ``task.input.labels``: the label names, in the order of the job's label category configuration;
- ``task.input.header``: the job's ``TaskDescription``, the sentence above the image;
- ``task.input.manifestLine``: the whole line, for templates that start from earlier labels.

A request names the job and not its labels, so the function asks for the job once per warm process.
The execution role needs ``sagemaker:DescribeLabelingJob`` on the job, ``s3:GetObject`` on its label
category configuration (and ``kms:Decrypt`` where that is encrypted), and the right to write its log.
"""

import functools
import json

import boto3


def handle(event, context):
    """Answer one request. Raises ValueError when the manifest line or the job cannot be used."""
    line = event["dataObject"]
    sources = [line[name] for name in ("source-ref", "source") if name in line]
    if len(sources) != 1:
        raise ValueError(
            f"a manifest line needs exactly one of source-ref and source: {json.dumps(line)[:200]}"
        )
    header, labels = describe_task(event["labelingJobArn"])
    return {
        "taskInput": {
            "taskObject": sources[0],
            "labels": list(labels),
            "header": header,
            "manifestLine": line,
        },
        "isHumanAnnotationRequired": True,
    }


@functools.lru_cache(maxsize=64)
def describe_task(job_arn: str) -> tuple[str, tuple[str, ...]]:
    """The task description and the label names of a job; read once per warm process."""
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
        labels = tuple(entry["label"] for entry in json.loads(body)["labels"])
    except (ValueError, KeyError, TypeError) as problem:
        raise ValueError(
            f'{uri} is not a label category configuration {{"labels": [{{"label": ...}}]}}'
        ) from problem
    if not labels:
        raise ValueError(f"{uri} names no label")
    return job["HumanTaskConfig"]["TaskDescription"], labels
