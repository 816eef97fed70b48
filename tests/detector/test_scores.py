import json

import numpy as np
import pytest
from scores import best_threshold, calibration_error, choose_scores, isotonic

from .test_metrics import random_case


def f1_at(truths, found, threshold: float, labels) -> float:
    """By the definition, box by box."""
    right = boxes = objects = 0
    for (corners, classes), (candidates, scores, named) in zip(truths, found, strict=True):
        for label in labels:
            free = [corner for corner, of in zip(corners, classes, strict=True) if of == label]
            objects += len(free)
            for index in np.argsort(-scores, kind="stable"):
                if named[index] != label or scores[index] < threshold:
                    continue
                boxes += 1
                overlaps = [overlap(corner, candidates[index]) for corner in free]
                if overlaps and max(overlaps) >= 0.5:
                    right += 1
                    free.pop(int(np.argmax(overlaps)))
    return 2 * right / (boxes + objects)


def overlap(first, second) -> float:
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(width, 0) * max(height, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return shared / (sum(areas) - shared)


@pytest.mark.parametrize("seed", range(3))
def test_no_other_threshold_has_a_better_f1(seed):
    truths, found = random_case(seed, images=6, classes=2)
    facts, metrics = choose_scores(truths, found, ["a", "b"])
    chosen = {
        ("a", "b"): facts["threshold"],
        **{(name,): of for name, of in facts["threshold"]["classes"].items()},
    }
    assert len(chosen) == 3
    for names, best in chosen.items():
        labels = [["a", "b"].index(name) for name in names]
        assert f1_at(truths, found, best["score"], labels) == pytest.approx(best["F1"])
        others = [f1_at(truths, found, threshold, labels) for threshold in np.linspace(0, 1, 41)]
        assert max(others) <= best["F1"] + 1e-9
    assert metrics["validation:F1"] == facts["threshold"]["F1"]
    assert metrics["validation:threshold"] == facts["threshold"]["score"]
    assert json.loads(json.dumps(facts)) == facts, "it is stored as JSON"


def test_a_threshold_does_not_part_boxes_of_one_score():
    scores, right = np.array([0.9, 0.5, 0.5, 0.2]), np.array([True, True, False, False])
    assert best_threshold((scores, right, 2)) == {"score": pytest.approx(0.35), "F1": pytest.approx(0.8)}


def test_calibration_makes_overconfident_scores_honest_and_never_turns_their_order():
    random = np.random.default_rng(0)
    scores = random.random(4000)
    right = random.random(4000) < scores**2  # a score of .7 is right in half of the cases
    knots, precision = isotonic(scores, right)
    assert len(knots) <= 10 and (np.diff(knots) > 0).all() and (np.diff(precision) > 0).all()
    assert np.interp(0.7, knots, precision) == pytest.approx(0.49, abs=0.05)
    held_out = random.random(4000)
    came_true = random.random(4000) < held_out**2
    assert calibration_error(held_out, came_true) > 0.1
    assert calibration_error(np.interp(held_out, knots, precision), came_true) < 0.03


def test_scores_that_mean_nothing_are_pooled_into_one_knot():
    scores = np.linspace(0, 1, 100)
    knots, precision = isotonic(scores, scores < 0.5)
    assert len(knots) == 1 and precision[0] == pytest.approx(0.5)


def test_images_without_objects_and_models_without_boxes_are_no_error():
    nothing = (np.zeros((0, 4)), np.zeros(0), np.zeros(0, int))
    empty, box = (np.zeros((0, 4)), np.zeros(0, int)), (np.array([[0.0, 0, 9, 9]]), np.array([1]))
    assert choose_scores([empty], [nothing], ["a", "b"]) == ({}, {})
    facts, metrics = choose_scores([box], [nothing], ["a", "b"])
    assert facts["threshold"] == {
        "iou": 0.5,
        "score": 1.0,
        "F1": 0.0,
        "classes": {"b": {"score": 1.0, "F1": 0.0}},
    }
    assert metrics["validation:calibrated_error"] == 0
