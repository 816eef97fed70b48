"""What few test images cannot tell is not given as if they could."""

from dataclasses import replace

import pytest

from tests.vision.test_comparison import LABELS, model, world
from vision.evaluation import evaluate
from vision.intervals import average_precision_intervals
from vision.manifest import LabeledImage


def test_the_measured_value_lies_within_and_more_images_tell_more():
    def width(images: int) -> float:
        truth = world(images)
        found = model(truth, skill=0.7)
        (low, high), of_labels = average_precision_intervals(truth, found, confidence=0.95, samples=300)
        result = evaluate(truth, found, LABELS)
        assert low < result.map_50 < high
        assert set(of_labels) == {"bar", "square"}
        assert all(
            low <= result.per_class[label]["ap_50"] <= high for label, (low, high) in of_labels.items()
        )
        return high - low

    assert width(400) < 0.5 * width(40)


def test_samples_without_any_box_of_a_label_are_no_zeros():
    truth = world(12)
    perfect = {uri: [replace(box, score=0.9) for box in image.boxes] for uri, image in truth.items()}
    assert average_precision_intervals(truth, perfect, confidence=0.9, samples=50)[0] == pytest.approx((1, 1))


def test_without_any_box_there_is_nothing_to_measure():
    with pytest.raises(ValueError, match="none of the 1 images has a box"):
        average_precision_intervals({"1": LabeledImage("1", 4, 3, 3, ())}, {}, confidence=0.95)
