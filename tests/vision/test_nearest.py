"""What is shown as the nearest label is what its definition says, whichever order the labels come in."""

import pytest

from vision.boxes import Box
from vision.manifest import LabeledImage
from vision.nearest import Question, nearest_label

SEEN = Box("square", 10, 10, 20, 20, 0.9)
PRINTS = {"a": "0" * 15 + "1", "b": "0" * 15 + "3", "c": "0" * 16}


def image(name: str, *boxes: Box, size=(100, 100)) -> LabeledImage:
    return LabeledImage(name, *size, 3, boxes)


def ask(*images: LabeledImage, etag="asked", fingerprint="0" * 16, box=SEEN, prints=PRINTS):
    question = Question({etag}, fingerprint, 100, 100, box and box.label, box)
    both = [
        nearest_label(question, order, {each.uri: each.uri for each in images}, prints)
        for order in (images, images[::-1])
    ]
    assert both[0] == both[1]
    return both[0]


def test_the_very_bytes_come_before_everything_else():
    found = ask(image("a", Box("bar", 0, 0, 5, 5)), image("c", SEEN), etag="a")
    assert (found.image.uri, found.same_bytes, found.box, found.among) == ("a", True, None, 1)


def test_among_images_with_the_predicted_label_the_one_that_looks_most_alike_is_taken():
    found = ask(image("a", SEEN), image("b", SEEN), image("c", Box("bar", 10, 10, 20, 20)))
    assert (found.image.uri, found.apart, found.among) == ("a", 1, 2)


def test_of_pictures_that_are_as_much_alike_the_box_decides_in_fractions_of_the_sides():
    large = image("b", Box("square", 100, 100, 200, 200), size=(1000, 1000))
    small = image("a", Box("square", 20, 20, 20, 20))
    found = ask(large, small, prints={"a": PRINTS["a"], "b": PRINTS["a"]})
    assert (found.image.uri, found.overlap) == ("b", pytest.approx(1))


def test_of_several_boxes_that_which_overlaps_most_is_named():
    far, near = Box("square", 70, 70, 20, 20), Box("square", 12, 10, 20, 20)
    assert ask(image("a", far, Box("bar", 10, 10, 20, 20), near)).box == near


def test_pictures_that_cannot_be_compared_come_last_and_by_their_boxes():
    plain = [image("x", Box("square", 60, 60, 20, 20)), image("y", SEEN)]
    assert ask(*plain, image("b", Box("square", 60, 60, 20, 20))).image.uri == "b"
    assert ask(*plain).image.uri == "y"
    assert ask(*plain, image("a", SEEN), fingerprint=None).apart is None


@pytest.mark.parametrize("box", [None, Box("circle", 1, 1, 5, 5, 0.5)])
def test_without_a_predicted_label_among_them_the_most_alike_of_all_is_taken(box):
    found = ask(image("a", SEEN), image("c"), box=box)
    assert (found.image.uri, found.overlap, found.among) == ("c", None, 2)


def test_no_training_image_is_no_answer():
    with pytest.raises(ValueError, match="no image was trained on"):
        nearest_label(Question(set(), None, 1, 1, None), [], {}, {})
