"""What a training run asks of its task. All else, from processes to checkpoints, is the same for every task.

A task is a class with these members. It plugs in as ``run(settings, ..., task=TASK)`` of train.py, or through
``main(task=TASK)``, which reads the channels and the hyperparameters too.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from augmentation import Strength
from settings import Settings
from torch import Tensor, nn

Batch = tuple[Tensor, ...]  # pictures (n, size, size, 3) in uint8, then the truths that the task's loss takes
View = tuple[np.ndarray, ...]  # the same of one picture


class Task(Protocol):
    """Examples need ``pixels`` (height, width, 3), the longer side being the network's size; what else they
    hold is the task's own affair."""

    goal: str  # the metric by which the best model of a run is chosen: the higher, the better

    def read_channel(self, channel: Path, image_size: int, classes: Sequence[str]) -> list:
        """The examples of a channel. ValueError, naming the record, for what cannot be trained on."""

    def describe(self, examples: Sequence) -> str:
        """How much there is to learn from, for the log: ``300 images with 630 boxes``."""

    def make_model(self, settings: Settings) -> nn.Module:
        """A fresh network. It takes a batch's pictures."""

    def is_by_class(self, name: str) -> bool:
        """Whether this entry of the network's state has one row per class, in the order of the classes."""

    def augment(
        self, examples: Sequence, index: int, size: int, strength: Strength, random: np.random.Generator
    ) -> View:
        """A new view of ``examples[index]`` and of its truth, drawn by ``random`` alone."""

    def collate(self, views: Sequence[View]) -> Batch:
        """Views of :meth:`augment` as tensors, on the CPU."""

    def loss(self, model: nn.Module, outputs: Any, truths: Sequence[Tensor]) -> Tensor:
        """One number for what the network gave for a batch's pictures."""

    def select(self, outputs: Any) -> list:
        """What the network says of each picture of a batch, in numpy: processes send it to each other."""

    def score(self, settings: Settings, examples: Sequence, found: Sequence) -> dict[str, float]:
        """The metrics, ``goal`` among them, of one entry of :meth:`select` per example."""

    def choose(
        self, settings: Settings, examples: Sequence, found: Sequence
    ) -> tuple[dict[str, Any], dict[str, float]]:
        """Of the same, for the best model so far: facts to store with it, of plain JSON, and more metrics."""

    def write_model(
        self,
        model: nn.Module,
        settings: Settings,
        metrics: dict[str, float],
        chosen: dict[str, Any],
        folder: Path,
    ) -> None:
        """Everything that the serving container needs, into ``folder``, with the facts that were chosen."""
