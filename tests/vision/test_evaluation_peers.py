"""Our measure beside pycocotools, the reference implementation, on crowded images with rival boxes."""

import contextlib
import io

import numpy
import pytest

from vision.boxes import Box
from vision.evaluation import evaluate
from vision.manifest import LabeledImage

LABELS = ["cat", "dog", "bird"]
WIDTH, HEIGHT = 640, 480
SAME = 1e-6


def some_boxes(random: numpy.random.Generator, count: int) -> list[Box]:
    boxes = []
    for _ in range(count):
        width, height = random.uniform(8, 200, 2)
        left, top = random.uniform(0, WIDTH - width), random.uniform(0, HEIGHT - height)
        boxes.append(Box(LABELS[random.integers(2)], left, top, width, height))
    return boxes


def guesses(random: numpy.random.Generator, boxes: list[Box]) -> list[Box]:
    """Two loose boxes around most objects, some of another label, and some around nothing."""
    found = []
    for box in [*boxes, *boxes]:
        if random.random() < 0.2:
            continue
        shift = random.normal(0, 0.1, 4) * [box.width, box.height, box.width, box.height]
        label = box.label if random.random() < 0.9 else LABELS[random.integers(3)]
        left, top = box.left + shift[0], box.top + shift[1]
        width, height = max(box.width + shift[2], 1), max(box.height + shift[3], 1)
        found.append(Box(label, left, top, width, height, round(random.random(), 2)))  # some scores are equal
    return found + [Box(box.label, *place(box), random.random() / 2) for box in some_boxes(random, 3)]


def place(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.width, box.height


def by_pycocotools(truth: dict[str, LabeledImage], predictions: dict[str, list[Box]]):
    """Precision by overlap, recall and label, of all sizes and at most 100 boxes; -1 without truth."""
    coco = pytest.importorskip(
        "pycocotools.coco", reason="pycocotools is not installed: see requirements-test.lock"
    )
    from pycocotools.cocoeval import COCOeval

    def annotations(boxes_of) -> list[dict]:
        rows = [(number, box) for number, uri in enumerate(truth, start=1) for box in boxes_of(uri)]
        return [
            {
                "id": row,
                "image_id": number,
                "category_id": LABELS.index(box.label) + 1,
                "bbox": list(place(box)),
                "area": box.width * box.height,
                "score": box.score,
                "iscrowd": 0,
            }
            for row, (number, box) in enumerate(rows, start=1)
        ]

    sides = []
    for boxes_of in (lambda uri: truth[uri].boxes, lambda uri: predictions.get(uri, [])):
        side = coco.COCO()
        side.dataset = {
            "images": [{"id": number} for number in range(1, len(truth) + 1)],
            "categories": [{"id": number + 1, "name": label} for number, label in enumerate(LABELS)],
            "annotations": annotations(boxes_of),
        }
        side.createIndex()
        sides.append(side)
    evaluator = COCOeval(*sides, iouType="bbox")
    evaluator.evaluate()
    evaluator.accumulate()
    return evaluator.eval["precision"][:, :, :, 0, -1]


@pytest.mark.parametrize("seed", range(3))
def test_every_average_precision_is_that_of_pycocotools(seed):
    random = numpy.random.default_rng(seed)
    truth, predictions = {}, {}
    for number in range(30):
        uri, boxes = f"image {number}", some_boxes(random, int(random.integers(0, 9)))
        truth[uri] = LabeledImage(uri, WIDTH, HEIGHT, 3, tuple(boxes))
        predictions[uri] = guesses(random, boxes)
    crowded = some_boxes(random, 60)  # so that more than 100 boxes compete
    truth["crowded"] = LabeledImage("crowded", WIDTH, HEIGHT, 3, tuple(crowded))
    predictions["crowded"] = guesses(random, crowded) + guesses(random, crowded)

    with contextlib.redirect_stdout(io.StringIO()):
        precision = by_pycocotools(truth, predictions)
    found = evaluate(truth, predictions, LABELS)
    for index, label in enumerate(LABELS):
        expected = precision[:, :, index]
        if (expected < 0).all():
            assert found.per_class[label]["ap_50"] is None
            continue
        assert found.per_class[label]["ap_50"] == pytest.approx(expected[0].mean(), abs=SAME)
        assert found.per_class[label]["ap_50_95"] == pytest.approx(expected.mean(), abs=SAME)
    known = precision[:, :, :2]
    assert found.map_50 == pytest.approx(known[0].mean(), abs=SAME)
    assert found.map_50_95 == pytest.approx(known.mean(), abs=SAME)
    assert 0.05 < found.map_50_95 < found.map_50 < 0.95, "too easy or too hard to tell measures apart"
