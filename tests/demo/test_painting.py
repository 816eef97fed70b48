"""Simulated workers paint, classify, judge and correct as people would: nearly right, and always the same."""

import base64
import io

import numpy
import pytest
from PIL import Image

from demo.answers import answer
from demo.noise import Noise
from demo.painting import mask_answer, paint, shown_mask
from demo.reviewing import adjust_boxes, adjust_mask, faults_of_boxes, judge
from vision.boxes import Box
from vision.manifest import LabeledImage
from vision.masks import draw_mask, mean_overlap, overlaps, write_mask

LABELS = ["dog", "cat"]
PERFECT = Noise().scaled(0)
TURNED = (((60.0, 20.0), (140.0, 60.0), (120.0, 100.0), (40.0, 60.0)),)
IMAGE = LabeledImage(
    "s3://b/1.jpg",
    320,
    240,
    3,
    (Box("dog", 40, 20, 100, 80, outline=TURNED), Box("cat", 180, 120, 90, 70)),
    image_class="cat",
)


def task(tag: str, **shown) -> dict:
    return {"job": "job", "element": {"tag": tag, "name": "e"}, "labels": LABELS, "input": shown}


def pictures(count: int) -> list[LabeledImage]:
    return [LabeledImage(f"s3://b/{number}.jpg", 320, 240, 3, IMAGE.boxes) for number in range(count)]


def truth(image: LabeledImage):
    return draw_mask(image.boxes, LABELS, (image.width, image.height))


def test_a_perfect_worker_paints_the_truth():
    assert (paint("anna", IMAGE, LABELS, PERFECT) == truth(IMAGE)).all()


def test_the_same_worker_paints_the_same_and_another_one_differently():
    first = paint("anna", IMAGE, LABELS, Noise())
    assert (paint("anna", IMAGE, LABELS, Noise()) == first).all()
    assert (paint("bert", IMAGE, LABELS, Noise()) != first).any()


def test_ordinary_workers_paint_nearly_the_truth_and_careless_ones_worse():
    def overlap(noise: Noise) -> float:
        found = [(paint("anna", image, LABELS, noise), truth(image)) for image in pictures(30)]
        return mean_overlap(overlaps(found, LABELS))

    assert 0.75 < overlap(Noise()) < 0.99
    assert overlap(Noise().scaled(3)) < overlap(Noise())


def test_an_answer_has_the_elements_colours_and_transparent_background():
    value = mask_answer(paint("anna", IMAGE, LABELS, PERFECT), LABELS)
    assert value["labelMappings"] == {"dog": {"color": "#1f77b4"}, "cat": {"color": "#ff7f0e"}}
    assert value["inputImageProperties"] == {"height": 240, "width": 320}
    picture = Image.open(io.BytesIO(base64.b64decode(value["labeledImage"]["pngImageData"])))
    assert (picture.mode, picture.size) == ("RGBA", (320, 240))
    assert (picture.getpixel((0, 0)), picture.getpixel((200, 150))) == ((0, 0, 0, 0), (255, 127, 14, 255))
    only_cat = mask_answer(numpy.where(truth(IMAGE) == 2, 2, 0).astype(numpy.uint8), LABELS)
    assert list(only_cat["labelMappings"]) == ["cat"]


def test_a_mask_under_review_is_read_by_its_colours():
    mappings = {"cat": {"color": "#ff7f0e"}, "dog": {"color": "#1f77b4"}}
    assert (shown_mask(write_mask(truth(IMAGE), 2), mappings, LABELS) == truth(IMAGE)).all()


def test_images_are_classified_and_sometimes_wrongly():
    def right(noise: Noise) -> int:
        labeled = [LabeledImage(each.uri, 320, 240, 3, (), image_class="cat") for each in pictures(200)]
        found = [answer(task("crowd-image-classifier"), "anna", image, noise, None) for image in labeled]
        return found.count({"label": "cat"})

    assert right(PERFECT) == 200
    assert 100 < right(Noise(wrong_labels=0.2)) < 200


def test_an_image_of_unknown_class_is_told_and_not_guessed():
    unknown = LabeledImage("s3://b/1.jpg", 320, 240, 3, ())
    with pytest.raises(ValueError, match=r"one of \['dog', 'cat'\], but the truth of s3://b/1.jpg is None"):
        answer(task("crowd-classifier"), "anna", unknown, PERFECT, None)


def test_an_element_that_the_crowd_cannot_answer_is_named():
    with pytest.raises(ValueError, match="job asks for crowd-keypoint; this crowd answers crowd-bounding"):
        answer(task("crowd-keypoint"), "anna", IMAGE, PERFECT, None)


@pytest.mark.parametrize(
    ("shown", "faults"),
    [
        (IMAGE.boxes, []),
        (IMAGE.boxes[:1], ["no good box of cat"]),
        ((*IMAGE.boxes, Box("dog", 0, 200, 20, 20)), ["dog is not there"]),
        (
            (IMAGE.boxes[0], Box("dog", 180, 120, 90, 70)),
            ["no good box of cat", "dog is not there"],
        ),
        (
            (IMAGE.boxes[0], Box("cat", 180, 120, 90, 40)),
            ["no good box of cat", "cat is not there"],
        ),
    ],
)
def test_boxes_are_judged_by_the_truth_with_a_comment_that_says_why(shown, faults):
    assert faults_of_boxes(shown, IMAGE) == faults
    verdict = judge("anna", IMAGE, faults, PERFECT)
    expected = {"label": "bad", "workerComment": "; ".join(faults)} if faults else {"label": "good"}
    assert verdict == expected


def test_a_careless_worker_sometimes_says_the_opposite():
    said = [judge("anna", image, [], Noise(wrong_labels=0.2))["label"] for image in pictures(200)]
    assert 0 < said.count("bad") < 100


def shown(*boxes: Box) -> list[dict]:
    return [
        {
            "label": box.label,
            "left": int(box.left),
            "top": int(box.top),
            "width": int(box.width),
            "height": int(box.height),
        }
        for box in boxes
    ]


def test_right_boxes_are_handed_in_as_they_are():
    assert adjust_boxes("anna", IMAGE, LABELS, PERFECT, shown(*IMAGE.boxes)) == (shown(*IMAGE.boxes), False)


def test_wrong_boxes_are_mended_missing_ones_drawn_and_false_ones_deleted():
    wrong = shown(Box("dog", 45, 20, 100, 80), Box("cat", 0, 0, 9, 9))
    drawn, modified = adjust_boxes("anna", IMAGE, LABELS, PERFECT, wrong)
    assert modified
    assert {(each["label"], each["left"], each["width"]) for each in drawn} == {
        ("dog", 40, 100),
        ("cat", 180, 90),
    }


def test_a_worker_leaves_what_is_as_good_as_he_could_draw_it():
    nearly = shown(Box("dog", 41, 20, 100, 80), Box("cat", 180, 121, 90, 70))
    assert adjust_boxes("anna", IMAGE, LABELS, Noise(), nearly) == (nearly, False)


def test_masks_are_left_or_painted_anew():
    kept, modified = adjust_mask("anna", IMAGE, LABELS, PERFECT, truth(IMAGE))
    assert not modified and (kept == truth(IMAGE)).all()
    mended, modified = adjust_mask("anna", IMAGE, LABELS, PERFECT, numpy.zeros((240, 320), numpy.uint8))
    assert modified and (mended == truth(IMAGE)).all()
