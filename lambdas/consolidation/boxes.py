"""Bounding boxes of several workers become one set.

1. Boxes of different workers that overlap (intersection over union >= 0.4) are put together, the best
   supported first, at most one box per worker, whatever their labels.
2. A group is an object when two workers drew it (one, when only one worker answered).
3. Its box is the median of each edge, which one careless worker cannot drag away; its label is the
   majority's; its confidence is the share of the workers who drew it.

The label is ``{"annotations", "image_size", "objects": [{"confidence"}], "class-map", "consensus"}``, and
``"adjustment-status"`` where workers started from an earlier label.
"""

import json
import math
from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from answers import Answer, Ignored, adjustment_status, agree_on_size, image_size, image_size_entry

SAME_OBJECT = 0.4  # intersection over union from which two boxes show the same object
VOTES_NEEDED = 2


class Drawn(NamedTuple):
    """A worker's box in pixels. Sorted boxes make the result independent of the answers' order."""

    left: float
    top: float
    right: float
    bottom: float
    label: str
    worker: str


class Drawing(NamedTuple):
    worker: str
    size: tuple[int, int]  # width, height of the image that the worker saw
    boxes: list[Drawn]
    ignored: list[str]  # what was wrong with the other boxes
    modified: bool | None  # whether an earlier label was changed; None where there was none


def consolidate(answers: Sequence[Answer], labels: Sequence[str], ignored: Ignored) -> dict | None:
    """The label of one object, or None when no worker gave a usable answer."""
    drawings = []
    for answer in answers:
        try:
            drawings.append(parse_drawing(answer, labels))
        except ValueError as problem:
            ignored.answers.append(f"worker {answer.worker}: {problem}")
    drawings = agree_on_size(drawings, ignored)
    ignored.parts += [reason for drawing in drawings for reason in drawing.ignored]
    if not drawings:
        return None

    workers = len({drawing.worker for drawing in drawings})
    annotations, objects, class_map = [], [], {}
    for group in group_boxes([box for drawing in drawings for box in drawing.boxes]):
        if len(group) >= min(VOTES_NEEDED, workers):
            annotation = merge(group, labels)
            annotations.append(annotation)
            objects.append({"confidence": round(len(group) / workers, 4)})
            class_map[str(annotation["class_id"])] = labels[annotation["class_id"]]
    return {
        "annotations": annotations,
        "image_size": image_size_entry(drawings[0].size),
        "objects": objects,
        "class-map": class_map,
        "consensus": {
            "workers": workers,
            "ignored_answers": len(ignored.answers),
            "ignored_boxes": len(ignored.parts),
        },
        **adjustment_status([drawing.modified for drawing in drawings]),
    }


def parse_drawing(answer: Answer, labels: Sequence[str]) -> Drawing:
    """Read one worker's answer. Raises ValueError when none of it can be used."""
    if not isinstance(answer.value["boundingBoxes"], list):
        raise ValueError("the answer holds no list named boundingBoxes")
    size = image_size(answer.value)
    boxes, ignored = [], []
    for box in answer.value["boundingBoxes"]:
        try:
            boxes.append(parse_box(box, labels, *size, answer.worker))
        except ValueError as problem:
            ignored.append(f"worker {answer.worker}: box {json.dumps(box)[:200]}: {problem}")
    return Drawing(answer.worker, size, boxes, ignored, answer.value.get("initialValueModified"))


def parse_box(box: dict, labels: Sequence[str], width: int, height: int, worker: str) -> Drawn:
    """One box of an answer, cut to the image. Raises ValueError when it is none."""
    if not isinstance(box, dict):
        raise ValueError("not an object with left, top, width, height and label")
    if box.get("label") not in labels:
        raise ValueError(f"the label is none of {list(labels)}")
    numbers = [box.get(name) for name in ("left", "top", "width", "height")]
    if not all(type(number) in (int, float) and abs(number) < 1e9 for number in numbers):
        raise ValueError("left, top, width and height must be numbers")
    left, top = max(numbers[0], 0), max(numbers[1], 0)
    right, bottom = min(numbers[0] + numbers[2], width), min(numbers[1] + numbers[3], height)
    if right - left < 1 or bottom - top < 1:
        raise ValueError(f"less than one pixel of it lies inside the image of {width} x {height}")
    return Drawn(left, top, right, bottom, box["label"], worker)


def group_boxes(boxes: list[Drawn]) -> list[list[Drawn]]:
    """Group boxes of the same object: the box with the most support takes each other worker's best match."""
    boxes = sorted(boxes)
    matches = matching_boxes(boxes)
    free = set(range(len(boxes)))

    def support(index: int) -> tuple[float, int]:
        return sum(overlap for other, overlap in matches[index].items() if other in free), -index

    groups = []
    while free:
        seed = max(free, key=support)
        best = {boxes[seed].worker: seed}
        for other in sorted(matches[seed], key=matches[seed].get, reverse=True):
            if other in free:
                best.setdefault(boxes[other].worker, other)
        free.difference_update(best.values())
        groups.append([boxes[index] for index in sorted(best.values())])
    return sorted(groups)


def matching_boxes(boxes: list[Drawn]) -> list[dict[int, float]]:
    """For each of the sorted boxes: the other workers' boxes of the same object, with their overlap."""
    matches: list[dict[int, float]] = [{} for _ in boxes]
    for index, box in enumerate(boxes):
        for other in range(index + 1, len(boxes)):
            if boxes[other].left >= box.right:
                break  # sorted by the left edge: none further on can touch this one
            overlap = intersection_over_union(box, boxes[other])
            if overlap >= SAME_OBJECT and boxes[other].worker != box.worker:
                matches[index][other] = matches[other][index] = overlap
    return matches


def intersection_over_union(one: Drawn, other: Drawn) -> float:
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    areas = [(box.right - box.left) * (box.bottom - box.top) for box in (one, other)]
    return both / (sum(areas) - both)


def merge(group: list[Drawn], labels: Sequence[str]) -> dict:
    """The annotation of one object; of labels with equally many votes the first in the label list wins."""
    left, top, right, bottom = (math.floor(median(edge) + 0.5) for edge in list(zip(*group, strict=True))[:4])
    votes = Counter(box.label for box in group)
    class_id = min(range(len(labels)), key=lambda index: -votes[labels[index]])
    return {
        "class_id": class_id,
        "left": left,
        "top": top,
        "width": right - left,
        "height": bottom - top,
    }
