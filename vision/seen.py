"""What a model sees in one image: boxes, or a mask. Drawn, told and compared alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol

import numpy

from vision.agreement import disagreements
from vision.boxes import Box
from vision.manifest import ImageLabel, LabeledImage, LabeledMask
from vision.masks import Mask, MaskProblem, read_mask
from vision.pictures import draw_boxes, draw_mask_on
from vision.predictions import PredictionProblem, parse_prediction

SHOWN = 5  # boxes or regions in one line
DIFFERING = 0.005  # of all pixels: another machine adds up in another order, which moves some edges


class Seen(Protocol):
    noun: ClassVar[str]

    def __len__(self) -> int: ...

    @property
    def label(self) -> str | None:
        """Of what is seen most surely; None where nothing is."""

    @property
    def box(self) -> Box | None:
        """Where that is, if the model says so by a box."""

    def draw(self, image: bytes) -> bytes:
        """The image with it, a PNG."""

    def differences(self, other: "Seen") -> list[str]:
        """In what another answer about the same image says something else; few words each."""

    def told(self) -> str:
        """In one line."""

    def as_json(self) -> dict[str, Any]: ...

    def told_label(self, label: ImageLabel) -> str:
        """What people saw in an image, as this is told."""

    def label_as_json(self, label: ImageLabel) -> dict[str, Any]: ...


@dataclass(frozen=True)
class SeenBoxes:
    """``boxes`` have scores, the surest first; those below ``score_floor`` count for nothing."""

    boxes: Sequence[Box]
    labels: Sequence[str]  # of the model
    score_floor: float
    noun: ClassVar[str] = "boxes"

    @cached_property
    def sure(self) -> list[Box]:
        return [box for box in self.boxes if box.score >= self.score_floor]

    def __len__(self) -> int:
        return len(self.sure)

    @property
    def label(self) -> str | None:
        return self.box and self.box.label

    @property
    def box(self) -> Box | None:
        return next(iter(self.sure), None)

    def draw(self, image: bytes) -> bytes:
        return draw_boxes(image, self.sure, labels=self.labels)

    def differences(self, other: "SeenBoxes") -> list[str]:
        found = disagreements(self.boxes, other.boxes, self.score_floor)
        return [f"{box.label} {box.score:.2f}" for box in found]

    def told(self) -> str:
        return told_boxes(self.sure) or f"nothing scores {self.score_floor:g} or more"

    def as_json(self) -> dict[str, Any]:
        return {"score_floor": self.score_floor, "boxes": list(map(_box_as_json, self.sure))}

    def told_label(self, label: LabeledImage) -> str:
        return told_boxes(label.boxes) or "none: people saw nothing there"

    def label_as_json(self, label: LabeledImage) -> dict[str, Any]:
        return {"boxes": list(map(_box_as_json, label.boxes))}


@dataclass(frozen=True, eq=False)
class SeenMask:
    """``mask`` has pixel ``i + 1`` where the model sees its i-th label."""

    mask: Mask
    labels: Sequence[str]  # of the model
    noun: ClassVar[str] = "regions"
    box: ClassVar[None] = None

    @cached_property
    def pixels(self) -> dict[str, int]:
        """Of each label that is seen, the largest first."""
        counts = numpy.bincount(self.mask.ravel(), minlength=len(self.labels) + 1)[1:].tolist()
        seen = [(count, label) for label, count in zip(self.labels, counts, strict=True) if count]
        return {label: count for count, label in sorted(seen, key=lambda each: -each[0])}

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def label(self) -> str | None:
        return next(iter(self.pixels), None)

    def draw(self, image: bytes) -> bytes:
        return draw_mask_on(image, self.mask, self.labels)

    def differences(self, other: "SeenMask") -> list[str]:
        if self.mask.shape != other.mask.shape:
            return [f"{self.mask.shape} and {other.mask.shape} rows and columns"]
        part = float((self.mask != other.mask).mean())
        return [f"{part:.1%} of the pixels"] if part > DIFFERING else []

    def told(self) -> str:
        told = [f"{label} on {count / self.mask.size:.1%}" for label, count in self.pixels.items()]
        return _some(told) or "nothing but background"

    def as_json(self) -> dict[str, Any]:
        return {"regions": [{"label": label, "pixels": count} for label, count in self.pixels.items()]}

    def told_label(self, label: LabeledMask) -> str:
        return ", ".join(label.names) or "none: people saw nothing there"

    def label_as_json(self, label: LabeledMask) -> dict[str, Any]:
        return {"regions": [{"label": name} for name in label.names], "mask": label.mask_uri}


def read_boxes(
    body: bytes, labels: Sequence[str], size: tuple[int, int], score_floor: float = 0.0
) -> SeenBoxes:
    """The answer of a model of boxes about an image of (width, height). Raises PredictionProblem."""
    return SeenBoxes(parse_prediction(body, labels, *size), labels, score_floor)


def read_seen_mask(body: bytes, labels: Sequence[str], size: tuple[int, int] | None) -> SeenMask:
    """The answer of a model of masks: a PNG of class ids, with a palette or without. Raises
    PredictionProblem.
    """
    try:
        return SeenMask(read_mask(body, labels, size, modes=("L", "P")), labels)
    except MaskProblem as problem:
        raise PredictionProblem(str(problem)) from problem


def told_boxes(boxes: Sequence[Box]) -> str:
    """The first ones; empty for no boxes."""
    return _some([_told_box(box) for box in boxes])


def _told_box(box: Box) -> str:
    score = "" if box.score is None else f" {box.score:.2f}"
    return f"{box.label}{score} at {box.left:.0f},{box.top:.0f} {box.width:.0f} x {box.height:.0f}"


def _some(told: list[str]) -> str:
    more = [f"{len(told) - SHOWN} more"] if len(told) > SHOWN else []
    return "; ".join(told[:SHOWN] + more)


def _box_as_json(box: Box) -> dict[str, Any]:
    return {name: getattr(box, name) for name in ("label", "score", "left", "top", "width", "height")}
