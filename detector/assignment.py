"""Which points of the network are to predict which box: task-aligned assignment (TOOD, arXiv 2108.07755).

The points that already predict a box best, by class score and overlap together, are the ones that learn it.
"""

import torch
from torch import Tensor

POINTS_PER_BOX = 10


@torch.no_grad()
def assign(
    scores: Tensor,
    corners: Tensor,
    points: Tensor,
    strides: Tensor,
    boxes: Tensor,
    classes: Tensor,
    present: Tensor,
) -> tuple[Tensor, Tensor]:
    """Give every point at most one of its picture's boxes.

    Takes predictions: scores (n, points, classes) between 0 and 1 and corners (n, points, 4); the grid:
    points (points, 2) and strides (points); truths: boxes (n, most, 4), classes (n, most) and present (n,
    most), which is false where a picture has fewer boxes than ``most``. Returns the index of each point's box
    (n, points) and its weight (n, points): the class score to aim at, 0 for background.
    """
    distance = (points - (boxes[..., None, :2] + boxes[..., None, 2:]) / 2).abs()
    inside = torch.minimum(points - boxes[..., None, :2], boxes[..., None, 2:] - points).amin(dim=-1) > 0
    # A small box may hold no point at all: the finest points beside its centre may have it too.
    beside = (distance.amax(dim=-1) < strides) & (strides == strides.min())
    candidate = (inside | beside) & present[..., None]

    overlap = intersection_over_union(boxes[:, :, None], corners[:, None]).clamp(min=0)
    likelihood = scores.transpose(1, 2).gather(1, classes[..., None].expand(-1, -1, len(points)))
    alignment = likelihood.sqrt() * overlap**6
    # While nothing overlaps yet, the nearest points lead.
    alignment = (alignment + 1e-9 / (1 + distance.norm(dim=-1) / strides)) * candidate

    best = alignment.topk(min(POINTS_PER_BOX, len(points)), dim=2)
    chosen = torch.zeros_like(candidate).scatter(2, best.indices, best.values > 0)
    # A point that several boxes want goes to the one it overlaps most.
    rank = torch.where(chosen, torch.where(overlap > 0, overlap, alignment), -1.0)
    box = rank.argmax(dim=1)

    def of_the_box(values: Tensor) -> Tensor:
        return values.gather(1, box[:, None])[:, 0]

    most_aligned = (alignment * chosen).amax(dim=2, keepdim=True)
    most_overlap = (overlap * chosen).amax(dim=2, keepdim=True).clamp(min=0.05)
    weight = of_the_box(alignment * chosen / (most_aligned + 1e-12) * most_overlap)
    return box, weight


def intersection_over_union(first: Tensor, second: Tensor) -> Tensor:
    """Overlap of corners (..., 4), which may broadcast."""
    low = torch.maximum(first[..., :2], second[..., :2])
    high = torch.minimum(first[..., 2:], second[..., 2:])
    shared = (high - low).clamp(min=0).prod(dim=-1)
    area = (first[..., 2:] - first[..., :2]).prod(dim=-1) + (second[..., 2:] - second[..., :2]).prod(dim=-1)
    return shared / (area - shared).clamp(min=1e-7)
