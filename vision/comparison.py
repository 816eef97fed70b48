"""Whether one model is better than another on the same images, or whether these images cannot tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy

from vision.boxes import Box
from vision.judgement import judge
from vision.manifest import LabeledImage

RECALLS = numpy.linspace(0, 1, 101)
CELLS_AT_ONCE = 2_000_000  # of samples x predictions: bounds the memory, not the result


@dataclass(frozen=True)
class Difference:
    """mAP50 of a new model minus that of an old one, or another ``measure``.

    ``low`` and ``high`` bound what other test images of the same kind would have shown, with the asked-for
    confidence: images are drawn again and again with replacement, the same ones for both models.
    """

    new: float
    old: float
    low: float
    high: float
    images: int
    measure: str = "map_50"

    @property
    def value(self) -> float:
        return self.new - self.old

    def surely_below(self, limit: float) -> bool:
        """The whole interval lies below ``limit``."""
        return self.high < limit


@dataclass(frozen=True)
class Matches:
    """The predictions of one label, the surest first: whose image they are on, and whether they are right."""

    truths: numpy.ndarray  # boxes of this label on each image
    images: numpy.ndarray  # the image's number, for each prediction
    hits: numpy.ndarray


def compare(
    truth: Mapping[str, LabeledImage],
    new: Mapping[str, Sequence[Box]],
    old: Mapping[str, Sequence[Box]],
    *,
    confidence: float,
    samples: int = 1000,
    seed: int = 0,
) -> Difference:
    """The same arguments give the same interval. Raises ValueError when the truth has no box."""
    matched = [match(truth, predictions) for predictions in (new, old)]
    if not matched[0]:
        raise ValueError(f"none of the {len(truth)} images has a box: average precision is not defined")
    every_image_once = numpy.ones((1, len(truth)))
    values = [mean_average_precision(matches, every_image_once)[0] for matches in matched]
    drawn = numpy.random.default_rng(seed).multinomial(
        len(truth), numpy.full(len(truth), 1 / len(truth)), size=samples
    )
    with_boxes = drawn @ sum(matches.truths for matches in matched[0].values()) > 0
    drawn = drawn[with_boxes]  # no mean is defined for the others
    differences = mean_average_precision(matched[0], drawn) - mean_average_precision(matched[1], drawn)
    low, high = numpy.quantile(differences, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Difference(float(values[0]), float(values[1]), float(low), float(high), len(truth))


def match(truth: Mapping[str, LabeledImage], predictions: Mapping[str, Sequence[Box]]) -> dict[str, Matches]:
    """For each label of the truth, which predictions find a box that no surer one has found, as in COCO."""
    found = {}
    for label in sorted({box.label for image in truth.values() for box in image.boxes}):
        truths, rows = [], []
        for number, (uri, image) in enumerate(truth.items()):
            wanted = [box for box in image.boxes if box.label == label]
            truths.append(len(wanted))
            boxes = [box for box in predictions.get(uri, ()) if box.label == label]
            rows += [(box.score, number, hit is not None) for box, hit in judge(wanted, boxes)]
        rows.sort(key=lambda row: -row[0])
        found[label] = Matches(
            numpy.array(truths),
            numpy.array([number for _, number, _ in rows], dtype=int),
            numpy.array([hit for _, _, hit in rows], dtype=bool),
        )
    return found


def mean_average_precision(matches: Mapping[str, Matches], drawn: numpy.ndarray) -> numpy.ndarray:
    """mAP50 of each sample; ``drawn`` (samples x images) says how often each image is in it.

    The mean is over the labels that occur in the sample.
    """
    values = numpy.stack([_average_precision(label, drawn) for label in matches.values()])
    return numpy.nanmean(values, axis=0)


def _average_precision(label: Matches, drawn: numpy.ndarray) -> numpy.ndarray:
    """NaN for samples in which the label does not occur."""
    rows = max(1, CELLS_AT_ONCE // max(len(label.hits), 1))
    parts = [
        _average_precision_of(label, drawn[start : start + rows]) for start in range(0, len(drawn), rows)
    ]
    return numpy.concatenate(parts)


def _average_precision_of(label: Matches, drawn: numpy.ndarray) -> numpy.ndarray:
    truths = drawn @ label.truths
    counts = drawn[:, label.images]
    right = numpy.cumsum(counts * label.hits, axis=1)
    with numpy.errstate(divide="ignore", invalid="ignore"):
        recall = right / truths[:, None]
        precision = numpy.nan_to_num(right / numpy.cumsum(counts, axis=1))
    # COCO's: the best precision at this recall or a higher one, averaged over the recalls 0, 0.01 ... 1.
    best = numpy.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    passed = numpy.searchsorted(RECALLS, recall, side="right")
    steps = numpy.diff(passed, axis=1, prepend=0)
    return numpy.where(truths > 0, (best * steps).sum(axis=1) / len(RECALLS), numpy.nan)
