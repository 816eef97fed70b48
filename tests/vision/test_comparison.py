"""Which of two models is better, and how sure that is."""

import random
import time

import numpy
import pytest

from vision.boxes import Box
from vision.comparison import compare, match, mean_average_precision
from vision.evaluation import evaluate
from vision.manifest import LabeledImage

LABELS = ["bar", "square", "never"]


def world(images: int, seed: int = 0) -> dict[str, LabeledImage]:
    chance = random.Random(seed)
    return {
        f"{number:03}": LabeledImage(
            f"{number:03}",
            400,
            300,
            3,
            tuple(
                Box(chance.choice(LABELS[:2]), 100 * place, chance.randrange(100), 60, 80)
                for place in range(chance.randrange(4))
            ),
        )
        for number in range(images)
    }


def model(truth, skill: float, seed: int = 1) -> dict[str, list[Box]]:
    """Finds that share of the boxes, some shifted, with as many boxes where nothing is."""
    chance, found = random.Random(seed), {}
    for uri, image in truth.items():
        boxes = [
            Box(box.label, box.left + chance.randrange(30), box.top, 60, 80, chance.random())
            for box in image.boxes
            if chance.random() < skill
        ]
        found[uri] = [*boxes, Box(chance.choice(LABELS), 320, 10, 60, 60, chance.random())]
    return found


def test_it_measures_what_the_evaluation_measures():
    for seed in range(5):
        truth = world(20, seed)
        new, old = model(truth, 0.8, seed), model(truth, 0.5, seed + 100)
        found = compare(truth, new, old, confidence=0.9, samples=10)
        assert found.new == pytest.approx(evaluate(truth, new, LABELS).map_50)
        assert found.old == pytest.approx(evaluate(truth, old, LABELS).map_50)


def test_a_sample_is_measured_as_if_its_images_were_the_test_split():
    truth = world(12)
    predictions = model(truth, 0.7)
    drawn = [0, 0, 3, 4, 4, 4, 6, 7, 9, 10, 10, 11]
    [found] = mean_average_precision(match(truth, predictions), numpy.bincount(drawn, minlength=12)[None, :])
    uris = list(truth)
    copies = {f"{place:02}": uris[number] for place, number in enumerate(drawn)}
    again = evaluate(
        {copy: truth[uri] for copy, uri in copies.items()},
        {copy: predictions[uri] for copy, uri in copies.items()},
        LABELS,
    )
    # Copies of an image tie in score, which COCO breaks by their order and the weights do not.
    assert found == pytest.approx(again.map_50, abs=0.02)


def test_a_clearly_worse_model_is_surely_worse_and_a_better_one_is_not():
    truth = world(30)
    good, bad = model(truth, 0.95), model(truth, 0.1)
    worse = compare(truth, bad, good, confidence=0.95)
    assert worse.low <= worse.value <= worse.high < -0.1
    assert worse.surely_below(-0.02)
    assert not compare(truth, good, bad, confidence=0.95).surely_below(-0.02)


def test_the_same_model_differs_from_itself_by_nothing():
    truth = world(10)
    same = compare(truth, model(truth, 0.5), model(truth, 0.5), confidence=0.95)
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_few_images_make_it_less_sure():
    widths = []
    for images in (6, 60):
        truth = world(images)
        found = compare(truth, model(truth, 0.6), model(truth, 0.5, seed=7), confidence=0.95)
        widths.append(found.high - found.low)
    assert widths[0] > 1.5 * widths[1]


def test_asked_twice_it_says_the_same():
    truth = world(15)
    asked = [compare(truth, model(truth, 0.6), model(truth, 0.5), confidence=0.9) for _ in range(2)]
    assert asked[0] == asked[1]


def test_a_model_that_sees_nothing_can_be_compared():
    truth = world(8)
    assert compare(truth, {}, model(truth, 0.9), confidence=0.9).new == 0


def test_a_truth_without_boxes_is_refused():
    with pytest.raises(ValueError, match="none of the 1 images has a box"):
        compare({"a": LabeledImage("a", 10, 10, 3, ())}, {}, {}, confidence=0.9)


def test_a_thousand_images_take_seconds():
    truth = world(1000)
    started = time.monotonic()
    compare(truth, model(truth, 0.6), model(truth, 0.5), confidence=0.95)
    assert time.monotonic() - started < 10
