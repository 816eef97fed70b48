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
    per_class = [
        _class_precision(
            [corners[labels == label] for corners, labels in truths],
            [(corners[labels == label], scores[labels == label]) for corners, scores, labels in found],
        )
        for label in range(classes)
        if any((labels == label).any() for _, labels in truths)
    ]
    if not per_class:
        return 0.0, 0.0
    by_threshold = np.mean(per_class, axis=0)
    return float(by_threshold[0]), float(by_threshold.mean())


def _class_precision(truths: Sequence[np.ndarray], found: Sequence[tuple]) -> np.ndarray:
    """AP of one class at each of THRESHOLDS."""
    scores, hits = [np.zeros(0)], [np.zeros((len(THRESHOLDS), 0), bool)]
    for corners, (boxes, confidence) in zip(truths, found, strict=True):
        order = np.argsort(-confidence, kind="stable")[:100]
        scores.append(confidence[order])
        hits.append(_match(corners, boxes[order]))
    order = np.argsort(-np.concatenate(scores), kind="stable")
    hits = np.concatenate(hits, axis=1)[:, order]
    true, false = hits.cumsum(axis=1), (~hits).cumsum(axis=1)
    recall = true / sum(len(corners) for corners in truths)
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
