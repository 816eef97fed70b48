"""Which images to label next, when there are more than fit into a batch.

Every order is the same when it is asked for twice. Names are ETags: hashes of the images' bytes, so that
their own order is as good as random.
"""

from collections.abc import Iterable, Mapping, Sequence


def in_random_order(names: Iterable[str]) -> list[str]:
    return sorted(names)


def by_uncertainty(
    names: Iterable[str], scores: Mapping[str, Sequence[float]], threshold: float
) -> list[str]:
    """Those first about which the model is least sure; ``scores`` are those of its boxes on each image.

    Images that the model was not asked about come last, in random order: they have their turn when it was.
    Before them come those in which it sees nothing at all: there it is sure.
    """
    return sorted(
        names,
        key=lambda name: (
            (0, -uncertainty(scores[name], threshold), name) if name in scores else (1, 0.0, name)
        ),
    )


def uncertainty(scores: Iterable[float], threshold: float) -> float:
    """How undecided the model is about an image, 0 (sure) to 1: that of its most undecided box.

    A box's is (1 - margin)^2, where the margin goes from 0 for a score at the threshold to 1 for a score of 0
    or 1. At a threshold of 0.5 that is 1-vs-2 margin sampling between object and background, aggregated by
    maximum: Brust, Kaeding and Denzler, Active Learning for Deep Object Detection, VISAPP 2019,
    https://doi.org/10.5220/0007248601810190. The sum, which they found best by the number of images, prefers
    crowded ones, which take people longer.
    """
    return max(((1 - _margin(score, threshold)) ** 2 for score in scores), default=0.0)


def _margin(score: float, threshold: float) -> float:
    room = 1 - threshold if score >= threshold else threshold
    return abs(score - threshold) / room if room else 0.0


def by_diversity(
    names: Iterable[str], fingerprints: Mapping[str, str], labeled: Iterable[str], count: int
) -> list[str]:
    """The ``count`` images to take first: each is as unlike all before it, and the labeled ones, as can be.

    Greedy k-centre (farthest-first traversal): Gonzalez, Clustering to minimize the maximum intercluster
    distance, 1985; for what to label by Sener and Savarese, 2018, https://arxiv.org/abs/1708.00489. Distances
    are those of vision.likeness. Pictures that are too plain to have a fingerprint come last. Names as unlike
    the others as each other, and the very first where nothing is labeled, are taken in random order.
    """
    import numpy

    names = in_random_order(names)
    telling = [name for name in names if name in fingerprints]
    bits = _bits(numpy, [fingerprints[name] for name in telling])
    nearest = numpy.full(len(telling), 255, numpy.uint8)  # to any picture taken or labeled
    for other in _bits(numpy, {fingerprints[name] for name in labeled if name in fingerprints}):
        numpy.minimum(nearest, numpy.bitwise_count(bits ^ other), out=nearest)
    free = numpy.ones(len(telling), bool)
    taken = []
    while len(taken) < min(count, len(telling)):
        index = int(numpy.argmax(numpy.where(free, nearest.astype(numpy.int16), -1)))
        free[index] = False
        taken.append(telling[index])
        numpy.minimum(nearest, numpy.bitwise_count(bits ^ bits[index]), out=nearest)
    return (taken + [name for name in names if name not in fingerprints])[:count]


def _bits(numpy, fingerprints: Iterable[str]):
    return numpy.array([int(each, 16) for each in fingerprints], numpy.uint64)
