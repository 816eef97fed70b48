import json

import numpy as np
import pytest
import torch  # noqa: TID253
from assignment import assign
from augmentation import STRENGTHS, Strength, augment
from data import Example, read_examples
from losses import complete_iou
from model import Detector, point_grid
from settings import Settings
from team import Team
from training import train

from .conftest import CLASSES, draw_shapes, jpeg

TINY = Settings(classes=tuple(CLASSES), epochs=2, image_size=128, batch_size=4, base_width=4)


@pytest.fixture(scope="module")
def shapes() -> list[Example]:
    torch.set_num_threads(1)
    drawn = [draw_shapes(seed) for seed in range(4)]
    named = [(str(seed), jpeg(picture), json.dumps(label)) for seed, (picture, label) in enumerate(drawn)]
    return read_examples(named, TINY.image_size, CLASSES)


def changed(**settings) -> Settings:
    return Settings(**(vars(TINY) | settings))


def test_the_same_seed_gives_the_same_model_and_another_seed_another(shapes):
    def weights(seed: int) -> torch.Tensor:
        model, _ = train(Team(), changed(seed=seed, augmentation="full"), shapes, [])
        return torch.cat([value.flatten().float() for value in model.state_dict().values()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


@pytest.mark.parametrize("strength", STRENGTHS)
def test_boxes_follow_their_objects_through_augmentation(shapes, strength):
    hits = total = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        pixels, boxes, classes = augment(shapes, seed % 4, 128, STRENGTHS[strength], random)
        assert pixels.shape == (128, 128, 3) and pixels.dtype == np.uint8
        assert boxes.dtype == np.float32 and (boxes >= 0).all() and (boxes <= 128).all()
        for (left, top, right, bottom), class_id in zip(boxes, classes, strict=True):
            red, _, blue = pixels[int(top + bottom) // 2, int(left + right) // 2].astype(int)
            hits += (red > blue + 40) if class_id else (blue > red + 40)
            total += 1
    assert total > 80 and hits / total > 0.97  # one shape may lie upon another


@pytest.mark.parametrize(("quarters", "looks"), [(False, 2), (True, 8)])
def test_a_picture_is_turned_only_where_it_has_no_upper_side(quarters, looks):
    pixels = np.arange(64 * 64 * 3, dtype=np.uint8).reshape(64, 64, 3)
    corner = Example("corner", pixels, np.float32([[0, 0, 32, 8]]), np.int64([0]))
    random, strength = np.random.default_rng(0), Strength(mirror=0.5, quarters=quarters)
    seen = {tuple(augment([corner], 0, 64, strength, random)[1].round().ravel()) for _ in range(100)}
    assert len(seen) == looks
    assert {frozenset((right - left, bottom - top)) for left, top, right, bottom in seen} == {
        frozenset((32, 8))
    }


def test_a_box_that_leaves_the_picture_is_not_learned():
    pixels = np.full((64, 64, 3), 200, np.uint8)
    corner = Example("corner", pixels, np.float32([[0, 0, 8, 8], [28, 28, 36, 36]]), np.int64([0, 1]))
    random = np.random.default_rng(0)
    seen = [augment([corner], 0, 64, Strength(shift=0.5), random)[2].tolist() for _ in range(50)]
    assert [1] in seen and [0, 1] in seen and all(1 in classes for classes in seen)


def grid(size: int):
    points, strides = point_grid(size)
    return torch.full((1, len(points), 2), 0.01), points, strides


def test_a_box_smaller_than_a_cell_still_gets_a_point():
    scores, points, strides = grid(64)
    corners = torch.cat([points - strides[:, None], points + strides[:, None]], dim=1)[None]
    boxes = torch.tensor([[[7.0, 7, 9, 9], [0, 0, 0, 0]]])  # between four points; the second is padding
    _, weight = assign(
        scores, corners, points, strides, boxes, torch.zeros(1, 2, dtype=int), torch.tensor([[True, False]])
    )
    assert 1 <= (weight > 0).sum() <= 10


def test_a_point_learns_the_box_it_overlaps_most_and_padding_is_nobodys():
    scores, points, strides = grid(64)
    boxes = torch.tensor([[[0.0, 0, 32, 32], [8, 8, 64, 64], [0, 0, 64, 64]]])
    corners = boxes[0, (points.sum(dim=1) > 64).long()][None]
    present = torch.tensor([[True, True, False]])
    box, weight = assign(scores, corners, points, strides, boxes, torch.zeros(1, 3, dtype=int), present)
    learning = weight[0] > 0
    assert set(box[0, learning].tolist()) == {0, 1}
    assert torch.equal(box[0, learning], (points[learning].sum(dim=1) > 64).long())
    assert weight.max() == pytest.approx(1)


def test_the_box_loss_falls_towards_the_aim():
    aim = torch.tensor([[10.0, 10, 30, 40]]).expand(5, 4)
    shifts = torch.tensor([0.0, 2, 8, 30, 100])[:, None]
    values = complete_iou(aim + shifts, aim)
    assert values[0] == pytest.approx(1) and (values.diff() < 0).all() and values[-1] < 0


def test_an_image_size_the_strides_do_not_divide_is_refused():
    with pytest.raises(ValueError, match="image_size 300 is not a positive multiple of 32"):
        changed(image_size=300)


def test_the_network_is_as_small_as_it_was_measured():
    parameters = sum(parameter.numel() for parameter in Detector(3, 320).parameters())
    assert 2.5e6 < parameters < 2.6e6
