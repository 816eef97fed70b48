"""The labels that AWS writes for its own task types, made of what the consolidation functions return.

Each function takes the consolidated label and the job's label names, and returns the label and its metadata;
it raises ValueError for a label of another form. What is left out (``consensus``, ``image_size`` of a mask)
has no place in AWS's output. Source: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html
"""

import re
from collections.abc import Sequence

from localaws.groundtruth.files import S3_URI

HEX_COLOUR = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)
STATUSES = ("adjusted", "unadjusted")
Label = tuple[object, dict]


def boxes(content: object, labels: Sequence[str]) -> Label:
    """``image_size`` and ``annotations``; confidences and the classes that occur go to the metadata."""
    try:
        label = {"image_size": content["image_size"], "annotations": content["annotations"]}
        objects = [{"confidence": entry["confidence"]} for entry in content["objects"]]
        used = sorted({annotation["class_id"] for annotation in content["annotations"]})
        names = dict(enumerate(labels))
        class_map = {str(class_id): names[class_id] for class_id in used}
    except (KeyError, TypeError) as problem:
        raise _other_form("box label (image_size, annotations, objects)", problem) from None
    if len(objects) != len(label["annotations"]):
        raise ValueError(f"{len(objects)} confidences for {len(label['annotations'])} boxes")
    return label, {"objects": objects, "class-map": class_map}


def mask(content: object, labels: Sequence[str]) -> Label:
    """The address of a PNG whose pixels are indices into ``internal-color-map``; 0 is BACKGROUND."""
    try:
        uri = content["mask-ref"]
        colours = {
            index: {field: entry[field] for field in ("class-name", "hex-color", "confidence")}
            for index, entry in content["internal-color-map"].items()
        }
    except (KeyError, TypeError, AttributeError) as problem:
        raise _other_form("mask label (mask-ref, internal-color-map)", problem) from None
    if not isinstance(uri, str) or not S3_URI.fullmatch(uri):
        raise ValueError(f"mask-ref is {uri!r}, not an S3 URI")
    names = {"0": "BACKGROUND"} | {str(index): label for index, label in enumerate(labels, 1)}
    for index, entry in colours.items():
        if entry["class-name"] != names.get(index):
            raise ValueError(
                f"internal-color-map has {entry['class-name']!r} for {index}, not {names.get(index)!r}"
            )
        if not HEX_COLOUR.fullmatch(str(entry["hex-color"])):
            raise ValueError(f"internal-color-map has the colour {entry['hex-color']!r} for {index}")
    return uri, {"internal-color-map": colours}


def image_class(content: object, labels: Sequence[str]) -> Label:
    """The class id."""
    class_id, name, confidence = _chosen(content, labels)
    return class_id, {"class-name": name, "confidence": confidence}


def verification(content: object, labels: Sequence[str]) -> Label:
    """The class id as a text, and the comments that workers left."""
    class_id, name, confidence = _chosen(content, labels)
    metadata = {"class-name": name, "confidence": confidence}
    try:
        feedback = [{"comment": str(entry["comment"])} for entry in content.get("worker-feedback", [])]
    except (KeyError, TypeError) as problem:
        raise _other_form("worker-feedback (a list of comments)", problem) from None
    if feedback:
        metadata["worker-feedback"] = feedback
    return str(class_id), metadata


def adjusted_boxes(content: object, labels: Sequence[str]) -> Label:
    label, metadata = boxes(content, labels)
    return label, metadata | _adjustment(content)


def adjusted_mask(content: object, labels: Sequence[str]) -> Label:
    label, metadata = mask(content, labels)
    return label, metadata | _adjustment(content)


def _chosen(content: object, labels: Sequence[str]) -> tuple[int, str, float]:
    try:
        class_id, name, confidence = content["class-id"], content["class-name"], content["confidence"]
    except (KeyError, TypeError) as problem:
        raise _other_form("class label (class-id, class-name, confidence)", problem) from None
    if type(class_id) is not int or not 0 <= class_id < len(labels) or labels[class_id] != name:
        raise ValueError(f"class-id {class_id!r} is not {name!r}; the labels are {list(labels)}")
    return class_id, name, confidence


def _adjustment(content: dict) -> dict:
    """Adjusted if any worker changed the label; who does not say so has not changed it."""
    status = content.get("adjustment-status", "unadjusted")
    if status not in STATUSES:
        raise ValueError(f"adjustment-status is {status!r}, not {' or '.join(STATUSES)}")
    return {"adjustment-status": status}


def _other_form(form: str, problem: Exception) -> ValueError:
    return ValueError(
        f"the consolidated label has not the form of a {form}: {type(problem).__name__}: {problem}"
    )
