"""How good predicted masks are: overlaps of regions and of their edges, with what chance may add.

Masks are read one pair at a time and only counted; everything else is made of the counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy

from vision.comparison import Difference
from vision.mask_labels import BACKGROUND
from vision.masks import Mask

TOLERANCE = 0.0075  # of an image's diagonal: so far apart, two edges are still the same
SAMPLES = 1000


@dataclass(frozen=True, eq=False)
class MaskCounts:
    """Of one image. Classes are the background and then the labels.

    ``pixels`` (classes, classes) are those of the row's class that were found to be of the column's.
    ``edges`` (classes, 4) are pixels on found edges near a true one, on found edges, on true edges near a
    found one, on true edges.
    """

    pixels: numpy.ndarray
    edges: numpy.ndarray


@dataclass(frozen=True)
class MaskEvaluation:
    """Predicted masks beside true ones, 0 to 1, over all pixels of all images.

    ``miou`` is the mean of intersection over union over the background and the labels that occur on either
    side; ``low`` and ``high`` bound what other images of the same kind would have shown, with ``confidence``.
    ``boundary_f`` is the mean F-measure of the labels' edges. ``per_class`` gives for each label ``iou`` and
    ``boundary_f`` (None where the label occurs on neither side) and the numbers of pixels, ``truths`` and
    ``predictions``; the first is the background, whose edges are those of the labels and are not counted
    twice. ``confusion`` has the truth's classes as rows and the found ones as columns.
    """

    miou: float
    low: float
    high: float
    confidence: float
    boundary_f: float
    pixel_accuracy: float
    per_class: dict[str, dict[str, float | int | None]]
    confusion: list[list[int]]
    images: int

    @property
    def main(self) -> float:
        return self.miou

    @property
    def second(self) -> float:
        return self.boundary_f

    def of_label(self, label: str) -> tuple[float | None, float | None]:
        values = self.per_class.get(label, {})
        return values.get("iou"), values.get("boundary_f")

    def headline(self) -> dict[str, float]:
        return {"miou": self.miou, "boundary_f": self.boundary_f}

    def as_dict(self) -> dict:
        """Plain JSON values, for ``from_dict``."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping) -> "MaskEvaluation":
        return cls(**values)


def count_mask(truth: Mask, found: Mask, labels: int) -> MaskCounts:
    """Compare two masks of one image. Raises ValueError for masks of different sizes or of more labels."""
    if truth.shape != found.shape:
        raise ValueError(f"the found mask has {found.shape} rows and columns, the true one {truth.shape}")
    if (highest := max(truth.max(initial=0), found.max(initial=0))) > labels:
        raise ValueError(f"a pixel is {highest}, but there are {labels} labels")
    classes = labels + 1
    pairs = truth.astype(numpy.int64) * classes + found
    pixels = numpy.bincount(pairs.ravel(), minlength=classes**2).reshape(classes, classes)
    return MaskCounts(pixels, _count_edges(truth, found, classes))


def evaluate_masks(
    counts: Mapping[str, MaskCounts], labels: Sequence[str], *, confidence: float = 0.95
) -> MaskEvaluation:
    """``counts`` by image. The same counts give the same interval. Raises ValueError without any image."""
    pixels, edges = _stacked(counts)
    whole, names = pixels.sum(axis=0), [BACKGROUND, *labels]
    overlap, sharpness = overlaps(whole), edge_f(edges.sum(axis=0))
    sharpness[0] = numpy.nan
    drawn = _drawn(len(pixels))
    low, high = _interval(mean_over_classes(overlaps(_sums(drawn, pixels))), confidence)
    return MaskEvaluation(
        miou=float(numpy.nanmean(overlap)),
        low=low,
        high=high,
        confidence=confidence,
        boundary_f=float(numpy.nanmean(sharpness)) if not numpy.isnan(sharpness).all() else 1.0,
        pixel_accuracy=float(numpy.trace(whole) / whole.sum()),
        per_class={
            name: {
                "iou": _known(overlap[number]),
                "boundary_f": _known(sharpness[number]),
                "truths": int(whole[number].sum()),
                "predictions": int(whole[:, number].sum()),
            }
            for number, name in enumerate(names)
        },
        confusion=whole.tolist(),
        images=len(pixels),
    )


def compare_masks(
    new: Mapping[str, MaskCounts], old: Mapping[str, MaskCounts], *, confidence: float
) -> Difference:
    """The difference in mIoU of two models on the same images, which are drawn anew for both at once.

    Raises ValueError when the images are not the same.
    """
    if new.keys() != old.keys():
        strangers = sorted(new.keys() ^ old.keys())
        raise ValueError(f"{len(strangers)} images were asked about with one model only: {strangers[:3]}")
    both = [_stacked({uri: counts[uri] for uri in sorted(new)})[0] for counts in (new, old)]
    values = [float(numpy.nanmean(overlaps(pixels.sum(axis=0)))) for pixels in both]
    drawn = _drawn(len(new))
    sampled = [mean_over_classes(overlaps(_sums(drawn, pixels))) for pixels in both]
    return Difference(*values, *_interval(sampled[0] - sampled[1], confidence), len(new), "miou")


def image_overlap(counts: MaskCounts) -> float:
    """mIoU of one image alone."""
    return float(numpy.nanmean(overlaps(counts.pixels)))


def overlaps(pixels: numpy.ndarray) -> numpy.ndarray:
    """Intersection over union of each class, of confusion matrices (..., classes, classes); NaN for a class
    that occurs on neither side.
    """
    both = numpy.diagonal(pixels, axis1=-2, axis2=-1).astype(float)
    either = pixels.sum(axis=-1) + pixels.sum(axis=-2) - both
    return numpy.where(either > 0, both / numpy.maximum(either, 1), numpy.nan)


def edge_f(edges: numpy.ndarray) -> numpy.ndarray:
    """The F-measure of each class's edges, of counts (..., classes, 4); NaN for a class without edges.

    Precision is the part of the found edge that has a true one near, recall the part of the true edge that
    has a found one near. Source: Csurka et al., What is a good evaluation measure for semantic segmentation?,
    BMVC 2013; counted over all images instead of averaged over them.
    """
    near_found, found, near_true, true = numpy.moveaxis(edges.astype(float), -1, 0)
    precision, recall = near_found / numpy.maximum(found, 1), near_true / numpy.maximum(true, 1)
    value = 2 * precision * recall / numpy.maximum(precision + recall, 1e-9)
    return numpy.where(found + true > 0, value, numpy.nan)


def mean_over_classes(values: numpy.ndarray) -> numpy.ndarray:
    """Of (samples, classes). Each sample has a class: every image has pixels."""
    return numpy.nanmean(values, axis=1)


def _count_edges(truth: Mask, found: Mask, classes: int) -> numpy.ndarray:
    reach = max(1, round(TOLERANCE * float(numpy.hypot(*truth.shape))))
    true_edge, found_edge = _edges(truth), _edges(found)
    counts = numpy.zeros((classes, 4), dtype=numpy.int64)
    for number in range(1, classes):
        true, seen = true_edge & (truth == number), found_edge & (found == number)
        if true.any() or seen.any():
            near_found, near_true = seen & _widened(true, reach), true & _widened(seen, reach)
            counts[number] = [numpy.count_nonzero(each) for each in (near_found, seen, near_true, true)]
    return counts


def _edges(mask: Mask) -> numpy.ndarray:
    """The pixels beside one of another class; the image's own border is none."""
    on_edge = numpy.zeros(mask.shape, dtype=bool)
    down, across = mask[1:] != mask[:-1], mask[:, 1:] != mask[:, :-1]
    on_edge[1:] |= down
    on_edge[:-1] |= down
    on_edge[:, 1:] |= across
    on_edge[:, :-1] |= across
    return on_edge


def _widened(pixels: numpy.ndarray, reach: int) -> numpy.ndarray:
    """All pixels at most ``reach`` rows and columns away."""
    for _ in range(2):  # down, then across
        sums = numpy.pad(pixels, ((reach + 1, reach), (0, 0))).cumsum(axis=0, dtype=numpy.int32)
        pixels = (sums[2 * reach + 1 :] > sums[: -2 * reach - 1]).T
    return pixels


def _stacked(counts: Mapping[str, MaskCounts]) -> tuple[numpy.ndarray, numpy.ndarray]:
    if not counts:
        raise ValueError("there is no image to measure by")
    return (
        numpy.stack([each.pixels for each in counts.values()]),
        numpy.stack([each.edges for each in counts.values()]),
    )


def _drawn(images: int) -> numpy.ndarray:
    """(samples, images): how often each image is in a sample that is drawn with replacement."""
    return numpy.random.default_rng(0).multinomial(images, numpy.full(images, 1 / images), size=SAMPLES)


def _sums(drawn: numpy.ndarray, pixels: numpy.ndarray) -> numpy.ndarray:
    return numpy.tensordot(drawn.astype(float), pixels.astype(float), axes=1)


def _interval(values: numpy.ndarray, confidence: float) -> tuple[float, float]:
    low, high = numpy.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _known(value: float) -> float | None:
    return None if numpy.isnan(value) else float(value)
