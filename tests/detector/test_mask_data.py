import numpy as np
import pytest
from augmentation import STRENGTHS
from data import DataProblem
from mask_augmentation import augment_mask
from mask_data import IGNORED, read_mask_channel

from .conftest import CLASSES, draw_shapes, jpeg, record, stream_channel
from .masks import mask_pairs, png, shapes_mask, write_mask_folder


def test_a_pipe_and_a_folder_give_the_same_masks(base, tmp_path):
    streamed = read_mask_channel(stream_channel(base, "train", mask_pairs(2)), 96, CLASSES)
    stored = read_mask_channel(write_mask_folder(tmp_path / "stored", 2), 96, CLASSES)
    assert len(streamed) == len(stored) == 2
    for one, other in zip(streamed, stored, strict=True):
        assert (one.pixels == other.pixels).all() and (one.mask == other.mask).all()
        assert one.mask.shape == one.pixels.shape[:2] == (96, 96)
        assert set(np.unique(one.mask)) <= {0, 1, 2}


def test_a_mask_of_a_photograph_that_is_not_square_stays_on_its_objects(base):
    picture, mask = draw_shapes(3, 200, 100)[0], shapes_mask(3, 200, 100)
    stream = record(jpeg(picture)) + record(png(mask, palette=False))
    [example] = read_mask_channel(stream_channel(base, "train", stream), 96, CLASSES)
    assert example.mask.shape == (48, 96)
    red, _, blue = np.moveaxis(example.pixels.astype(int), 2, 0)
    assert (blue[example.mask == 1] > red[example.mask == 1]).mean() > 0.95
    assert (red[example.mask == 2] > blue[example.mask == 2]).mean() > 0.95


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        (b"no picture", r"pair 1: the mask is no readable PNG \(10 bytes\)"),
        (jpeg(draw_shapes(0)[0]), "the mask is no readable PNG"),
        (png(np.zeros((128, 128, 3), np.uint8), palette=False), "PNG of mode RGB, not one of class ids"),
        (png(np.zeros((64, 128), np.uint8)), "the mask has 128x64 pixels, its image 128x128"),
        (png(np.full((128, 128), 3, np.uint8)), "a pixel of 3; there are 2 classes"),
        (png(shapes_mask(0))[:150], "the mask cannot be decoded"),
    ],
)
def test_a_mask_that_cannot_be_learned_from_is_named(base, mask, reason):
    stream = record(jpeg(draw_shapes(0)[0])) + record(mask)
    with pytest.raises(DataProblem, match=reason):
        read_mask_channel(stream_channel(base, "train", stream), 64, CLASSES)


def test_a_moved_mask_lies_on_the_moved_picture_and_is_unknown_beside_it(base):
    """Whoever moves one and not the other teaches that objects are where they are not."""
    examples = read_mask_channel(stream_channel(base, "train", mask_pairs(1)), 128, CLASSES)
    for seed in range(4):
        pixels, mask = augment_mask(examples, 0, 128, STRENGTHS["light"], np.random.default_rng(seed))
        assert pixels.shape == (128, 128, 3) and mask.shape == (32, 32)
        colours = pixels[2::4, 2::4].astype(int)
        strongest = colours[..., 2] - colours[..., 0]  # blue less red
        assert strongest[mask == 1].mean() > 40 and strongest[mask == 2].mean() < -40
        assert abs(strongest[mask == 0].mean()) < 25
        assert IGNORED in mask or seed
