"""What is labeled next is what the setting says, and the same when it is asked for twice."""

import random

import pytest

from vision.likeness import distance
from vision.selection import by_diversity, by_uncertainty, in_random_order, uncertainty


@pytest.mark.parametrize(
    ("scores", "threshold", "expected"),
    [
        ([], 0.5, 0),
        ([0.5], 0.5, 1),
        ([0.0, 1.0], 0.5, 0),
        ([0.75], 0.5, 0.25),  # 1-vs-2 margin: (1 - (0.75 - 0.25))^2
        ([0.2], 0.4, 0.25),
        ([0.7], 0.4, 0.25),
        ([0.99, 0.75, 0.01], 0.5, 0.25),  # the most undecided box counts, however many there are
        ([1.0], 1.0, 1),
        ([0.0], 0.0, 1),
    ],
)
def test_a_model_is_unsure_of_scores_near_the_threshold(scores, threshold, expected):
    assert uncertainty(scores, threshold) == pytest.approx(expected)


def test_sure_images_wait_and_those_that_the_model_has_not_seen_wait_longest():
    scores = {"sure": [0.99], "torn": [0.44, 0.01], "blank": [], "doubtful": [0.7]}
    names = ["new b", "sure", "blank", "torn", "new a", "doubtful"]
    expected = ["torn", "doubtful", "sure", "blank", "new a", "new b"]
    assert by_uncertainty(names, scores, 0.45) == expected
    assert by_uncertainty(names[::-1], scores, 0.45) == expected


def test_without_predictions_the_order_is_random():
    assert by_uncertainty(["c", "a", "b"], {}, 0.45) == in_random_order(["c", "a", "b"]) == ["a", "b", "c"]


ZERO, NEAR, FAR, HALF = f"{0:016x}", f"{0b111:016x}", "f" * 16, "f" * 8 + "0" * 8


def test_the_picture_that_is_least_like_all_others_comes_first():
    fingerprints = {"labeled": ZERO, "near": NEAR, "far": FAR, "half": HALF}
    names = ["near", "half", "far"]
    assert by_diversity(names, fingerprints, ["labeled"], 3) == ["far", "half", "near"]
    assert by_diversity(names, fingerprints, ["labeled", "never seen"], 1) == ["far"]


def test_of_a_burst_one_picture_is_taken_before_another_of_it():
    fingerprints = {f"burst {number}": FAR for number in range(5)} | {"other": HALF, "labeled": ZERO}
    names = [name for name in fingerprints if name != "labeled"]
    assert by_diversity(names, fingerprints, ["labeled"], 2) == ["burst 0", "other"]
    assert sorted(by_diversity(names, fingerprints, ["labeled"], 9)) == sorted(names)


def test_plain_pictures_come_last_and_nothing_needs_to_be_labeled_before():
    fingerprints = {"b": ZERO, "a": NEAR, "c": FAR}
    names = ["plain", "c", "b", "a", "empty"]
    assert by_diversity(names, fingerprints, [], 9) == ["a", "c", "b", "empty", "plain"]
    assert by_diversity(["plain", "empty"], {}, [], 1) == ["empty"]


def test_the_choice_does_not_depend_on_the_order_of_the_images_and_is_farthest_first():
    rng = random.Random(3)
    fingerprints = {f"{rng.getrandbits(64):016x}": f"{rng.getrandbits(64):016x}" for _ in range(300)}
    names = list(fingerprints)
    waiting, labeled = names[:200], names[200:]
    chosen = by_diversity(waiting, fingerprints, labeled, 20)
    shuffled = by_diversity(rng.sample(waiting, 200), fingerprints, rng.sample(labeled, 100), 20)
    assert chosen == shuffled
    known = list(labeled)
    for name in chosen:  # by the definition, slowly
        gaps = {
            other: min(distance(fingerprints[other], fingerprints[each]) for each in known)
            for other in waiting
            if other not in known
        }
        assert gaps[name] == max(gaps.values())
        known.append(name)
