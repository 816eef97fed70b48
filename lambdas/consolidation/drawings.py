"""The boxes that workers drew about an image, put together where they show the same object."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from answers import Answer, Ignored, agree_on_size, image_size

SAME_OBJECT = 0.4  # intersection over union from which two boxes show the same object


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


class Drawings(NamedTuple):
    """All answers about one image."""

    workers: tuple[str, ...]  # sorted; those who drew nothing too
    size: tuple[int, int]  # width, height of the image
    groups: list[list[Drawn]]  # boxes of the same object, at most one of each worker, sorted by worker
    ignored_answers: int
    ignored_boxes: int
    modified: list[bool | None]  # see Drawing


def read_drawings(answers: Sequence[Answer], labels: Sequence[str], ignored: Ignored) -> Drawings | None:
    """What the workers drew about one object of the job, or None when no answer can be used."""
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
    return Drawings(
        workers=tuple(sorted({drawing.worker for drawing in drawings})),
        size=drawings[0].size,
        groups=group_boxes([box for drawing in drawings for box in drawing.boxes]),
        ignored_answers=len(ignored.answers),
        ignored_boxes=len(ignored.parts),
        modified=[drawing.modified for drawing in drawings],
    )


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
    x, y, across, down = numbers = tuple(map(box.get, ("left", "top", "width", "height")))
    for number in numbers:
        if type(number) not in (int, float) or not abs(number) < 1e9:
            raise ValueError("left, top, width and height must be numbers")
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + across, width), min(y + down, height)
    if right - left < 1 or bottom - top < 1:
        raise ValueError(f"less than one pixel of it lies inside the image of {width} x {height}")
    return Drawn(left, top, right, bottom, box["label"], worker)


def group_boxes(boxes: Sequence[Drawn]) -> list[list[Drawn]]:
    """Group boxes of the same object: the box with the most support takes each other worker's best match."""
    boxes = sorted(boxes)
    matches = matching_boxes(boxes)
    support = [sum(found.values()) for found in matches]
    free = [index for index, found in enumerate(matches) if found]
    groups = [[box] for box, found in zip(boxes, matches, strict=True) if not found]
    while free:
        seed = max(free, key=support.__getitem__)  # the first of equals
        best = {boxes[seed].worker: seed}
        for other in sorted(matches[seed], key=matches[seed].get, reverse=True):
            best.setdefault(boxes[other].worker, other)
        taken = set(best.values())
        for index in {other for each in taken for other in matches[each]} - taken:
            matches[index] = {
                other: overlap for other, overlap in matches[index].items() if other not in taken
            }
            support[index] = sum(matches[index].values())
        free = [index for index in free if index not in taken]
        groups.append([boxes[best[worker]] for worker in sorted(best)])
    return sorted(groups, key=min)


def matching_boxes(boxes: Sequence[Drawn]) -> list[dict[int, float]]:
    """For each of the sorted boxes: the other workers' boxes of the same object, with their overlap."""
    matches: list[dict[int, float]] = [{} for _ in boxes]
    for index, box in enumerate(boxes):
        left, top, right, bottom, _, worker = box
        for other in range(index + 1, len(boxes)):
            candidate = boxes[other]
            if candidate[0] >= right:
                break  # sorted by the left edge: none further on can touch this one
            if candidate[1] >= bottom or candidate[3] <= top or candidate[5] == worker:
                continue
            overlap = intersection_over_union(box, candidate)
            if overlap >= SAME_OBJECT:
                matches[index][other] = matches[other][index] = overlap
    return matches


def intersection_over_union(one: Drawn, other: Drawn) -> float:
    left, top, right, bottom, _, _ = one
    other_left, other_top, other_right, other_bottom, _, _ = other
    width = (right if right < other_right else other_right) - (left if left > other_left else other_left)
    height = (bottom if bottom < other_bottom else other_bottom) - (top if top > other_top else other_top)
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    areas = (right - left) * (bottom - top) + (other_right - other_left) * (other_bottom - other_top)
    return both / (areas - both)
