"""Ground Truth's manifests: read with suspicion, written in AWS's exact shape.

https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vision.boxes import Box
from vision.lines import Problem, parse_lines

OVERHANG = 1  # pixels by which rounding may carry a box over the edge of the image


@dataclass(frozen=True)
class LabeledImage:
    """An image and the boxes that people (or a model, when not ``human``) drew; no boxes mean: nothing there.

    ``width``, ``height``, ``depth`` are those of the stored image, the boxes' scores the labels' confidence.
    ``job`` and ``created`` (UTC, ISO 8601) tell where the label is from, ``line`` is the whole manifest line.
    """

    uri: str
    width: int
    height: int
    depth: int
    boxes: tuple[Box, ...]
    job: str | None = None
    created: str | None = None
    human: bool = True
    line: dict = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Failure:
    """An image that Ground Truth could not have labeled, with the reason it gives and its manifest line."""

    uri: str
    reason: str
    line: dict


@dataclass(frozen=True)
class LabeledManifest:
    """Every line of an output manifest is in exactly one of the four."""

    images: list[LabeledImage]
    failures: list[Failure]
    unlabeled: list[str]
    problems: list[Problem]


class ClassMapDrift(ValueError):
    """Two manifest lines give one class id to different labels, so the ids alone mean nothing."""


def read_labeled(body: bytes, attribute: str, labels: Sequence[str]) -> LabeledManifest:
    """Read the boxes under ``attribute`` from an output manifest of Ground Truth.

    A box is known by the label name that the line's class map gives to its class id; the map may be in the
    metadata (built-in tasks) or in the label itself (custom ones). A line that cannot be trusted as a whole,
    for a label that is none of ``labels`` or a box outside the image, is a problem and gives no image:
    training on what is left of it would teach that the rest is background.
    """
    lines, problems = parse_lines(body, limits=False)
    manifest = LabeledManifest([], [], [], problems)
    for number, line in lines:
        uri = line.get("source-ref")
        metadata = line.get(f"{attribute}-metadata")
        try:
            if uri is None:
                raise ValueError("no source-ref: boxes need an image in S3")
            if attribute in line:
                manifest.images.append(_labeled_image(line, attribute, labels))
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


def input_manifest(uris: Iterable[str]) -> bytes:
    """The input manifest of a labeling job. Raises ValueError when AWS would refuse it."""
    uris = list(uris)
    if not uris:
        raise ValueError("an input manifest needs at least one image")
    repeated = [uri for uri, times in Counter(uris).items() if times > 1]
    if repeated:
        raise ValueError(f"these images are named more than once: {repeated[:5]}")
    body = _write({"source-ref": uri} for uri in uris)
    _, problems = parse_lines(body)
    if problems:
        raise ValueError("; ".join(map(str, problems[:5])))
    return body


def augmented_manifest(images: Iterable[LabeledImage], attribute: str, labels: Sequence[str]) -> bytes:
    """The manifest that a training job reads: AWS's output shape, class ids from the order of ``labels``."""
    return _write(_augmented_line(image, attribute, labels) for image in images)


def merge_class_maps(maps: Iterable[Mapping[str, str]]) -> dict[int, str]:
    """One class map of many lines'. Raises ClassMapDrift when they contradict each other."""
    merged: dict[int, str] = {}
    for class_map in maps:
        for key, name in class_map.items():
            known = merged.setdefault(int(key), name)
            if known != name:
                raise ClassMapDrift(f"class {key} is {known!r} on one line and {name!r} on another")
    return dict(sorted(merged.items()))


def _write(lines: Iterable[dict]) -> bytes:
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)


def _augmented_line(image: LabeledImage, attribute: str, labels: Sequence[str]) -> dict:
    unknown = sorted({box.label for box in image.boxes} - set(labels))
    if unknown:
        raise ValueError(f"{image.uri}: labels {unknown} are none of {list(labels)}")
    class_ids = [labels.index(box.label) for box in image.boxes]
    metadata = {
        "objects": [{} if box.score is None else {"confidence": box.score} for box in image.boxes],
        "class-map": {str(class_id): labels[class_id] for class_id in sorted(set(class_ids))},
        "type": "groundtruth/object-detection",
        "human-annotated": "yes" if image.human else "no",
    }
    if image.created:
        metadata["creation-date"] = image.created
    if image.job:
        metadata["job-name"] = f"labeling-job/{image.job}"
    return {
        "source-ref": image.uri,
        attribute: {
            "image_size": [{"width": image.width, "height": image.height, "depth": image.depth}],
            "annotations": [
                {"class_id": class_id} | _whole_pixels(box, image)
                for class_id, box in zip(class_ids, image.boxes, strict=True)
            ],
        },
        f"{attribute}-metadata": metadata,
    }


def _whole_pixels(box: Box, image: LabeledImage) -> dict[str, int]:
    left, top = min(round(box.left), image.width - 1), min(round(box.top), image.height - 1)
    right, bottom = max(round(box.right), left + 1), max(round(box.bottom), top + 1)
    return {"left": left, "top": top, "width": right - left, "height": bottom - top}


def _labeled_image(line: dict, attribute: str, labels: Sequence[str]) -> LabeledImage:
    label, metadata = line[attribute], line.get(f"{attribute}-metadata", {})
    if not isinstance(label, dict) or not isinstance(metadata, dict):
        raise ValueError(f"{attribute} and {attribute}-metadata must be JSON objects")
    width, height, depth = _image_size(label)
    annotations = label.get("annotations")
    objects = metadata.get("objects", label.get("objects"))
    if not isinstance(annotations, list):
        raise ValueError(f"{attribute} has no list of annotations")
    if objects is None:
        objects = [{} for _ in annotations]
    if not isinstance(objects, list) or len(objects) != len(annotations):
        raise ValueError(f"{len(annotations)} annotations but objects are {json.dumps(objects)[:100]}")
    class_map = metadata.get("class-map", label.get("class-map", {}))
    boxes = tuple(
        _box(annotation, confidence, class_map, labels, width, height)
        for annotation, confidence in zip(annotations, objects, strict=True)
    )
    job = metadata.get("job-name", metadata.get("job_name"))
    return LabeledImage(
        uri=line["source-ref"],
        width=width,
        height=height,
        depth=depth,
        boxes=boxes,
        job=job and str(job).removeprefix("labeling-job/"),
        created=metadata.get("creation-date", metadata.get("creation_date")),
        human=metadata.get("human-annotated", "yes") == "yes",
        line=line,
    )


def _image_size(label: dict) -> tuple[int, int, int]:
    try:
        ((size),) = label["image_size"]
        sides = size["width"], size["height"], size.get("depth", 3)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise ValueError(
            f"image_size is no list of one width and height: {label.get('image_size')}"
        ) from problem
    if not all(type(side) is int and side > 0 for side in sides):
        raise ValueError(f"image_size must be whole pixels: {label['image_size']}")
    return sides


def _box(annotation, confidence, class_map, labels, width: int, height: int) -> Box:
    try:
        class_id = annotation["class_id"]
        sides = [annotation[name] for name in ("left", "top", "width", "height")]
        score = confidence.get("confidence")
        name = class_map.get(str(class_id))
    except (KeyError, TypeError, AttributeError) as problem:
        text = json.dumps(annotation)[:200]
        raise ValueError(f"annotation {text} needs class_id, left, top, width and height") from problem
    if name is None:
        raise ValueError(f"class {class_id} has no name in the class-map {class_map}")
    if name not in labels:
        raise ValueError(f"unknown label {name!r}: the labels are {list(labels)}")
    if not all(type(number) in (int, float) for number in (*sides, score or 0)):
        raise ValueError(f"the {name} box {annotation} and its confidence {score} must be numbers")
    left, top, right, bottom = sides[0], sides[1], sides[0] + sides[2], sides[1] + sides[3]
    if min(left, top) < -OVERHANG or right > width + OVERHANG or bottom > height + OVERHANG:
        raise ValueError(f"the {name} box {annotation} is not inside the image of {width} x {height}")
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    if right <= left or bottom <= top:
        raise ValueError(f"the {name} box {annotation} has no area")
    return Box(name, left, top, right - left, bottom - top, score)
