"""What a model's scores mean: from which one on to believe a box, and how often a box of a score is right.

Both are found on the validation images. A box is right if it hits an object of its class, with an IoU of at
least a half, that no box with a higher score hits.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from metrics import THRESHOLDS, Found, Truth, class_hits

BINS = 10
Judged = tuple[np.ndarray, np.ndarray, int]  # scores (n), best first; which are right (n); objects there are


def choose_scores(
    truths: Sequence[Truth], found: Sequence[Found], classes: Sequence[str]
) -> tuple[dict[str, Any], dict[str, float]]:
    """Facts to store with the model, and metrics: threshold and F1 of all classes, calibration errors.

    Nothing of either where the images hold no object. Of the classes those that occur have a threshold.
    The calibration is fitted to all images; its error is that of two halves, each fitted to the other.
    """
    every = judge(truths, found, range(len(classes)))
    if not every[2]:
        return {}, {}
    best = best_threshold(every)
    of_classes = {
        name: best_threshold(judged)
        for label, name in enumerate(classes)
        if (judged := judge(truths, found, [label]))[2]
    }
    halves = [judge(truths[side::2], found[side::2], range(len(classes))) for side in (0, 1)]
    fitted = [np.interp(halves[side][0], *isotonic(*halves[1 - side][:2])) for side in (0, 1)]
    right = np.concatenate([halves[0][1], halves[1][1]])
    metrics = {
        "validation:F1": best["F1"],
        "validation:threshold": best["score"],
        "validation:calibration_error": calibration_error(every[0], every[1]),
        "validation:calibrated_error": calibration_error(np.concatenate(fitted), right),
    }
    scores, precision = isotonic(*every[:2])
    facts = {
        "threshold": {"iou": 0.5} | best | {"classes": of_classes},
        "calibration": {"scores": scores.tolist(), "precision": precision.tolist()},
    }
    return facts, metrics


def judge(truths: Sequence[Truth], found: Sequence[Found], labels: Sequence[int]) -> Judged:
    """All boxes of some classes."""
    half = int(np.argmin(np.abs(THRESHOLDS - 0.5)))
    per_class = [class_hits(truths, found, label) for label in labels]
    scores = np.concatenate([scores for scores, _, _ in per_class])
    right = np.concatenate([hits[half] for _, hits, _ in per_class])
    order = np.argsort(-scores, kind="stable")
    return scores[order], right[order], sum(objects for _, _, objects in per_class)


def best_threshold(judged: Judged) -> dict[str, float]:
    """The score between those boxes that make up the best F1, and the others."""
    scores, right, objects = judged
    if not len(scores):
        return {"score": 1.0, "F1": 0.0}
    f1 = 2 * right.cumsum() / (np.arange(1, len(scores) + 1) + objects)
    below = np.append(scores[1:], 0.0)
    f1[below == scores] = -1  # no threshold parts boxes of one score
    last = int(f1.argmax())
    return {"score": float(scores[last] + below[last]) / 2, "F1": float(f1[last])}


def isotonic(scores: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores and how often boxes of about that score are right: at most ``BINS`` knots, which never fall.

    Isotonic regression by pooling adjacent violators (Zadrozny and Elkan, KDD 2002), of bins of equally many
    boxes. Between the knots the line is straight, beyond them it is level.
    """
    pools: list[np.ndarray] = []  # sums of scores and of right ones, and how many, of rising precision
    order = np.argsort(scores, kind="stable")
    for part in np.array_split(order, min(BINS, len(order)) or 1):
        pool = np.array([scores[part].sum(), right[part].sum(), len(part)], float)
        while pools and pool[1] * pools[-1][2] <= pools[-1][1] * pool[2]:
            pool = pool + pools.pop()
        pools.append(pool)
    if not len(scores):
        return np.zeros(1), np.zeros(1)
    sums, rights, counts = np.transpose(pools)
    return sums / counts, rights / counts


def calibration_error(scores: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error: how far scores and precision are apart, over ten bins of equal width."""
    if not len(scores):
        return 0.0
    bins = np.minimum((scores * BINS).astype(int), BINS - 1)
    apart = np.bincount(bins, scores - right, minlength=BINS)
    return float(np.abs(apart).sum() / len(scores))
