"""What models answer, for each form of label: read, kept in S3, and found again there.

The assets are the same for all forms; how an answer becomes something to count, draw and compare is a module
each: :mod:`assets.box_answers` and :mod:`assets.mask_answers`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import dagster as dg

from assets.box_answers import BoxAnswers
from assets.mask_answers import MaskAnswers
from resources.loop import Loop
from resources.object_store import ObjectStore
from vision.seen import Seen


class Batch(NamedTuple):
    """What there is to tell of many answers: a CSV file, numbers, and the first ones drawn."""

    table: bytes
    numbers: dict[str, Any]
    pictures: dg.MetadataValue


class Answers(Protocol):
    def read(self, loop: Loop, body: bytes, labels: Sequence[str], size: tuple[int, int]) -> Seen:
        """``labels`` are the model's, ``size`` is (width, height). Raises PredictionProblem."""

    def batch(
        self,
        store: ObjectStore,
        loop: Loop,
        model: Mapping[str, Any],
        images: Mapping[str, Mapping[str, Any]],
        answers: Mapping[str, bytes],
    ) -> Batch:
        """``model`` has its name and its labels, ``images`` the rows of `raw_images` by URI."""

    def kept(
        self, store: ObjectStore, loop: Loop, uri: str, labels: Sequence[str]
    ) -> Iterator[tuple[str, Seen]]:
        """What `evaluation` kept at ``uri``: images in which the model saw most first, each with that."""


ANSWERS: dict[str, Answers] = {
    "bounding_box": BoxAnswers(),
    "semantic_segmentation": MaskAnswers(),
}


def answers_of(loop: Loop) -> Answers:
    """KeyError for a loop that has no model."""
    return ANSWERS[loop.label_form]
