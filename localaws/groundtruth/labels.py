"""What a job adds to a line of the manifest: the label and its metadata, or the reason why there is none."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from localaws.groundtruth.problems import ObjectFailure
from localaws.groundtruth.task_types import TaskType

SOURCES = ("source-ref", "source")
LONGEST_REASON = 1024


def label_outcome(
    job: dict, task_type: TaskType | None, content: dict, labels: Sequence[str], moment: float
) -> str:
    """The outcome of a consolidated object, as JSON. ``task_type`` is given for a built-in consolidation.

    Ground Truth writes the metadata itself: whatever a function says about it is overridden, and the label of
    a function of one's own stays as the function made it. Raises ObjectFailure.
    """
    attribute = job["LabelAttributeName"]
    if attribute not in content:
        raise ObjectFailure(
            f"ClientError: The consolidated annotation has no content for the label attribute {attribute}"
        )
    gained = {name: value for name, value in content.items() if name not in SOURCES}
    metadata: dict = {"type": "groundtruth/custom"}
    if task_type is not None:
        try:
            gained[attribute], metadata = task_type.label(content[attribute], labels)
        except ValueError as problem:
            raise ObjectFailure(f"ClientError: {problem}") from None
        metadata["type"] = task_type.manifest_type
    metadata["human-annotated"] = "yes"
    gained[f"{attribute}-metadata"] = metadata | provenance(job, moment)
    return json.dumps(gained)


def failure_outcome(job: dict, reason: str, moment: float) -> str:
    """The outcome of an object that could not be labeled: metadata without a label."""
    metadata = {"failure-reason": reason[:LONGEST_REASON]} | provenance(job, moment)
    return json.dumps({f"{job['LabelAttributeName']}-metadata": metadata})


def account_of(job: dict) -> str:
    return job["LabelingJobArn"].split(":")[4]


def provenance(job: dict, moment: float) -> dict:
    """AWS writes the time of creation in UTC, without saying so."""
    created = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return {"creation-date": created, "job-name": f"labeling-job/{job['LabelingJobName']}"}


def output_line(line: str, outcome: str | None) -> str:
    """A line of the output manifest; one without an outcome goes out exactly as it came in."""
    return line if outcome is None else json.dumps(json.loads(line) | json.loads(outcome))
