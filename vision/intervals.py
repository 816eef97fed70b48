"""Between which values a measure may lie, as far as so many test images can tell."""

from collections.abc import Mapping, Sequence

import numpy

from vision.boxes import Box
from vision.comparison import match, mean_average_precision
from vision.manifest import LabeledImage

Interval = tuple[float, float]


def average_precision_intervals(
    truth: Mapping[str, LabeledImage],
    predictions: Mapping[str, Sequence[Box]],
    *,
    confidence: float,
    samples: int = 1000,
    seed: int = 0,
) -> tuple[Interval, dict[str, Interval]]:
    """Intervals of mAP50, and of AP50 of each label that occurs in the truth.

    The percentile bootstrap (Efron 1979) over images: they are drawn again and again with replacement, and
    the interval holds the part ``confidence`` of the values. The same arguments give the same intervals.
    Raises ValueError when the truth has no box.
    """
    matches = match(truth, predictions)
    if not matches:
        raise ValueError(f"none of the {len(truth)} images has a box: average precision is not defined")
    images = len(truth)
    drawn = numpy.random.default_rng(seed).multinomial(images, numpy.full(images, 1 / images), size=samples)

    def interval(labels: Mapping) -> Interval:
        with_boxes = drawn @ sum(found.truths for found in labels.values()) > 0
        values = mean_average_precision(labels, drawn[with_boxes])
        low, high = numpy.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
        return float(low), float(high)

    return interval(matches), {label: interval({label: found}) for label, found in matches.items()}
