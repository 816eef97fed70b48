"""Whether two answers about one image say the same."""

from collections.abc import Sequence

from vision.boxes import Box, iou

# Another machine adds up in another order; nothing that a person would see.
LEAST_OVERLAP = 0.95
SCORE_TOLERANCE = 0.02


def disagreements(first: Sequence[Box], second: Sequence[Box], score_floor: float) -> list[Box]:
    """The boxes of either answer, with scores from ``score_floor`` on, that the other does not have.

    Looked for among all boxes of the other: a score may be just above the floor here and just below it there.
    """
    return [*_only_in(first, second, score_floor), *_only_in(second, first, score_floor)]


def _only_in(these: Sequence[Box], those: Sequence[Box], score_floor: float) -> list[Box]:
    free, lonely = list(those), []
    for box in (box for box in these if box.score >= score_floor):
        twin = next((other for other in free if _same(box, other)), None)
        if twin is None:
            lonely.append(box)
        else:
            free = [other for other in free if other is not twin]
    return lonely


def _same(box: Box, other: Box) -> bool:
    return (
        box.label == other.label
        and abs(box.score - other.score) <= SCORE_TOLERANCE
        and iou(box, other) >= LEAST_OVERLAP
    )
