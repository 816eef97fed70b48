"""Bounding boxes of several workers become one set, by votes.

1. Boxes of different workers that overlap (intersection over union >= 0.4) are put together, the best
   supported first, at most one box per worker, whatever their labels.
2. A group is an object when two workers drew it (one, when only one worker answered).
3. Its box is the median of each edge, which one careless worker cannot drag away; its label is the
   majority's; its confidence is the share of the workers who drew it.

How sure an image's least sure decision is stands as ``least_certainty`` under ``consensus``: of a box in the
label the share of the workers who drew it under this label, of one that was dropped the share of those who
did not draw it; 1 where nobody drew anything.

The label is ``{"annotations", "image_size", "objects": [{"confidence"}], "class-map", "consensus"}``, and
``"adjustment-status"`` where workers started from an earlier label. drawings.py has step 1, box_quality.py
another way for the steps 2 and 3.
"""

import math
from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from answers import adjustment_status, image_size_entry
from drawings import Drawings, Drawn

VOTES_NEEDED = 2


class Found(NamedTuple):
    """An object that the workers agree upon."""

    edges: tuple[float, float, float, float]  # left, top, right, bottom in pixels
    class_id: int
    confidence: float


def vote(drawings: Drawings, labels: Sequence[str]) -> list[Found]:
    """The objects of an image; of labels with equally many votes the first in the label list wins."""
    workers = len(drawings.workers)
    return [
        Found(merged_edges(group), majority(group, labels), len(group) / workers)
        for group in drawings.groups
        if len(group) >= min(VOTES_NEEDED, workers)
    ]


def least_certainty(drawings: Drawings, labels: Sequence[str]) -> float:
    """From 0 to 1, of what ``vote`` decides."""
    workers = len(drawings.workers)
    return min([certainty(group, workers, labels) for group in drawings.groups], default=1.0)


def certainty(group: Sequence[Drawn], workers: int, labels: Sequence[str]) -> float:
    if len(group) < min(VOTES_NEEDED, workers):
        return 1 - len(group) / workers
    winner = labels[majority(group, labels)]
    return sum(box.label == winner for box in group) / workers


def merged_edges(group: Sequence[Drawn]) -> tuple[float, float, float, float]:
    return tuple(map(median, list(zip(*group, strict=True))[:4]))


def majority(group: Sequence[Drawn], labels: Sequence[str]) -> int:
    votes = Counter(box.label for box in group)
    most = max(votes.values())
    return min([labels.index(label) for label, times in votes.items() if times == most])


def write_label(
    drawings: Drawings, found: Sequence[Found], labels: Sequence[str], certainty: float, **consensus
) -> dict:
    """The label of an image; ``certainty``, that of its least sure decision, and ``consensus`` go into the
    part of the latter's name."""
    return {
        "annotations": [annotation(each, drawings.size) for each in found],
        "image_size": image_size_entry(drawings.size),
        "objects": [{"confidence": round(each.confidence, 4)} for each in found],
        "class-map": {str(each.class_id): labels[each.class_id] for each in found},
        "consensus": {
            "workers": len(drawings.workers),
            "ignored_answers": drawings.ignored_answers,
            "ignored_boxes": drawings.ignored_boxes,
            "least_certainty": round(certainty, 4),
            **consensus,
        },
        **adjustment_status(drawings.modified),
    }


def annotation(found: Found, size: tuple[int, int]) -> dict:
    """In whole pixels, inside the image of that size (width, height)."""
    left, top, right, bottom = (math.floor(edge + 0.5) for edge in found.edges)
    left, top = min(max(left, 0), size[0] - 1), min(max(top, 0), size[1] - 1)
    right, bottom = max(min(right, size[0]), left + 1), max(min(bottom, size[1]), top + 1)
    return {
        "class_id": found.class_id,
        "left": left,
        "top": top,
        "width": right - left,
        "height": bottom - top,
    }
