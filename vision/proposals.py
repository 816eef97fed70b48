"""What people made of the boxes that they were shown to begin with."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from vision.boxes import Box, pairs

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

    Of two proposals on one object the one with the wrong label counts as removed, by the order of ``pairs``.
    """
    paired = list(pairs(proposed, drawn))
    same = [(before, after) for before, after in paired if before.label == after.label]
    kept = sum(_unmoved(before, after) for before, after in same)
    return Changes(
        kept=kept,
        moved=len(same) - kept,
        relabeled=len(paired) - len(same),
        removed=len(proposed) - len(paired),
        added=len(drawn) - len(paired),
    )


def _unmoved(one: Box, other: Box) -> bool:
    edges = zip(_edges(one), _edges(other), strict=True)
    return all(abs(before - after) <= ROUNDING for before, after in edges)


def _edges(box: Box) -> tuple[float, ...]:
    return box.left, box.top, box.right, box.bottom
