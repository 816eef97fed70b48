"""Boxes around objects, in pixels of the image as it is stored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

Polygon = tuple[tuple[float, float], ...]  # corners x, y in pixels
SAME_OBJECT = 0.5  # intersection over union from which two boxes are about one object, as in COCO's AP50


@dataclass(frozen=True)
class Box:
    """An upright rectangle with its label.

    Pixels of the stored image, counted from its top left corner; EXIF orientation is never applied.
    ``score`` is a confidence from 0 to 1: the workers' for a label, the model's for a prediction, None where
    none is known. ``outline`` is the shape of the object in the box, where a truth knows it: one or more
    polygons, whose pixels are those with their centre inside.
    """

    label: str
    left: float
    top: float
    width: float
    height: float
    score: float | None = None
    outline: tuple[Polygon, ...] = field(default=(), compare=False, repr=False)

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    @property
    def area(self) -> float:
        return self.width * self.height


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0 (apart) to 1 (the same); labels are not compared."""
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / (a.area + b.area - both)


def pairs(ones: Sequence[Box], others: Sequence[Box]) -> Iterator[tuple[Box, Box]]:
    """Boxes about one object: paired greedily, each at most once, if they overlap by at least SAME_OBJECT;
    those of one label first, the most alike first."""
    candidates = sorted(
        (one.label != other.label, -overlap, number, place)
        for number, one in enumerate(ones)
        for place, other in enumerate(others)
        if (overlap := iou(one, other)) >= SAME_OBJECT
    )
    paired: tuple[set[int], set[int]] = set(), set()
    for *_, number, place in candidates:
        if number not in paired[0] and place not in paired[1]:
            paired[0].add(number)
            paired[1].add(place)
            yield ones[number], others[place]
