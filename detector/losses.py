"""What the network learns from: how wrong its class scores and its boxes are."""

import math

import torch
from assignment import assign, intersection_over_union
from torch import Tensor
from torch.nn import functional

BOX_WEIGHT = 2.0


def detection_loss(
    corners: Tensor,
    logits: Tensor,
    points: Tensor,
    strides: Tensor,
    boxes: Tensor,
    classes: Tensor,
    present: Tensor,
) -> Tensor:
    """One number for a batch; shapes as in :func:`assignment.assign`, ``logits`` being scores before the
    sigmoid.

    Scores aim at the assignment's weights (after varifocal loss, arXiv 2008.13367: sure mistakes on the
    background count most), boxes at the assigned boxes by complete IoU (arXiv 1911.08287).
    """
    scores = logits.detach().sigmoid()
    box, weight = assign(scores, corners.detach(), points, strides, boxes, classes, present)
    label = classes.gather(1, box)
    aim = functional.one_hot(label, logits.shape[-1]) * weight[..., None]
    attention = torch.where(aim > 0, 1.0, 0.75 * scores**2)
    class_loss = functional.binary_cross_entropy_with_logits(logits, aim, attention, reduction="sum")

    taken = weight > 0
    aimed = boxes.gather(1, box[..., None].expand(-1, -1, 4))[taken]
    box_loss = ((1 - complete_iou(corners[taken], aimed)) * weight[taken]).sum()
    return (class_loss + BOX_WEIGHT * box_loss) / weight.sum().clamp(min=1)


def complete_iou(predicted: Tensor, aimed: Tensor) -> Tensor:
    """IoU of pairs of corners (n, 4), less what their centres and their proportions differ by."""
    overlap = intersection_over_union(predicted, aimed)
    hull = torch.maximum(predicted[:, 2:], aimed[:, 2:]) - torch.minimum(predicted[:, :2], aimed[:, :2])
    offset = (predicted[:, :2] + predicted[:, 2:] - aimed[:, :2] - aimed[:, 2:]) / 2
    apart = offset.square().sum(dim=1) / hull.square().sum(dim=1).clamp(min=1e-7)

    width, height = (predicted[:, 2:] - predicted[:, :2]).clamp(min=1e-3).unbind(dim=1)
    aimed_width, aimed_height = (aimed[:, 2:] - aimed[:, :2]).clamp(min=1e-3).unbind(dim=1)
    turn = torch.atan(aimed_width / aimed_height) - torch.atan(width / height)
    proportion = 4 / math.pi**2 * turn.square()
    with torch.no_grad():
        share = proportion / (1 - overlap + proportion + 1e-7)
    return overlap - apart - share * proportion
