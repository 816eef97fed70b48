"""Where a label is from: what Ground Truth notes in the metadata of every label, whatever its form.

https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

STATUS = {True: "adjusted", False: "unadjusted"}


class ImageLabel(Protocol):
    """A label of one image, of whatever form.

    ``names`` are the labels that it gives, one for each object, ``scores`` the known confidences. ``job`` and
    ``created`` (UTC, ISO 8601) tell where it is from, ``human`` whether people made it. ``adjusted`` is None
    unless people were shown an earlier label to correct. ``line`` is the whole manifest line.
    """

    uri: str
    job: str | None
    created: str | None
    human: bool
    adjusted: bool | None
    line: dict[str, Any]

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def scores(self) -> tuple[float, ...]: ...


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """The members of an ImageLabel that are the same for every form."""

    job: str | None = None
    created: str | None = None
    human: bool = True
    adjusted: bool | None = None
    line: dict = field(default_factory=dict, compare=False, repr=False)


def read_parts(line: dict, attribute: str) -> tuple[Any, dict]:
    """The label and its metadata. Raises ValueError."""
    metadata = line.get(f"{attribute}-metadata", {})
    if not isinstance(metadata, dict):
        raise ValueError(f"{attribute}-metadata must be a JSON object")
    return line[attribute], metadata


def read_provenance(metadata: dict, content: object) -> dict[str, Any]:
    """The fields of a label that tell where it is from; custom jobs of AWS write some names with underscores.

    ``content`` is the label itself, where functions of one's own keep what they cannot write elsewhere.
    """
    job = metadata.get("job-name", metadata.get("job_name"))
    inside = content if isinstance(content, dict) else {}
    status = metadata.get("adjustment-status", inside.get("adjustment-status"))
    if status not in (None, *STATUS.values()):
        raise ValueError(f"adjustment-status must be adjusted or unadjusted, not {status!r}")
    return {
        "job": job and str(job).removeprefix("labeling-job/"),
        "created": metadata.get("creation-date", metadata.get("creation_date")),
        "human": metadata.get("human-annotated", "yes") == "yes",
        "adjusted": None if status is None else status == STATUS[True],
    }


def write_provenance(label: ImageLabel, kind: str) -> dict[str, Any]:
    """What metadata of every ``kind`` ("groundtruth/...") ends with."""
    metadata: dict[str, Any] = {"type": kind, "human-annotated": "yes" if label.human else "no"}
    if label.created:
        metadata["creation-date"] = label.created
    if label.job:
        metadata["job-name"] = f"labeling-job/{label.job}"
    if label.adjusted is not None:
        metadata["adjustment-status"] = STATUS[label.adjusted]
    return metadata


def is_confidence(value: object) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1


def known_label(name: object, labels) -> str:
    """Raises ValueError for a label that is none of the loop's."""
    if name not in labels:
        raise ValueError(f"unknown label {name!r}: the labels are {list(labels)}")
    return name
