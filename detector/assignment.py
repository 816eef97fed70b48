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
    # Each coordinate is a tensor of its own: pairs of neighbouring numbers take twice the time.
    x, y = points.T.contiguous()
    left, top, right, bottom = (side[..., None] for side in boxes.unbind(dim=-1))
    across, down = (x - (left + right) / 2).abs(), (y - (top + bottom) / 2).abs()
    inside = (across < (right - left) / 2) & (down < (bottom - top) / 2)
    # A small box may hold no point at all: the finest points beside its centre may have it too.
    beside = (torch.maximum(across, down) < strides) & (strides == strides.min())
    candidate = (inside | beside) & present[..., None]

    overlap = intersection_over_union(boxes[:, :, None], corners[:, None]).clamp(min=0)
    likelihood = scores.transpose(1, 2).gather(1, classes[..., None].expand(-1, -1, len(points)))
    alignment = likelihood.sqrt() * overlap**6
    # While nothing overlaps yet, the nearest points lead.
    alignment = (alignment + 1e-9 / (1 + torch.hypot(across, down) / strides)) * candidate

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
    left, top, right, bottom = first.unbind(dim=-1)
    other_left, other_top, other_right, other_bottom = second.unbind(dim=-1)
    width = torch.minimum(right, other_right) - torch.maximum(left, other_left)
    height = torch.minimum(bottom, other_bottom) - torch.maximum(top, other_top)
    shared = width.clamp(min=0) * height.clamp(min=0)
    areas = (right - left) * (bottom - top) + (other_right - other_left) * (other_bottom - other_top)
    return shared / (areas - shared).clamp(min=1e-7)
