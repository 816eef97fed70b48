"""What people made of the boxes that they were shown to begin with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from vision.boxes import Box, iou

SAME_OBJECT = 0.5  # intersection over union from which two boxes are about one object, as in COCO's AP50
ROUNDING = 1  # pixels by which each edge may differ in a box that nobody moved


@dataclass(frozen=True)
class Changes:
    """Counts of boxes. Each proposed one was kept, moved, relabeled or removed; the others were added."""

    kept: int = 0  # same label, every edge within a pixel
    moved: int = 0  # same label, another place or size
    relabeled: int = 0  # another label, whether it was moved or not
    removed: int = 0
    added: int = 0

    @property
    def proposed(self) -> int:
        return self.kept + self.moved + self.relabeled + self.removed

    def __add__(self, other: "Changes") -> "Changes":
        return Changes(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


def changes(proposed: Sequence[Box], drawn: Sequence[Box]) -> Changes:
    """Compare the boxes of one image before and after.

    Boxes are paired greedily, each at most once, if they overlap by at least SAME_OBJECT: those of one label
    first, the most alike first. So of two proposals on one object the one with the wrong label counts as
    removed.
    """
    pairs = list(_pairs(proposed, drawn))
    same = [(before, after) for before, after in pairs if before.label == after.label]
    kept = sum(_unmoved(before, after) for before, after in same)
    return Changes(
        kept=kept,
        moved=len(same) - kept,
        relabeled=len(pairs) - len(same),
        removed=len(proposed) - len(pairs),
        added=len(drawn) - len(pairs),
    )


def _pairs(proposed: Sequence[Box], drawn: Sequence[Box]) -> Iterable[tuple[Box, Box]]:
    candidates = sorted(
        (before.label != after.label, -overlap, number, other)
        for number, before in enumerate(proposed)
        for other, after in enumerate(drawn)
        if (overlap := iou(before, after)) >= SAME_OBJECT
    )
    paired: tuple[set[int], set[int]] = set(), set()
    for *_, number, other in candidates:
        if number not in paired[0] and other not in paired[1]:
            paired[0].add(number)
            paired[1].add(other)
            yield proposed[number], drawn[other]


def _unmoved(one: Box, other: Box) -> bool:
    edges = zip(_edges(one), _edges(other), strict=True)
    return all(abs(before - after) <= ROUNDING for before, after in edges)


def _edges(box: Box) -> tuple[float, ...]:
    return box.left, box.top, box.right, box.bottom
