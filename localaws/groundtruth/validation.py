"""What CreateLabelingJob refuses beyond the limits of the service model, naming what is wrong."""

from typing import Any

from botocore.exceptions import ClientError

from localaws.api import AwsError
from localaws.groundtruth.answers import PLAIN_FORM
from localaws.groundtruth.arns import built_in_task
from localaws.groundtruth.files import Files, error_code, is_final, is_missing, split_uri
from localaws.groundtruth.labels import SOURCES
from localaws.groundtruth.manifest import LARGEST_FILE
from localaws.groundtruth.problems import TemplateProblem
from localaws.groundtruth.strict_json import loads
from localaws.groundtruth.task_types import TASK_TYPES, TaskType, task_type_of
from localaws.groundtruth.templates import LONGEST_TEMPLATE, check_source

LONGEST_TIME_LIMIT = 28_800  # seconds, for images
LONGEST_LIFETIME = 2_592_000  # seconds, for private teams
MOST_LABELS = 50
LONGEST_LABEL = 256  # characters
LARGEST_CONFIG = 2**20  # bytes, of a label category configuration
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
    "HumanTaskConfig.UiConfig.UiTemplateS3Uri": "this server has no worker interfaces of its own",
    "HumanTaskConfig.PreHumanTaskLambdaArn": "it makes the task input of each data object",
    "HumanTaskConfig.AnnotationConsolidationConfig": "jobs without consolidation are not offered",
}


def check_request(params: dict, account: str) -> None:
    """Everything that the request alone can tell. Raises AwsError."""
    for path, what in NOT_OFFERED.items():
        if _member(params, path) is not None:
            raise invalid(f"{path}: {what} are not offered by this server")
    for path, why in NEEDED.items():
        if _member(params, path) is None:
            raise invalid(f"{path} is required: {why}")
    task = params["HumanTaskConfig"]
    check_functions(task, account)
    check_label_attribute(params["LabelAttributeName"], task_type_of(task, account))
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


def check_functions(task: dict, account: str) -> None:
    """AWS's own functions must be of a task type that is offered, and of the same one. Raises AwsError."""
    before = task["PreHumanTaskLambdaArn"]
    after = task["AnnotationConsolidationConfig"]["AnnotationConsolidationLambdaArn"]
    names = []
    for arn in (before, after):
        name = built_in_task(arn, account)
        if name and name not in TASK_TYPES:
            raise invalid(
                f"{arn}: the built-in task type {name} is not offered by this server; "
                f"it has {', '.join(TASK_TYPES)}"
            )
        names.append(name)
    if all(names) and names[0] != names[1]:
        raise invalid(f"{before} is for the task type {names[0]}, but {after} for {names[1]}")


def check_label_attribute(name: str, task_type: TaskType | None) -> None:
    if name in SOURCES:
        raise invalid(f"LabelAttributeName {name} is reserved for the data object")
    if name.endswith("-metadata"):
        raise invalid(f"LabelAttributeName {name} must not end with -metadata")
    files = task_type is not None and task_type.writes_files
    if files and not name.endswith("-ref"):
        raise invalid(
            f"LabelAttributeName {name} must end with -ref, as in {name}-ref: "
            f"a label of the task type {task_type.name} is the address of a file"
        )
    if not files and name.endswith("-ref"):
        raise invalid(
            f"LabelAttributeName {name} must not end with -ref: "
            "that is for labels that are files, such as those of semantic segmentation"
        )


def check_files(params: dict, files: Files, account: str) -> dict:
    """Read what the request names in S3. Returns the job's task: labels, template, tag, reviewed.

    Raises AwsError for whatever is missing or unusable.
    """
    manifest = params["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"]
    size = _read(lambda: files.size(manifest), "ManifestS3Uri", manifest)
    if size > LARGEST_FILE:
        raise invalid(f"ManifestS3Uri {manifest} has {size} bytes; {LARGEST_FILE} are accepted")
    output = params["OutputConfig"]["S3OutputPath"]
    bucket, _ = _read(lambda: split_uri(f"{output.rstrip('/')}/output"), "S3OutputPath", output)
    _read(lambda: files.check_bucket(bucket), "S3OutputPath", output)
    task_type = task_type_of(params["HumanTaskConfig"], account)
    template, tag = _read_template(params["HumanTaskConfig"], task_type, files)
    labels, reviewed = _read_config(params, tag, files)
    if task_type and len(labels) < task_type.fewest_labels:
        raise invalid(
            f"LabelCategoryConfigS3Uri {params['LabelCategoryConfigS3Uri']} has {len(labels)} label; "
            f"the task type {task_type.name} needs {task_type.fewest_labels} or more"
        )
    return {"labels": labels, "template": template, "tag": tag, "reviewed": reviewed}


def _read_template(task: dict, task_type: TaskType | None, files: Files) -> tuple[str, str]:
    """The template, and the tag of the element that workers answer with."""
    uri = task["UiConfig"]["UiTemplateS3Uri"]
    try:
        # Of a file that is too long, as much as shows that it is.
        data = _read(lambda: files.read(uri, 4 * LONGEST_TEMPLATE + 4), "UiTemplateS3Uri", uri)
        template = data.decode()
        tag = check_source(template)
    except (UnicodeDecodeError, TemplateProblem) as problem:
        raise invalid(f"UiTemplateS3Uri {uri}: {problem}") from None
    if task_type and tag not in task_type.tags:
        raise invalid(
            f"UiTemplateS3Uri {uri}: workers answer with <{tag}>, but the task type {task_type.name} "
            f"consolidates answers of {' or '.join(f'<{known}>' for known in task_type.tags)}"
        )
    return template, tag


def _read_config(params: dict, tag: str, files: Files) -> tuple[list[str], str | None]:
    """The labels, and the attribute of the earlier label that workers are to see."""
    uri = params.get("LabelCategoryConfigS3Uri")
    if uri is None and tag == PLAIN_FORM:
        return [], None
    if uri is None:
        raise invalid("LabelCategoryConfigS3Uri is required: it names the labels that workers choose from")
    name = f"LabelCategoryConfigS3Uri {uri}"
    body = _read(lambda: files.read(uri, LARGEST_CONFIG + 1), "LabelCategoryConfigS3Uri", uri)
    if len(body) > LARGEST_CONFIG:
        raise invalid(f"{name} has more than {LARGEST_CONFIG} bytes")
    labels = read_labels(body, name)
    reviewed = loads(body).get("auditLabelAttributeName")
    if reviewed is not None and (not isinstance(reviewed, str) or not reviewed):
        raise invalid(f"{name}: auditLabelAttributeName must be the name of an attribute, not {reviewed!r}")
    if reviewed == params["LabelAttributeName"]:
        raise invalid(
            f"{name}: auditLabelAttributeName is {reviewed}, the attribute that this job writes: "
            "LabelAttributeName must be another one"
        )
    return labels, reviewed


def read_labels(body: bytes, name: str) -> list[str]:
    """The label names of a label category configuration, in the order that makes their class ids."""
    try:
        labels = [entry["label"] for entry in loads(body)["labels"]]
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
