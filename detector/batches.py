"""Examples as batches of tensors, augmented a little ahead of their use."""

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from augmentation import STRENGTHS, augment
from data import Example
from settings import Settings
from team import Team
from torch import Tensor

Batch = tuple[Tensor, Tensor, Tensor, Tensor]  # pictures, boxes, classes, present: see assignment


def batches(
    team: Team, settings: Settings, examples: Sequence[Example], epoch: int, threads: int
) -> Iterator[Batch]:
    """This process's share of every batch of an epoch.

    What is drawn depends on the seed, the epoch and the place in it alone, not on the size of the team. The
    last batch is filled from the epoch's beginning.
    """
    count = batches_in_epoch(settings, examples) * settings.batch_size
    random = np.random.default_rng([settings.seed, epoch])
    order = np.resize(random.permutation(len(examples)), count)
    strength = STRENGTHS[settings.augmentation]

    def view(place: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        random = np.random.default_rng([settings.seed, epoch, place])
        return augment(examples, order[place], settings.image_size, strength, random)

    def batch(start: int) -> Batch:
        return collate(
            [view(place) for place in range(start, start + settings.batch_size)[team.rank :: team.size]]
        )

    return ahead(batch, range(0, count, settings.batch_size), threads)


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


def ahead(make: Callable, places: Sequence[int], threads: int) -> Iterator:
    """``map(make, places)``, computed by ``threads`` threads a little ahead of its use."""
    with ThreadPoolExecutor(threads) as pool:
        waiting = deque()
        for place in places:
            waiting.append(pool.submit(make, place))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
