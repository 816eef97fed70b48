"""How good masks are, in numpy: the numbers a training run is judged by."""

from collections.abc import Iterable, Sequence

import numpy as np
from mask_data import BACKGROUND, IGNORED

TOLERANCE = 0.0075  # of a picture's diagonal: so far apart, two edges are still the same


def mask_quality(pairs: Iterable[tuple[np.ndarray, np.ndarray]], classes: Sequence[str]) -> dict[str, float]:
    """``pairs`` are masks (height, width) of class ids: what is right, which may be IGNORED in places, and
    what was found.

    mIOU is the mean of intersection over union over the background and the classes that occur on either side,
    all pixels of all pairs together; IOU/<class> is that of one. boundary_F is the mean of the F-measures of
    the classes' edges (Csurka et al., BMVC 2013), counted over all pairs.
    """
    names = [BACKGROUND, *classes]
    pixels = np.zeros((len(names), len(names)), np.int64)
    edges = np.zeros((len(names), 4), np.int64)
    for truth, found in pairs:
        pixels += count_pixels(truth, found, len(names))
        edges += count_edges(truth, found, len(names))
    both, either = np.diag(pixels), pixels.sum(axis=0) + pixels.sum(axis=1) - np.diag(pixels)
    overlaps = {name: float(b / e) for name, b, e in zip(names, both, either, strict=True) if e}
    quality = {
        "mIOU": float(np.mean(list(overlaps.values()))) if overlaps else 0.0,
        "pixel_accuracy": float(both.sum() / max(pixels.sum(), 1)),
        "boundary_F": boundary_f(edges[1:]),
    }
    return quality | {f"IOU/{name}": overlap for name, overlap in overlaps.items()}


def count_pixels(truth: np.ndarray, found: np.ndarray, classes: int) -> np.ndarray:
    """(classes, classes): how many pixels of the row's class were found to be of the column's."""
    known = truth != IGNORED
    pairs = truth[known].astype(np.int64) * classes + found[known]
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def count_edges(truth: np.ndarray, found: np.ndarray, classes: int) -> np.ndarray:
    """(classes, 4): pixels on found edges near a true one, on found edges, on true edges near a found one, on
    true edges.
    """
    found = np.where(truth == IGNORED, IGNORED, found)
    reach = max(1, round(TOLERANCE * float(np.hypot(*truth.shape))))
    on_edge = [edges(mask) for mask in (truth, found)]
    counts = np.zeros((classes, 4), np.int64)
    for class_id in range(classes):
        true, seen = (edge & (mask == class_id) for edge, mask in zip(on_edge, (truth, found), strict=True))
        near_seen, near_true = (seen & widen(true, reach)).sum(), (true & widen(seen, reach)).sum()
        counts[class_id] = near_seen, seen.sum(), near_true, true.sum()
    return counts


def edges(mask: np.ndarray) -> np.ndarray:
    """The pixels beside one of another class; the picture's own border is none."""
    on_edge = np.zeros(mask.shape, bool)
    for one, other in (((slice(1, None),), (slice(-1),)), ((..., slice(1, None)), (..., slice(-1)))):
        apart = (mask[one] != mask[other]) & (mask[one] != IGNORED) & (mask[other] != IGNORED)
        on_edge[one] |= apart
        on_edge[other] |= apart
    return on_edge


def widen(pixels: np.ndarray, reach: int) -> np.ndarray:
    """All pixels at most ``reach`` rows and columns away."""
    for axis in (0, 1):
        padding = [(0, 0), (0, 0)]
        padding[axis] = (reach + 1, reach)
        sums = np.pad(pixels, padding).cumsum(axis=axis, dtype=np.int32)
        length = sums.shape[axis]
        ends = sums.take(range(2 * reach + 1, length), axis), sums.take(range(length - 2 * reach - 1), axis)
        pixels = ends[0] > ends[1]
    return pixels


def boundary_f(counts: np.ndarray) -> float:
    """The mean over the classes that have an edge on either side; 1 where none has."""
    right_seen, seen, right_true, true = counts.astype(float).T
    occurs = seen + true > 0
    precision, recall = right_seen / np.maximum(seen, 1), right_true / np.maximum(true, 1)
    values = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    return float(values[occurs].mean()) if occurs.any() else 1.0
