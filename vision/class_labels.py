"""Labels that are one choice for the whole image: its class, or a verdict on an earlier label.

https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html#sms-output-class
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from vision.provenance import (
    Provenance,
    is_confidence,
    known_label,
    read_parts,
    read_provenance,
    write_provenance,
)


@dataclass(frozen=True)
class LabeledClass(Provenance):
    """An image and what was chosen for it; ``comments`` are the workers' on their verdicts.

    The rest is that of every label: see vision.provenance.ImageLabel.
    """

    uri: str
    name: str
    confidence: float | None = None
    comments: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def scores(self) -> tuple[float, ...]:
        return () if self.confidence is None else (self.confidence,)


@dataclass(frozen=True)
class ClassLabels:
    """``kind`` is the metadata's type. AWS writes the class id of a verification as a string."""

    kind: str
    id_type: type = int
    noun: str = "classes"

    def read(self, line: dict, attribute: str, labels: Sequence[str]) -> LabeledClass:
        """The class is known by its name, from the metadata (built-in tasks) or from the label itself (custom
        ones, where it is ``{"class-id", "class-name", "confidence"}``). Raises ValueError.
        """
        label, metadata = read_parts(line, attribute)
        if isinstance(label, dict):
            told, class_id = label, label.get("class-id")
        else:
            told, class_id = metadata, label
        if isinstance(class_id, bool) or not str(class_id).isdecimal():
            raise ValueError(f"{attribute} must be a class id, not {json.dumps(label)[:200]}")
        name, confidence = told.get("class-name"), told.get("confidence")
        if name is None:
            raise ValueError(f"class {class_id} of {attribute} has no class-name")
        if confidence is not None and not is_confidence(confidence):
            raise ValueError(f"the confidence {confidence!r} of {name} is no number from 0 to 1")
        return LabeledClass(
            line["source-ref"],
            known_label(name, labels),
            confidence,
            _read_comments(told.get("worker-feedback", [])),
            line=line,
            **read_provenance(metadata, label),
        )

    def write(self, chosen: LabeledClass, attribute: str, labels: Sequence[str]) -> dict:
        """AWS's output shape, class ids from the order of ``labels``. Raises ValueError."""
        if chosen.name not in labels:
            raise ValueError(f"{chosen.uri}: the label {chosen.name!r} is none of {list(labels)}")
        metadata: dict = {"class-name": chosen.name}
        if chosen.confidence is not None:
            metadata["confidence"] = chosen.confidence
        if chosen.comments:
            metadata["worker-feedback"] = [{"comment": comment} for comment in chosen.comments]
        return {
            "source-ref": chosen.uri,
            attribute: self.id_type(labels.index(chosen.name)),
            f"{attribute}-metadata": metadata | write_provenance(chosen, self.kind),
        }


def _read_comments(feedback: object) -> tuple[str, ...]:
    try:
        comments = tuple(entry["comment"] for entry in feedback)
    except (TypeError, KeyError):
        comments = (None,)
    if not all(isinstance(comment, str) for comment in comments):
        raise ValueError(f"worker-feedback must be a list of comments, not {json.dumps(feedback)[:200]}")
    return comments
