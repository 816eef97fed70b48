"""Masks of several workers become one, each worker heard as far as his answers deserve.

Pixels on which the workers said the same things are one pattern; Dawid and Skene's model (confusion.py) tells
the value of each pattern from what is known of the workers and what they did in this image. Pixels on which
all agree stay as they are. Neighbours err together, so an image counts as if it had few pixels, whatever its
size, and only those that anybody labeled count. Needs numpy.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy

from confusion import Said, fit_labels
from evidence import Evidence, Known, part
from pictures import bands

KIND = "masks"  # the branch of the evidence
ENOUGH_ANSWERS = 5
ENOUGH_IMAGES = 20.0  # a worker is known by so many
PIXELS = 100.0  # that an image is worth as evidence
MOST_PATTERNS = 1 << 62
BACKGROUND = ""  # its name in the evidence, which no label can have


class Weighed(NamedTuple):
    mask: numpy.ndarray | None  # (height, width); None where votes must decide
    confidence: float  # that a pixel is right, averaged over those that anybody labeled
    evidence: dict[str, Evidence]  # by worker


class Patterns:
    """What the workers said about each pixel, as one number in a base of as many values as there are."""

    def __init__(self, masks: Sequence[numpy.ndarray]):
        self.masks = masks
        present = [numpy.bincount(mask.ravel(), minlength=256) > 0 for mask in masks]
        self.values = numpy.flatnonzero(numpy.any([*present, numpy.arange(256) == 0], axis=0))
        self.digits = numpy.zeros(256, dtype=numpy.int64)
        self.digits[self.values] = numpy.arange(len(self.values))
        self.count = len(self.values) ** len(masks)

    def disputed(self) -> Iterator[tuple[slice, numpy.ndarray, numpy.ndarray]]:
        """Of each band of rows: which pixels the workers differ about, and the patterns of those."""
        height, width = self.masks[0].shape
        for rows in bands((width, height)):
            votes = numpy.stack([mask[rows].ravel() for mask in self.masks])
            differ = numpy.flatnonzero((votes[1:] != votes[0]).any(axis=0))
            codes = numpy.zeros(len(differ), dtype=numpy.int64)
            for vote in votes[:, differ]:
                codes = codes * len(self.values) + self.digits[vote]
            yield rows, differ, codes

    def spell(self, code: int) -> list[int]:
        """The value that each worker gave."""
        found = []
        for _ in self.masks:
            code, digit = divmod(code, len(self.values))
            found.append(int(self.values[digit]))
        return found[::-1]


def weigh(
    workers: Sequence[str], masks: Sequence[numpy.ndarray], labels: Sequence[str], history: Known
) -> Weighed:
    """``masks`` are uint8 of shape (height, width), one of each worker: 0 or 1 + the label's place."""
    patterns = Patterns(masks)
    if patterns.count >= MOST_PATTERNS:
        return Weighed(None, 0.0, {})
    names = [BACKGROUND, *labels]
    disputed: Counter[int] = Counter()
    agreed = numpy.bincount(masks[0].ravel(), minlength=256)
    for rows, differ, codes in patterns.disputed():
        for code, times in zip(*numpy.unique(codes, return_counts=True), strict=True):
            disputed[int(code)] += int(times)
        agreed -= numpy.bincount(masks[0][rows].ravel()[differ], minlength=256)
    said = {code: said_by(workers, [names[value] for value in patterns.spell(code)]) for code in disputed}
    times: Counter[Said] = Counter({said[code]: pixels for code, pixels in disputed.items()})
    for value in numpy.flatnonzero(agreed[: len(names)]):
        if value:
            times[said_by(workers, [names[value]] * len(workers))] += int(agreed[value])
    labeled = sum(times.values())
    if not labeled:
        return Weighed(masks[0], 1.0, {worker: {KIND: {"images": 1.0}} for worker in workers})

    scale = min(1.0, PIXELS / labeled)
    earlier = {worker: part(history, worker, KIND, "labels") for worker in workers}
    found, counts = fit_labels({pattern: pixels * scale for pattern, pixels in times.items()}, names, earlier)
    confidence = sum(pixels * found[pattern][1] for pattern, pixels in times.items()) / labeled
    evidence = {worker: {KIND: {"images": 1.0, "labels": counts.get(worker, {})}} for worker in workers}
    if len(workers) < ENOUGH_ANSWERS and not all(is_known(history, worker) for worker in workers):
        return Weighed(None, 0.0, evidence)
    settled = {code: names.index(found[pattern][0]) for code, pattern in said.items()}
    return Weighed(painted(patterns, settled), confidence, evidence)


def said_by(workers: Sequence[str], words: Sequence[str]) -> Said:
    return tuple(zip(workers, words, strict=True))


def is_known(history: Known, worker: str) -> bool:
    return part(history, worker, KIND).get("images", 0.0) >= ENOUGH_IMAGES


def painted(patterns: Patterns, settled: dict[int, int]) -> numpy.ndarray:
    """The mask in which each disputed pattern has the value that is settled for it."""
    mask = patterns.masks[0].copy()
    codes = numpy.array(sorted(settled), dtype=numpy.int64)
    values = numpy.array([settled[code] for code in sorted(settled)], dtype=numpy.uint8)
    for rows, differ, found in patterns.disputed():
        band = mask[rows].ravel()
        band[differ] = values[numpy.searchsorted(codes, found)]
        mask[rows] = band.reshape(-1, mask.shape[1])
    return mask
