"""A batch that is not labeled as those before it is told; chance and small numbers are not."""

import random

import pytest

from vision.class_mix import departures


def told(*counts: dict[str, int], max_shift: float = 0.3) -> list[str]:
    batches = [(f"batch-{number}", each) for number, each in enumerate(counts, start=1)]
    return [str(departure) for departure in departures(batches, max_shift)]


HALVES = {"bar": 50, "square": 50}


@pytest.mark.parametrize(
    "counts",
    [
        [HALVES],  # nothing came before
        [HALVES, {"bar": 30, "square": 20}],
        [HALVES, {"bar": 19}],  # too few to tell
        [{"bar": 5, "square": 5}, {"bar": 100}],
        [{"bar": 100}, {"bar": 100}],  # there never was another
        [{"bar": 99, "square": 1}, {"bar": 60}],  # one in a hundred may well be missing
        [{"bar": 94, "square": 6}, {"bar": 58, "square": 2}],
        [HALVES, {}],
    ],
)
def test_what_chance_explains_is_not_told(counts):
    assert told(*counts) == []


def test_a_label_that_takes_over_and_one_that_vanishes_are_named_with_their_numbers():
    assert told(HALVES, {"bar": 40}) == [
        "batch-2: no square (before 50%), 100% bar (before 50%); 40 objects are 0.50 away from the 100 "
        "of earlier batches, by chance 0.07"
    ]
    [almost] = told(HALVES, {"bar": 97, "square": 3})
    assert "97% bar (before 50%);" in almost and "no square" not in almost


def test_another_mix_is_told_by_how_far_away_it_is():
    shifted = {"bar": 45, "square": 5}
    assert told(HALVES, shifted)[0].startswith("batch-2: 50 objects are 0.40 away from the 100 of")
    assert told(HALVES, shifted, max_shift=0.4) == []


def test_a_new_label_is_another_mix():
    assert told(HALVES, {"bar": 20, "square": 20, "circle": 60})


def test_each_batch_is_compared_with_all_that_came_before_it():
    found = told(HALVES, {"bar": 60}, {"bar": 40}, HALVES)
    assert [each.partition(":")[0] for each in found] == ["batch-2", "batch-3"]


@pytest.mark.parametrize("kinds", [2, 10, 50])
def test_batches_that_are_drawn_alike_are_hardly_ever_told(kinds):
    lots, alarms = random.Random(1), 0
    labels = [f"label {number}" for number in range(kinds)]
    for _ in range(200):
        drawn = [lots.choices(labels, k=30) for _ in range(2)]
        alarms += len(told(*({label: each.count(label) for label in set(each)} for each in drawn)))
    assert alarms <= 2
