"""A label of a mask is accepted only if its file can be read and fits the image."""

import re

import numpy
import pytest

from assets.mask_files import check_masks
from assets.records import publish
from vision.manifest import LabeledManifest, LabeledMask
from vision.masks import write_mask

SIZE = (40, 30)


@pytest.fixture
def masks(loop, store):
    """``masks(file)`` checks the label of one image whose mask is ``file``, if any; what is said about it."""
    image = f"{loop.images_uri}1.jpg"
    row = {"uri": image, "etag": "1", "width": SIZE[0], "height": SIZE[1]}
    publish(store, loop, "raw_images", {"images": [row], "rejected": []}, metadata={})

    def check(file: bytes | None, names: tuple[str, ...] = ("square",), size=None) -> list[str]:
        uri = loop.uri("mask.png")
        if file is not None:
            store.write(uri, file)
        label = LabeledMask(image, uri, names, size=size)
        checked = check_masks(store, loop, LabeledManifest([label], [], [], []))
        assert len(checked.images) + len(checked.problems) == 1
        assert all(problem.source == image for problem in checked.problems)
        return [str(problem) for problem in checked.problems]

    return check


def mask(class_id: int = 1, size: tuple[int, int] = SIZE) -> bytes:
    return write_mask(numpy.full(size[::-1], class_id, dtype=numpy.uint8), 2)


def test_a_mask_that_fits_is_accepted(masks):
    assert masks(mask()) == []
    assert masks(mask(0), names=()) == []
    assert masks(mask(), names=("square", "bar"), size=SIZE) == []


@pytest.mark.parametrize(
    ("file", "label", "message"),
    [
        (None, {}, "there is no mask s3://"),
        (b"nothing", {}, "mask.png: not an image"),
        (mask(size=(30, 40)), {}, r"the mask has \(30, 40\) pixels, its image \(40, 30\)"),
        (mask(), {"size": (30, 40)}, r"image_size is \(30, 40\), but the stored image has \(40, 30\)"),
        (mask(3), {}, "a pixel is 3, but there are 2 labels"),
        (mask(2), {}, r"has pixels of \['bar'\], which the internal-color-map does not name"),
    ],
)
def test_a_mask_that_does_not_fit_is_a_problem_of_its_image(masks, file, label, message):
    [problem] = masks(file, **label)
    assert re.search(message, problem) and problem.startswith("s3://")
