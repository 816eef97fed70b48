"""What the report of an evaluation shows."""

import base64
import io
import re
from dataclasses import replace

import pytest
from PIL import Image

from vision.boxes import Box
from vision.evaluation import evaluate
from vision.judgement import confusion, judge_images, worst
from vision.manifest import LabeledImage
from vision.over_time import Beside, Measured
from vision.report import evaluation_report

LABELS = ["bar", "square"]


def box(left: float, label: str = "bar", score: float | None = None) -> Box:
    return Box(label, left, 10, 40, 40, score)


def image(uri: str, *boxes: Box) -> LabeledImage:
    return LabeledImage(uri, 200, 100, 3, boxes)


TRUTH = {"a": image("a", box(0), box(100, "square")), "b": image("b", box(0)), "c": image("c")}
FOUND = {
    "a": [box(2, "square", 0.9), box(101, "square", 0.8)],  # one taken for another
    "b": [box(1, "bar", 0.7), box(120, "bar", 0.6), box(60, "bar", 0.1)],
}


def photograph(noise: bool = False, size: tuple[int, int] = (200, 100)) -> bytes:
    file = io.BytesIO()
    (Image.effect_noise(size, 90) if noise else Image.new("RGB", size)).save(file, "JPEG")
    return file.getvalue()


def report(truth=TRUTH, found=FOUND, read=lambda uri: photograph(), labels=LABELS, **more) -> str:
    result = evaluate(truth, found, labels)
    return evaluation_report("a-model", result, truth, found, read, score_floor=0.5, **more).decode()


def test_the_confusion_counts_every_box_and_every_sure_prediction_once():
    assert confusion(TRUTH, FOUND, LABELS, 0.5) == [
        [1, 1, 0],  # bars: found, taken for a square
        [0, 1, 0],
        [1, 0, 0],  # a bar where nothing is
    ]
    assert confusion(TRUTH, {}, LABELS, 0.5) == [[0, 0, 2], [0, 0, 1], [0, 0, 0]]


def test_the_worst_images_come_first_and_perfect_ones_not_at_all():
    assert [found.uri for found in worst(judge_images(TRUTH, FOUND), 0.5)] == ["a", "b"]
    assert [found.errors(0.5) for found in worst(judge_images(TRUTH, FOUND), 0.5)] == [2, 1]


def test_of_two_boxes_in_the_same_place_each_needs_its_own_prediction():
    twice = {"a": image("a", box(0), box(0))}
    [judged] = judge_images(twice, {"a": [box(0, score=0.9)]})
    assert len(judged.missed(0.5)) == 1


def test_the_page_needs_nothing_from_outside():
    page = report()
    assert not re.search(r"(src|href)=\"(?!data:)", page) and "url(" not in page and "import" not in page
    assert page.count("<figure>") == 2
    assert page.count('class="right-box"') == 2 and page.count('class="wrong-box"') == 3


def test_names_of_labels_and_images_are_text_and_never_markup():
    evil = "<script>alert(1)</script>"
    page = report({evil: image(evil, box(0, evil))}, {evil: [box(120, evil, 0.9)]}, labels=[evil])
    assert "<script>alert" not in page and page.count("&lt;script&gt;alert(1)") > 3


def test_earlier_evaluations_and_their_curves_are_shown_once_there_are_any():
    now = evaluate(TRUTH, FOUND, LABELS)
    last = Measured("shapes-model-new", "0123456789ab", now)
    assert "Over time" not in report(past=[last])
    before = Measured("shapes-model-old<", "ba9876543210", evaluate(TRUTH, {}, LABELS))
    page = report(past=[before, last], beside=Beside("the model <before>", before.result))
    assert "Over time" in page and "Dashed: the model &lt;before&gt;" in page
    assert ">old&lt;<br>" in page and "test ba9876" in page
    assert f"+{now.map_50:.3f}</td>" in page
    assert page.count('stroke-dasharray="5 4"') == 2


def test_many_large_images_still_make_a_small_page():
    truth = {f"{number:02}": image(f"{number:02}", box(0)) for number in range(60)}
    noisy = photograph(noise=True, size=(1600, 1600))
    page = report(truth, {}, read=lambda uri: noisy)
    assert 0 < page.count("<figure>") <= 24
    assert len(page) < 600_000
    assert base64.b64decode(re.search(r"image/webp;base64,([^\"]+)", page)[1])[8:12] == b"WEBP"


@pytest.mark.parametrize("found", [{}, {uri: list(image.boxes) for uri, image in TRUTH.items()}])
def test_a_model_that_finds_nothing_or_everything_has_a_page_too(found):
    sure = {uri: [replace(wanted, score=0.9) for wanted in boxes] for uri, boxes in found.items()}
    assert ("No image has an error" in report(found=sure)) is bool(found)
