"""What people did with the boxes they were shown is told from what they handed in."""

import pytest

from vision.boxes import Box
from vision.proposals import Changes, changes

SIGN, POLE = Box("sign", 10, 10, 40, 30, 0.8), Box("pole", 100, 5, 10, 60, 0.6)


def moved(box: Box, by: float = 0, label: str | None = None) -> Box:
    return Box(label or box.label, box.left + by, box.top, box.width, box.height)


@pytest.mark.parametrize(
    ("proposed", "drawn", "expected"),
    [
        ([], [], Changes()),
        ([SIGN, POLE], [POLE, SIGN], Changes(kept=2)),
        ([SIGN], [moved(SIGN, 1)], Changes(kept=1)),  # rounding, or the median of several workers
        ([SIGN], [moved(SIGN, 2)], Changes(moved=1)),
        ([SIGN], [Box("sign", 10, 10, 40, 45)], Changes(moved=1)),
        ([SIGN], [moved(SIGN, 25)], Changes(removed=1, added=1)),  # another place is another object
        ([SIGN], [moved(SIGN, label="pole")], Changes(relabeled=1)),
        ([SIGN], [moved(SIGN, 3, label="pole")], Changes(relabeled=1)),
        ([SIGN, POLE], [], Changes(removed=2)),
        ([], [SIGN, POLE], Changes(added=2)),
        ([SIGN], [SIGN, SIGN], Changes(kept=1, added=1)),
    ],
)
def test_every_box_is_counted_once_by_what_became_of_it(proposed, drawn, expected):
    assert changes(proposed, drawn) == expected
    assert expected.proposed == len(proposed)


def test_of_two_proposals_on_one_object_the_one_with_the_wrong_label_was_removed():
    assert changes([moved(SIGN, label="pole"), SIGN], [moved(SIGN, 2)]) == Changes(moved=1, removed=1)


def test_a_box_stays_with_the_proposal_that_is_most_like_it():
    left, right = moved(SIGN), moved(SIGN, 8)
    assert changes([left, right], [moved(right, 3), left]) == Changes(kept=1, moved=1)
