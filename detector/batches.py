"""Examples as batches of tensors."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from augmentation import STRENGTHS, augment
from data import Example
from settings import Settings
from team import Team
from torch import Tensor

Batch = tuple[Tensor, Tensor, Tensor, Tensor]  # pictures, boxes, classes, present: see assignment


def batches(team: Team, settings: Settings, examples: Sequence[Example], epoch: int) -> Iterator[Batch]:
    """This process's share of every batch of an epoch, augmented.

    What is drawn depends on the seed, the epoch and the place in it alone, not on the team. The last
    batch is filled from the epoch's beginning.
    """
    size, strength = settings.image_size, STRENGTHS[settings.augmentation]
    count = batches_in_epoch(settings, examples) * settings.batch_size
    order = np.random.default_rng([settings.seed, epoch]).permutation(len(examples))
    for start in range(0, count, settings.batch_size):
        places = range(start, start + settings.batch_size)[team.rank :: team.size]
        # No thread prepares the next batch meanwhile: it would take this process's one core from the network.
        yield collate(
            [
                augment(
                    examples,
                    order[place % len(order)],
                    size,
                    strength,
                    np.random.default_rng([settings.seed, epoch, place]),
                )
                for place in places
            ]
        )


def batches_in_epoch(settings: Settings, examples: Sequence[Example]) -> int:
    return math.ceil(len(examples) / settings.batch_size)


def collate(views: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Batch:
    """Views of :func:`augment` as tensors; each gets as many places for boxes as the fullest needs."""
    most = max(1, *(len(boxes) for _, boxes, _ in views))
    boxes = torch.zeros(len(views), most, 4)
    classes = torch.zeros(len(views), most, dtype=torch.int64)
    present = torch.zeros(len(views), most, dtype=torch.bool)
    for row, (_, corners, labels) in enumerate(views):
        boxes[row, : len(corners)] = torch.from_numpy(corners)
        classes[row, : len(corners)] = torch.from_numpy(labels)
        present[row, : len(corners)] = True
    return torch.from_numpy(np.stack([pixels for pixels, _, _ in views])), boxes, classes, present
