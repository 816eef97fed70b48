"""What the evaluations of boxes and of masks have in common, and under which names."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NamedTuple, Protocol

from vision.evaluation import Evaluation
from vision.mask_evaluation import MaskEvaluation


class Names(NamedTuple):
    """Of the two means, of a label's two values, and of what is counted of each label."""

    main: str
    second: str
    label: str
    label_second: str
    counted: str


class Measures(Protocol):
    """An evaluation. All values are from 0 to 1, and None where nothing is known.

    ``per_class`` gives for each label at least the numbers ``truths`` and ``predictions``.
    """

    images: int
    per_class: Mapping[str, Mapping[str, Any]]

    @property
    def main(self) -> float: ...

    @property
    def second(self) -> float: ...

    def of_label(self, label: str) -> tuple[float | None, float | None]:
        """Two Nones for a label that is unknown."""

    def headline(self) -> dict[str, float]:
        """The two means under the names that they have as metadata; the first is the one that counts."""

    def as_dict(self) -> dict: ...


NAMES = {
    Evaluation: Names("mAP50", "mAP50-95", "AP50", "AP50-95", "boxes"),
    MaskEvaluation: Names("mIoU", "boundary F", "IoU", "boundary F", "pixels"),
}


def names(result: Measures) -> Names:
    return NAMES[type(result)]


def read_measures(values: Mapping[str, Any]) -> Measures:
    """An evaluation of either kind, as ``as_dict`` gave it; whatever else stands beside it is left out."""
    kind = MaskEvaluation if "miou" in values else Evaluation
    return kind.from_dict({field.name: values[field.name] for field in fields(kind)})
