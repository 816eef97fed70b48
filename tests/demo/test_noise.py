"""Simulated workers err like people: a little, each in his own way, and the same in every run."""

import statistics

import pytest

from demo.noise import Noise, draw_boxes
from vision.boxes import Box, iou
from vision.manifest import LabeledImage

LABELS = ["cat", "dog"]
PERFECT = Noise().scaled(0)


def images(count: int = 300) -> list[LabeledImage]:
    boxes = (Box("cat", 40, 30, 80, 40), Box("dog", 200, 100, 120, 140))
    return [LabeledImage(f"folder/{number}.jpg", 400, 300, 3, boxes) for number in range(count)]


def as_box(answer: dict) -> Box:
    return Box(answer["label"], answer["left"], answer["top"], answer["width"], answer["height"])


def test_without_noise_a_worker_draws_the_truth():
    (image,) = images(1)
    assert draw_boxes("ann", image, LABELS, PERFECT) == [
        {"height": 40, "label": "cat", "left": 40, "top": 30, "width": 80},
        {"height": 140, "label": "dog", "left": 200, "top": 100, "width": 120},
    ]


def test_objects_that_the_job_does_not_ask_for_are_not_drawn():
    (image,) = images(1)
    assert [box["label"] for box in draw_boxes("ann", image, ["dog"], PERFECT)] == ["dog"]


def test_a_worker_draws_the_same_again_and_another_worker_something_else():
    (image,) = images(1)
    noise = Noise(misses=0)
    again = LabeledImage("elsewhere/0.jpg", 400, 300, 3, image.boxes)
    assert draw_boxes("ann", image, LABELS, noise) == draw_boxes("ann", again, LABELS, noise)
    assert draw_boxes("ann", image, LABELS, noise) != draw_boxes("bob", image, LABELS, noise)


def test_errors_are_as_frequent_as_asked():
    noise = Noise(jitter=0, misses=0.2, wrong_labels=0.1, false_boxes=0.3, spread=0)
    objects = found = right = strange = 0
    for image in images():
        truth = {(box.left, box.top): box.label for box in image.boxes}
        objects += len(truth)
        for box in map(as_box, draw_boxes("ann", image, LABELS, noise)):
            known = truth.get((box.left, box.top))
            found += known is not None
            right += known == box.label
            strange += known is None
    assert found / objects == pytest.approx(0.8, abs=0.05)
    assert right / found == pytest.approx(0.9, abs=0.05)
    assert strange / len(images()) == pytest.approx(0.3, abs=0.08)


def test_edges_are_off_in_proportion_to_the_box():
    noise = Noise(jitter=0.05, misses=0, wrong_labels=0, false_boxes=0, spread=0)
    drawn = [list(map(as_box, draw_boxes("ann", image, LABELS, noise))) for image in images()]
    assert statistics.stdev(cat.left for cat, _ in drawn) == pytest.approx(4, rel=0.2)
    assert statistics.stdev(dog.bottom for _, dog in drawn) == pytest.approx(7, rel=0.2)
    assert statistics.mean(cat.left for cat, _ in drawn) == pytest.approx(40, abs=1)


def test_workers_differ_in_skill():
    noise = Noise(misses=0, wrong_labels=0, false_boxes=0)
    overlaps = [
        statistics.mean(
            iou(as_box(drawn), truth)
            for image in images(50)
            for drawn, truth in zip(draw_boxes(worker, image, LABELS, noise), image.boxes, strict=True)
        )
        for worker in (f"crowd-{number}" for number in range(8))
    ]
    assert max(overlaps) - min(overlaps) > 0.03
    assert min(overlaps) > 0.75


def test_the_worst_noise_still_draws_whole_pixels_inside_the_image():
    edge = (Box("cat", 0, 0, 400, 300), Box("dog", 399, 299, 1, 1), Box("cat", 0.4, 0.4, 0.2, 0.2))
    image = LabeledImage("1.jpg", 400, 300, 3, edge)
    for worker in range(200):
        for box in draw_boxes(f"worker {worker}", image, LABELS, Noise(jitter=3, misses=0, false_boxes=1)):
            assert all(type(box[side]) is int for side in ("left", "top", "width", "height"))
            assert box["left"] >= 0 and box["top"] >= 0 and box["width"] >= 1 and box["height"] >= 1
            assert box["left"] + box["width"] <= 400 and box["top"] + box["height"] <= 300
