"""Ground Truth's manifests: read with suspicion, written in AWS's exact shape.

https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from vision.box_labels import BoxLabels, LabeledImage
from vision.class_labels import ClassLabels, LabeledClass
from vision.lines import Problem, parse_lines
from vision.mask_labels import LabeledMask, MaskLabels
from vision.provenance import ImageLabel

__all__ = ["ImageLabel", "LabeledClass", "LabeledImage", "LabeledMask", "Problem", "parse_lines"]


class LabelForm(Protocol):
    """How labels of one kind are read from a line and written to one."""

    noun: str  # what is counted: boxes, regions, classes

    def read(self, line: dict, attribute: str, labels: Sequence[str]) -> ImageLabel:
        """Raises ValueError for a line that cannot be trusted as a whole."""

    def write(self, label: ImageLabel, attribute: str, labels: Sequence[str]) -> dict:
        """The whole line. Raises ValueError for a label that is none of ``labels``."""


FORMS: dict[str, LabelForm] = {
    "bounding_box": BoxLabels(),
    "semantic_segmentation": MaskLabels(),
    "image_classification": ClassLabels("groundtruth/image-classification"),
    "label_verification": ClassLabels("groundtruth/label-verification", id_type=str, noun="verdicts"),
}


@dataclass(frozen=True)
class Failure:
    """An image that Ground Truth could not have labeled, with the reason it gives and its manifest line."""

    uri: str
    reason: str
    line: dict


@dataclass(frozen=True)
class LabeledManifest:
    """Every line of an output manifest is in exactly one of the four."""

    images: list[ImageLabel]
    failures: list[Failure]
    unlabeled: list[str]
    problems: list[Problem]


class ClassMapDrift(ValueError):
    """Two manifest lines give one class id to different labels, so the ids alone mean nothing."""


def read_labeled(
    body: bytes, attribute: str, labels: Sequence[str], form: str = "bounding_box"
) -> LabeledManifest:
    """Read the labels under ``attribute`` from an output manifest of Ground Truth; ``form`` is one of FORMS.

    A line that cannot be trusted as a whole, for a label that is none of ``labels`` or a box outside the
    image, is a problem and gives no image: training on what is left of it would teach that the rest is
    background.
    """
    lines, problems = parse_lines(body, limits=False)
    manifest = LabeledManifest([], [], [], problems)
    for number, line in lines:
        uri = line.get("source-ref")
        metadata = line.get(f"{attribute}-metadata")
        try:
            if uri is None:
                raise ValueError("no source-ref: a label needs an image in S3")
            if attribute in line:
                manifest.images.append(FORMS[form].read(line, attribute, labels))
            elif metadata is None:
                manifest.unlabeled.append(uri)
            elif isinstance(metadata, dict) and "failure-reason" in metadata:
                manifest.failures.append(Failure(uri, str(metadata["failure-reason"]), line))
            else:
                raise ValueError(f"{attribute}-metadata without {attribute} and without a failure-reason")
        except ValueError as problem:
            problems.append(Problem(number, uri, str(problem)))
    problems.sort(key=lambda problem: problem.line)
    return manifest


def input_manifest(lines: Iterable[str | dict]) -> bytes:
    """The input manifest of a labeling job, of image URIs or of whole lines, as a review has them.

    Raises ValueError when AWS would refuse it.
    """
    lines = [{"source-ref": line} if isinstance(line, str) else line for line in lines]
    if not lines:
        raise ValueError("an input manifest needs at least one image")
    repeated = [uri for uri, times in Counter(line.get("source-ref") for line in lines).items() if times > 1]
    if repeated:
        raise ValueError(f"these images are named more than once: {repeated[:5]}")
    body = _write(lines)
    _, problems = parse_lines(body)
    if problems:
        raise ValueError("; ".join(map(str, problems[:5])))
    return body


def augmented_manifest(
    images: Iterable[ImageLabel],
    attribute: str,
    labels: Sequence[str],
    form: str = "bounding_box",
    keep: Sequence[str] = (),
) -> bytes:
    """The manifest that a training job reads: AWS's output shape, class ids from the order of ``labels``.

    ``keep`` names attributes that stay as they are on the line that a label was read from: a review keeps
    what was reviewed beside its result.
    """
    return _write(_kept(image, keep) | FORMS[form].write(image, attribute, labels) for image in images)


def merge_class_maps(maps: Iterable[Mapping[str, str]]) -> dict[int, str]:
    """One class map of many lines'. Raises ClassMapDrift when they contradict each other."""
    merged: dict[int, str] = {}
    for class_map in maps:
        for key, name in class_map.items():
            known = merged.setdefault(int(key), name)
            if known != name:
                raise ClassMapDrift(f"class {key} is {known!r} on one line and {name!r} on another")
    return dict(sorted(merged.items()))


def _kept(image: ImageLabel, attributes: Sequence[str]) -> dict:
    names = [name for attribute in attributes for name in (attribute, f"{attribute}-metadata")]
    return {"source-ref": image.uri} | {name: image.line[name] for name in names if name in image.line}


def _write(lines: Iterable[dict]) -> bytes:
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)
