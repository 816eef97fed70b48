import numpy as np
import pytest
from metrics import average_precision


def random_boxes(random: np.random.Generator, count: int) -> np.ndarray:
    corner = random.uniform(0, 80, (count, 2))
    return np.concatenate([corner, corner + random.uniform(10, 40, (count, 2))], axis=1)


def random_case(seed: int, images: int, classes: int):
    """Truths, and detections that find some of them more or less well, some twice, among false ones."""
    random = np.random.default_rng(seed)
    truths, found = [], []
    for _ in range(images):
        boxes = random_boxes(random, random.integers(0, 8))
        labels = random.integers(0, classes, len(boxes))
        picks = random.integers(0, len(boxes), random.integers(0, 12)) if len(boxes) else np.zeros(0, int)
        near = boxes[picks] + random.uniform(-4, 4, (len(picks), 4))
        false = random_boxes(random, random.integers(0, 5))
        named = np.concatenate([labels[picks], random.integers(0, classes, len(false))])
        detections = np.concatenate([near, false])
        truths.append((boxes, labels))
        found.append((detections, random.random(len(detections)), named))
    return truths, found


def coco_precision(truths, found, classes: int) -> tuple[float, float]:
    from faster_coco_eval import COCO, COCOeval_faster

    def rows(image, boxes, labels):
        for left, top, right, bottom, label in np.column_stack([boxes, labels]):
            box = [left, top, right - left, bottom - top]
            yield {"image_id": image, "category_id": int(label), "bbox": box, "area": box[2] * box[3]}

    annotations = [row for image, truth in enumerate(truths) for row in rows(image, *truth)]
    for number, row in enumerate(annotations, start=1):
        row |= {"id": number, "iscrowd": 0}
    detections = []
    for image, (boxes, scores, labels) in enumerate(found):
        detections += [
            row | {"score": score}
            for row, score in zip(rows(image, boxes, labels), scores.tolist(), strict=True)
        ]
    data = {
        "images": [{"id": image, "width": 200, "height": 200} for image in range(len(truths))],
        "categories": [{"id": label, "name": str(label)} for label in range(classes)],
        "annotations": annotations,
    }
    truth = COCO(data)
    evaluation = COCOeval_faster(truth, truth.loadRes(detections), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation.stats[1], evaluation.stats[0]


@pytest.mark.parametrize("seed", range(5))
def test_our_average_precision_is_cocos(seed):
    truths, found = random_case(seed, images=12, classes=3)
    ours = average_precision(truths, found, 3)
    assert 0.1 < ours[1] < ours[0] < 1
    assert ours == pytest.approx(coco_precision(truths, found, 3), abs=1e-9)


def test_a_class_without_truths_does_not_count():
    box = np.array([[0.0, 0, 10, 10]])
    truths, found = [(box, np.array([0]))], [(box, np.array([0.9]), np.array([0]))]
    assert average_precision(truths, found, 5) == (1.0, 1.0)


def test_nothing_found_and_nothing_to_find_are_zero_and_not_an_error():
    nothing = (np.zeros((0, 4)), np.zeros(0), np.zeros(0, int))
    box = np.array([[0.0, 0, 10, 10]])
    assert average_precision([(box, np.array([0]))], [nothing], 1) == (0.0, 0.0)
    assert average_precision([(np.zeros((0, 4)), np.zeros(0, int))], [nothing], 1) == (0.0, 0.0)
