"""What is wrong with labels that can all be read: slips of the hand, ids that contradict each other, the same
label for everything.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from vision.box_labels import LabeledImage
from vision.boxes import iou
from vision.provenance import ImageLabel, read_parts

SMALLEST = 4  # pixels: nobody draws a smaller box on purpose
TWICE = 0.9  # overlap of two boxes that are one thing drawn twice
FEW = 20  # objects that can all have one label by chance


def odd_boxes(image: LabeledImage) -> list[str]:
    """Boxes that are inside the image and still look like a slip, in words."""
    odd = [
        f"a {box.label} box of {box.width:g} x {box.height:g} pixels"
        for box in image.boxes
        if min(box.width, box.height) < SMALLEST
    ]
    odd += [
        f"two {one.label} boxes almost on each other"
        for one, other in combinations(image.boxes, 2)
        if one.label == other.label and iou(one, other) >= TWICE
    ]
    return odd


def class_map(line: Mapping, attribute: str) -> dict[int, str]:
    """What the class ids (of masks: the pixels) of one manifest line stand for, by its own account.

    Empty for a line that does not tell.
    """
    label, metadata = read_parts(dict(line), attribute)
    inside = label if isinstance(label, dict) else {"class-id": label}
    told = metadata | inside
    if "class-name" in told:
        return _named({told.get("class-id"): told["class-name"]})
    colours = _named(told.get("internal-color-map")).items()
    names = {pixel: entry["class-name"] for pixel, entry in colours if isinstance(entry, dict)}
    return _named(told.get("class-map")) | names


def _named(ids: object) -> dict[int, Any]:
    """By number; what is no class id has no meaning that could change."""
    if not isinstance(ids, dict):
        return {}
    return {int(class_id): name for class_id, name in ids.items() if str(class_id).isdecimal()}


def contradictions(maps: Iterable[tuple[str, Mapping[int, str]]]) -> dict[int, dict[str, str]]:
    """Class ids that stand for several labels, each with where it came first; ``maps`` are (where, map)."""
    seen: dict[int, dict[str, str]] = {}
    for where, each in maps:
        for class_id, name in each.items():
            seen.setdefault(class_id, {}).setdefault(name, where)
    return {class_id: names for class_id, names in sorted(seen.items()) if len(names) > 1}


def only_label(images: Iterable[ImageLabel], labels: Sequence[str]) -> str | None:
    """The label that everything has, where there are others to choose from and enough objects to tell."""
    names = [name for image in images for name in image.names]
    return names[0] if len(names) >= FEW and len(labels) > 1 and len(set(names)) == 1 else None


def mean(scores: Sequence[float]) -> float | None:
    return sum(scores) / len(scores) if scores else None


def least_agreed(images: Iterable[ImageLabel]) -> list[tuple[float, str]]:
    """(mean confidence, URI) of each image whose labels tell one, the least sure first."""
    return sorted((mean(image.scores), image.uri) for image in images if image.scores)
