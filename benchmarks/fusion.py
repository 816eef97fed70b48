"""Ways to consolidate boxes that others use, to compare with: plain, not fast."""

from typing import NamedTuple

import numpy

from benchmarks.crowds import LABELS, Image

OVERLAP = 0.5  # intersection over union


class Result(NamedTuple):
    edges: numpy.ndarray  # (4,)
    label: int
    confidence: float


def overlap(one: numpy.ndarray, other: numpy.ndarray) -> numpy.ndarray:
    """Intersection over union of edges of shapes (..., 4), broadcast."""
    sides = numpy.minimum(one[..., 2:], other[..., 2:]) - numpy.maximum(one[..., :2], other[..., :2])
    both = numpy.prod(sides.clip(0), axis=-1)
    areas = [numpy.prod(edges[..., 2:] - edges[..., :2], axis=-1) for edges in (one, other)]
    return both / (areas[0] + areas[1] - both)


def majority_average(image: Image) -> list[Result]:
    """Groups by overlap, drawn by more than half of the workers; their average.

    A reading of https://docs.aws.amazon.com/sagemaker/latest/dg/sms-annotation-consolidation.html, which does
    not tell how many workers must agree.
    """
    workers = len(image.answers)
    return [
        Result(numpy.mean(edges, axis=0), int(numpy.bincount(labels).argmax()), len(labels) / workers)
        for edges, labels in overlapping(image)
        if len(labels) * 2 > workers
    ]


def overlapping(image: Image) -> list[tuple[list, list]]:
    """Edges and labels of each group: at most one box per worker, each over the group's first."""
    groups: list[tuple[list, list]] = []
    for boxes in image.answers.values():
        taken: set[int] = set()
        for edges, label in zip(boxes.edges, boxes.labels, strict=True):
            overlaps = {
                index: float(overlap(group[0][0], edges))
                for index, group in enumerate(groups)
                if index not in taken
            }
            best = max(overlaps, key=overlaps.get, default=None)
            if best is None or overlaps[best] < OVERLAP:
                groups.append(([], []))
                best = len(groups) - 1
            groups[best][0].append(edges)
            groups[best][1].append(label)
            taken.add(best)
    return groups


def weighted_box_fusion(image: Image) -> list[Result]:
    """R. Solovyev, W. Wang and T. Gabruseva, Weighted boxes fusion (2021), https://arxiv.org/abs/1910.13302.

    Every box has score 1, as people give none; a fused one is kept when two boxes are in it, as by votes.
    """
    workers = len(image.answers)
    found = []
    for label in range(len(LABELS)):
        clusters: list[list[numpy.ndarray]] = []
        for boxes in image.answers.values():
            for edges in boxes.edges[boxes.labels == label]:
                overlaps = [overlap(numpy.mean(cluster, axis=0), edges) for cluster in clusters]
                best = int(numpy.argmax(overlaps)) if overlaps else -1
                if best >= 0 and overlaps[best] > OVERLAP:
                    clusters[best].append(edges)
                else:
                    clusters.append([edges])
        found += [
            Result(numpy.mean(cluster, axis=0), label, min(len(cluster), workers) / workers)
            for cluster in clusters
            if len(cluster) >= min(2, workers)
        ]
    return found
