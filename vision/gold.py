"""How well a worker finds again what is known of images already."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from vision.boxes import Box, iou, pairs


@dataclass(frozen=True)
class Found:
    """Counts of one worker's answers; they add up over images."""

    images: int = 0
    found: int = 0  # known objects that have a box of the same label
    missed: int = 0  # known objects that have none
    extra: int = 0  # boxes without a known object
    overlap: float = 0.0  # sum over the found objects of their intersection over union

    def __add__(self, other: "Found") -> "Found":
        return Found(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    @property
    def mean_iou(self) -> float | None:
        """None where nothing was found."""
        return self.overlap / self.found if self.found else None

    @property
    def score(self) -> float:
        """F1 from 0 to 1; 1 as well where nothing was to be found and nothing was drawn."""
        total = 2 * self.found + self.missed + self.extra
        return 2 * self.found / total if total else 1.0


def compare(known: Sequence[Box], drawn: Sequence[Box]) -> Found:
    """What one answer found. An object with another label than the known one is missed, its box is extra."""
    same = [(one, other) for one, other in pairs(known, drawn) if one.label == other.label]
    found, overlap = len(same), sum((iou(one, other) for one, other in same), 0.0)
    return Found(1, found, len(known) - found, len(drawn) - found, overlap)


def drawn_boxes(content: object) -> list[Box] | None:
    """The boxes of a worker's answer to ``crowd-bounding-box``, under whatever name; None if it holds none.

    A box that cannot be read is left out.
    """
    values = content.values() if isinstance(content, Mapping) else ()
    for value in values:
        if isinstance(value, Mapping) and isinstance(value.get("boundingBoxes"), list):
            return [box for each in value["boundingBoxes"] if (box := _box(each)) is not None]
    return None


def answers_of(body: bytes) -> dict[str, object]:
    """The content of each worker's answer in a worker-response file of Ground Truth, by the worker's id."""
    return {answer["workerId"]: answer["answerContent"] for answer in json.loads(body)["answers"]}


def _box(value: object) -> Box | None:
    if not isinstance(value, Mapping):
        return None
    sides = [value.get(side) for side in ("left", "top", "width", "height")]
    if not all(type(side) in (int, float) for side in sides):
        return None
    return Box(str(value.get("label")), *sides)
