"""How well each worker finds again what the job's manifest lines say is known.

A line may carry the right boxes under ``known-answer``, in the form of Ground Truth's own output, with the
names of their classes in ``known-answer-metadata``. A box is found where the worker drew one with the same
label and an intersection over union of ``SAME_OBJECT`` or more; each box counts once. The score is F1.
"""

import json
import math
from typing import Any, NamedTuple

from localaws.store import Store

KNOWN = "known-answer"
SAME_OBJECT = 0.5
MOST_ANSWERS = 5000  # that a page reads; the first of the job
MOST_BOXES = 1000  # of a line or an answer that are compared
SIDES = ("left", "top", "width", "height")
STATEMENT = f"""
SELECT slot.worker, object.line, slot.answer FROM object JOIN slot INDEXED BY slot_by_object
ON slot.job = object.job AND slot.object = object.number
WHERE object.job = ? AND instr(object.line, '"{KNOWN}"') > 0 AND slot.state = 'submitted'
ORDER BY object.number LIMIT {MOST_ANSWERS}
"""
NOTHING = {"images": 0, "found": 0, "missed": 0, "extra": 0, "overlap": 0.0}


class Box(NamedTuple):
    label: str
    left: float
    top: float
    right: float
    bottom: float


class KnownAnswers:
    def __init__(self, store: Store):
        self.store = store

    def scores(self, key: str) -> dict[str, dict[str, Any]]:
        """By worker: ``images``, objects ``found`` and ``missed``, ``extra`` boxes, ``mean_iou`` (None where
        nothing was found) and ``score``. Empty for a job whose lines know nothing."""
        counts: dict[str, dict[str, Any]] = {}
        for worker, line, answer in self.store.connection.execute(STATEMENT, (key,)):
            known, drawn = known_boxes(line), drawn_boxes(answer)
            if known is not None and drawn is not None:
                total = counts.setdefault(worker, dict(NOTHING))
                for name, value in compare(known, drawn).items():
                    total[name] += value
        return {worker: _rated(total) for worker, total in counts.items()}


def compare(known: list[Box], drawn: list[Box]) -> dict[str, Any]:
    """Pairs are made greedily, the most alike first."""
    candidates = sorted(
        (-overlap, number, other)
        for number, each in enumerate(known)
        for other, box in enumerate(drawn)
        if each.label == box.label and (overlap := iou(each, box)) >= SAME_OBJECT
    )
    overlaps: dict[int, float] = {}
    taken: set[int] = set()
    for overlap, number, other in candidates:
        if number not in overlaps and other not in taken:
            overlaps[number] = -overlap
            taken.add(other)
    return {
        "images": 1,
        "found": len(overlaps),
        "missed": len(known) - len(overlaps),
        "extra": len(drawn) - len(overlaps),
        "overlap": sum(overlaps.values()),
    }


def iou(one: Box, other: Box) -> float:
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum((box.right - box.left) * (box.bottom - box.top) for box in (one, other))
    return width * height / (areas - width * height)


def known_boxes(line: str) -> list[Box] | None:
    """None for a line without a known answer in this form."""
    values = json.loads(line)
    label, metadata = values.get(KNOWN), values.get(f"{KNOWN}-metadata")
    annotations = label.get("annotations") if isinstance(label, dict) else None
    names = metadata.get("class-map") if isinstance(metadata, dict) else None
    if not isinstance(annotations, list) or not isinstance(names, dict):
        return None
    return _boxes(
        [
            each | {"label": names.get(str(each.get("class_id")))}
            for each in annotations
            if isinstance(each, dict)
        ]
    )


def drawn_boxes(answer: str) -> list[Box] | None:
    """None for an answer of another kind."""
    content = json.loads(answer)
    for value in content.values() if isinstance(content, dict) else ():
        if isinstance(value, dict) and isinstance(value.get("boundingBoxes"), list):
            return _boxes(value["boundingBoxes"])
    return None


def _boxes(values: list[Any]) -> list[Box]:
    return [box for value in values[:MOST_BOXES] if (box := _box(value)) is not None]


def _box(value: Any) -> Box | None:
    if not isinstance(value, dict):
        return None
    label, sides = value.get("label"), [value.get(side) for side in SIDES]
    if not isinstance(label, str) or not all(
        type(side) in (int, float) and math.isfinite(side) and abs(side) < 1e9 for side in sides
    ):
        return None
    left, top, width, height = sides
    return Box(label, left, top, left + width, top + height)


def _rated(total: dict[str, Any]) -> dict[str, Any]:
    overlap, found = total.pop("overlap"), total["found"]
    boxes = 2 * found + total["missed"] + total["extra"]
    return total | {
        "mean_iou": round(overlap / found, 4) if found else None,
        "score": round(2 * found / boxes, 4) if boxes else 1.0,
    }
