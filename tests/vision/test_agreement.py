"""Two answers about one image are the same but for rounding, or they are not."""

import pytest

from vision.agreement import disagreements
from vision.boxes import Box

BOX = Box("bar", 10, 10, 100, 100, 0.9)


@pytest.mark.parametrize(
    ("other", "count"),
    [
        ([Box("bar", 10.5, 10, 100, 100, 0.91)], 0),  # another machine's rounding
        ([Box("bar", 10, 10, 100, 100, 0.9), Box("bar", 300, 10, 9, 9, 0.1)], 0),  # too unsure to count
        ([], 1),
        ([Box("square", 10, 10, 100, 100, 0.9)], 2),
        ([Box("bar", 30, 10, 100, 100, 0.9)], 2),
        ([Box("bar", 10, 10, 100, 100, 0.7)], 2),
        ([BOX, BOX], 1),
    ],
    ids=["rounding", "unsure", "missing", "label", "place", "score", "twice"],
)
def test_only_what_a_person_would_see_is_a_disagreement(other, count):
    assert len(disagreements([BOX], other, 0.45)) == count
    assert len(disagreements(other, [BOX], 0.45)) == count


def test_a_score_at_the_floor_is_no_disagreement():
    above, below = (Box("bar", 0, 0, 50, 50, score) for score in (0.451, 0.449))
    assert disagreements([above], [below], 0.45) == []
