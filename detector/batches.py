"""Examples as batches of tensors."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from augmentation import STRENGTHS
from settings import Settings
from task import Batch, Task
from team import Team


def batches(team: Team, task: Task, settings: Settings, examples: Sequence, epoch: int) -> Iterator[Batch]:
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
        yield task.collate(
            [
                task.augment(
                    examples,
                    order[place % len(order)],
                    size,
                    strength,
                    np.random.default_rng([settings.seed, epoch, place]),
                )
                for place in places
            ]
        )


def batches_in_epoch(settings: Settings, examples: Sequence) -> int:
    return math.ceil(len(examples) / settings.batch_size)
