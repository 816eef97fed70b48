"""What CreateLabelingJob refuses beyond the limits of the service model, naming what is wrong."""

import json
from typing import Any

from botocore.exceptions import ClientError

from localaws.api import AwsError
from localaws.groundtruth.answers import KINDS
from localaws.groundtruth.arns import built_in_task
from localaws.groundtruth.files import Files, error_code, is_final, is_missing, split_uri
from localaws.groundtruth.labels import SOURCES
from localaws.groundtruth.manifest import LARGEST_FILE
from localaws.groundtruth.problems import TemplateProblem
from localaws.groundtruth.templates import check_source

LONGEST_TIME_LIMIT = 28_800  # seconds, for images
LONGEST_LIFETIME = 2_592_000  # seconds, for private teams
MOST_LABELS = 50
LONGEST_LABEL = 256  # characters
NOT_OFFERED = {
    "InputConfig.DataSource.SnsDataSource": "streaming labeling jobs",
    "LabelingJobAlgorithmsConfig": "automated data labeling",
    "HumanTaskConfig.UiConfig.HumanTaskUiArn": "the worker interfaces for video frames and 3D point clouds",
    "HumanTaskConfig.PublicWorkforceTaskPrice": "the public workforce",
    "OutputConfig.SnsTopicArn": "notifications by SNS",
    "OutputConfig.KmsKeyId": "encryption by KMS",
}
NEEDED = {
    "InputConfig.DataSource.S3DataSource": "the manifest is read from there",
    "HumanTaskConfig.UiConfig.UiTemplateS3Uri": "the stand-in has no worker interfaces of its own",
    "HumanTaskConfig.PreHumanTaskLambdaArn": "it makes the task input of each data object",
    "HumanTaskConfig.AnnotationConsolidationConfig": "jobs without consolidation are not offered",
    "LabelCategoryConfigS3Uri": "it names the labels that workers choose from",
}


def check_request(params: dict, account: str) -> None:
    """Everything that the request alone can tell. Raises AwsError."""
    for path, what in NOT_OFFERED.items():
        if _member(params, path) is not None:
            raise invalid(f"{path}: {what} are not offered by the stand-in")
    for path, why in NEEDED.items():
        if _member(params, path) is None:
            raise invalid(f"{path} is required: {why}")
    check_label_attribute(params["LabelAttributeName"])
    task = params["HumanTaskConfig"]
    if task["TaskTimeLimitInSeconds"] > LONGEST_TIME_LIMIT:
        raise invalid(
            f"TaskTimeLimitInSeconds is {task['TaskTimeLimitInSeconds']}; "
            f"at most {LONGEST_TIME_LIMIT} seconds are allowed for images"
        )
    if task.get("TaskAvailabilityLifetimeInSeconds", 0) > LONGEST_LIFETIME:
        raise invalid(
            f"TaskAvailabilityLifetimeInSeconds is {task['TaskAvailabilityLifetimeInSeconds']}; "
            f"at most {LONGEST_LIFETIME} seconds are allowed for a private workforce"
        )
    offered = {kind.task_type for kind in KINDS.values()}
    for arn in (
        task["PreHumanTaskLambdaArn"],
        task["AnnotationConsolidationConfig"]["AnnotationConsolidationLambdaArn"],
    ):
        built_in = built_in_task(arn, account)
        if built_in and built_in not in offered:
            raise invalid(
                f"{arn}: the built-in task type {built_in} is not offered by the stand-in; "
                f"it has {', '.join(sorted(offered))}"
            )


def check_label_attribute(name: str) -> None:
    if name in SOURCES:
        raise invalid(f"LabelAttributeName {name} is reserved for the data object")
    if name.endswith("-metadata"):
        raise invalid(f"LabelAttributeName {name} must not end with -metadata")
    if name.endswith("-ref"):
        raise invalid(
            f"LabelAttributeName {name} must not end with -ref: "
            "that is for labels that are files, such as those of semantic segmentation"
        )


def check_files(params: dict, files: Files) -> tuple[list[str], str, str]:
    """Read what the request names in S3. Returns the labels, the template and its answering tag.

    Raises AwsError for whatever is missing or unusable.
    """
    manifest = params["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"]
    size = _read(lambda: files.size(manifest), "ManifestS3Uri", manifest)
    if size > LARGEST_FILE:
        raise invalid(f"ManifestS3Uri {manifest} has {size} bytes; {LARGEST_FILE} are accepted")
    output = params["OutputConfig"]["S3OutputPath"]
    bucket, _ = _read(lambda: split_uri(f"{output.rstrip('/')}/output"), "S3OutputPath", output)
    _read(lambda: files.check_bucket(bucket), "S3OutputPath", output)
    config = params["LabelCategoryConfigS3Uri"]
    labels = read_labels(
        _read(lambda: files.read(config), "LabelCategoryConfigS3Uri", config),
        f"LabelCategoryConfigS3Uri {config}",
    )
    uri = params["HumanTaskConfig"]["UiConfig"]["UiTemplateS3Uri"]
    try:
        template = _read(lambda: files.read(uri), "UiTemplateS3Uri", uri).decode()
        return labels, template, check_source(template)
    except (UnicodeDecodeError, TemplateProblem) as problem:
        raise invalid(f"UiTemplateS3Uri {uri}: {problem}") from None


def read_labels(body: bytes, name: str) -> list[str]:
    """The label names of a label category configuration, in the order that makes their class ids."""
    try:
        labels = [entry["label"] for entry in json.loads(body)["labels"]]
    except (ValueError, KeyError, TypeError) as problem:
        raise invalid(
            f'{name} is not a label category configuration like {{"labels": [{{"label": "dog"}}]}}: '
            f"{type(problem).__name__}: {problem}"
        ) from None
    for label in labels:
        if not isinstance(label, str) or not 0 < len(label) <= LONGEST_LABEL:
            raise invalid(f"{name}: the label {label!r} must be a text of 1 to {LONGEST_LABEL} characters")
    if not 0 < len(labels) <= MOST_LABELS:
        raise invalid(f"{name} has {len(labels)} labels; 1 to {MOST_LABELS} are accepted")
    twice = {label for label in labels if labels.count(label) > 1}
    if twice:
        raise invalid(f"{name} has the same label twice: {', '.join(sorted(twice))}")
    return labels


def invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def _member(params: dict, path: str) -> Any:
    value: Any = params
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _read(read: Any, field: str, uri: str) -> Any:
    try:
        return read()
    except ValueError as problem:
        raise invalid(f"{field}: {problem}") from None
    except ClientError as error:
        if is_missing(error):
            raise invalid(f"{field}: {uri} does not exist") from None
        if is_final(error):
            raise invalid(f"{field}: {uri} cannot be read: {error_code(error)}") from None
        raise
