"""Labeled photographs as files, whatever their format."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from vision.boxes import Box
from vision.manifest import LabeledImage

SMALLEST = 2  # pixels; narrower boxes are slips of the mouse


class DatasetProblem(ValueError):
    """A folder or file is no data set in the expected format."""


@dataclass(frozen=True)
class Dataset:
    """Photographs with their true boxes.

    ``truth`` is keyed by file name, without folders, and has an entry for each of ``images``. ``problems``
    says in words what was left out: a missing image, a box without area, an image without annotation.
    """

    name: str
    labels: list[str]
    images: list[Path]
    truth: dict[str, LabeledImage]
    problems: list[str] = field(default_factory=list)


def image_size(path: Path) -> tuple[int, int, int]:
    """The file's own size: annotations are often made on another copy."""
    with Image.open(path) as image:
        return *image.size, len(image.getbands())


def usable(
    boxes: Iterable[Box], width: int, height: int, source: str, problems: list[str]
) -> tuple[Box, ...]:
    """The boxes, cut to the image; those of which nothing worth a box remains become problems."""
    kept = []
    for box in boxes:
        left, top = max(box.left, 0), max(box.top, 0)
        right, bottom = min(box.right, width), min(box.bottom, height)
        if box.label and right - left >= SMALLEST and bottom - top >= SMALLEST:
            kept.append(Box(box.label, left, top, right - left, bottom - top, outline=box.outline))
        else:
            problems.append(f"{source}: no box of a size inside the image of {width} x {height}: {box}")
    return tuple(kept)
