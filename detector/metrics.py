"""Average precision of boxes by COCO's rules, in numpy: the number a training run is judged by."""

from collections.abc import Sequence

import numpy as np

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)

Truth = tuple[np.ndarray, np.ndarray]  # corners (n, 4), classes (n)
Found = tuple[np.ndarray, np.ndarray, np.ndarray]  # corners (n, 4), scores (n), classes (n)


def average_precision(truths: Sequence[Truth], found: Sequence[Found], classes: int) -> tuple[float, float]:
    """Mean over the classes that occur in ``truths`` of AP at IoU .5, and of AP averaged over IoU .5 to .95.

    One entry per image in both sequences. (0, 0) where there is nothing to be found.
    """
    judged = [class_hits(truths, found, label) for label in range(classes)]
    per_class = [_class_precision(hits, objects) for _, hits, objects in judged if objects]
    if not per_class:
        return 0.0, 0.0
    by_threshold = np.mean(per_class, axis=0)
    return float(by_threshold[0]), float(by_threshold.mean())


def class_hits(
    truths: Sequence[Truth], found: Sequence[Found], label: int
) -> tuple[np.ndarray, np.ndarray, int]:
    """Of one class the scores (n) of all boxes, best first; which of them hit an object at each of THRESHOLDS
    (thresholds, n); and how many objects there are."""
    scores, hits, objects = [np.zeros(0)], [np.zeros((len(THRESHOLDS), 0), bool)], 0
    for (corners, of), (boxes, confidence, named) in zip(truths, found, strict=True):
        boxes, confidence = boxes[named == label], confidence[named == label]
        order = np.argsort(-confidence, kind="stable")[:100]
        scores.append(confidence[order])
        hits.append(_match(corners[of == label], boxes[order]))
        objects += int((of == label).sum())
    scores = np.concatenate(scores)
    order = np.argsort(-scores, kind="stable")
    return scores[order], np.concatenate(hits, axis=1)[:, order], objects


def _class_precision(hits: np.ndarray, objects: int) -> np.ndarray:
    """AP of one class at each of THRESHOLDS."""
    true, false = hits.cumsum(axis=1), (~hits).cumsum(axis=1)
    recall = true / objects
    precision = true / np.maximum(true + false, 1)
    # Precision at a recall is the best precision at this or any higher recall.
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    return np.array([_at_recalls(*curve) for curve in zip(recall, precision, strict=True)])


def _at_recalls(recall: np.ndarray, precision: np.ndarray) -> float:
    position = np.searchsorted(recall, RECALLS, side="left")
    return np.append(precision, 0.0)[position].mean()


def _match(truths: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Which boxes (best first) hit a truth that no better box has taken: (thresholds, boxes)."""
    hits = np.zeros((len(THRESHOLDS), len(boxes)), bool)
    if len(truths) == 0:
        return hits
    free = np.ones((len(THRESHOLDS), len(truths)), bool)
    for column, overlap in enumerate(intersection_over_union(boxes, truths)):
        open_overlap = np.where(free, overlap, -1.0)
        hits[:, column] = open_overlap.max(axis=1) >= THRESHOLDS
        rows = np.flatnonzero(hits[:, column])
        free[rows, open_overlap.argmax(axis=1)[rows]] = False
    return hits


def intersection_over_union(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Overlap of every box of ``first`` (n, 4) with every box of ``second`` (m, 4): (n, m)."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.prod((high - low).clip(0), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (first, second)]
    return shared / np.maximum(areas[0][:, None] + areas[1][None] - shared, 1e-9)
