"""Examples as batches of tensors."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from augmentation import STRENGTHS
from plan import batches_in_epoch
from settings import Settings
from task import Batch, Task
from team import Team


def make_batch(
    team: Team, task: Task, settings: Settings, examples: Sequence, strength: str, step: int
) -> Batch:
    """This process's share of the batch of a step, augmented.

    What is drawn depends on the seed and the step alone, not on the team nor on what was drawn before. The
    last batch of an epoch is filled from its beginning.
    """
    epoch, number = divmod(step, batches_in_epoch(settings, examples))
    order = order_of(settings.seed, epoch, len(examples))
    first = number * settings.batch_size
    places = range(first, first + settings.batch_size)[team.rank :: team.size]
    changes = replace(STRENGTHS[strength], quarters=settings.orientation == "any")
    # No thread prepares the next batch meanwhile: it would take this process's one core from the network.
    return task.collate(
        [
            task.augment(
                examples,
                order[place % len(order)],
                settings.image_size,
                changes,
                np.random.default_rng([settings.seed, epoch, place]),
            )
            for place in places
        ]
    )


@lru_cache(maxsize=1)
def order_of(seed: int, epoch: int, count: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch]).permutation(count)
