"""A network for masks learns, and the files that it leaves behind answer as the built-in algorithm does."""

import contextlib
import io
import json
import re
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch  # noqa: TID253
from inference_toolkit import Model
from mask_data import IGNORED
from mask_model import Segmenter, mask_loss
from PIL import Image
from pretrained import Pretrained, adopt
from segmentation import SEGMENTATION
from settings import Settings

from .conftest import CLASSES, draw_shapes, jpeg, start_program, stream_channel
from .masks import mask_pairs, shapes_mask, write_mask_folder


@dataclass(frozen=True)
class Painted:
    model: Path
    printed: str


@pytest.fixture(scope="module")
def painted(tmp_path_factory) -> Painted:
    """What a run by hand leaves behind that had time to learn four pictures by heart."""
    import train

    folder = tmp_path_factory.mktemp("painted")
    shapes = str(write_mask_folder(folder / "shapes", 4, copies=4))
    printed, handler = io.StringIO(), signal.getsignal(signal.SIGTERM)
    with contextlib.redirect_stdout(printed):
        train.main(
            [
                *("--train", shapes, "--validation", shapes, "--model-dir", str(folder / "model")),
                *("--processes", "1", "--epochs", "12", "--classes", json.dumps(CLASSES)),
                *("--image_size", "128", "--batch_size", "4", "--base_width", "8"),
                *("--learning_rate", "0.004", "--augmentation", "none"),
            ],
            task=SEGMENTATION,
        )
    signal.signal(signal.SIGTERM, handler)
    return Painted(folder / "model", printed.getvalue())


@pytest.mark.slow
def test_the_network_learns_four_masks_by_heart_and_tells_what_they_are_worth(painted):
    losses = [float(value) for value in re.findall(r"train:loss=([0-9.]+);", painted.printed)]
    scores = [float(value) for value in re.findall(r"validation:mIOU=([0-9.]+);", painted.printed)]
    assert len(losses) == 12 and losses[-1] < losses[0] / 3
    assert scores[-1] > 0.85
    metrics = json.loads((painted.model / "model.json").read_text())["metrics"]
    assert metrics["validation:mIOU"] == pytest.approx(scores[-1], abs=1e-4)
    overlaps = [metrics[f"validation:IOU/{name}"] for name in ("BACKGROUND", *CLASSES)]
    assert np.mean(overlaps) == pytest.approx(metrics["validation:mIOU"])
    assert metrics["validation:boundary_F"] > 0.5


@pytest.mark.slow
def test_the_written_model_answers_with_the_mask_that_was_measured(painted):
    served = Model(painted.model / "code", "inference.py", str(painted.model))
    body, content_type = served.answer(jpeg(draw_shapes(1)[0]), "image/jpeg", "image/png")
    answer = Image.open(io.BytesIO(body))
    assert (content_type, answer.format, answer.mode, answer.size) == ("image/png", "PNG", "L", (128, 128))
    assert (np.asarray(answer) == shapes_mask(1)).mean() > 0.95


@pytest.mark.slow
def test_the_answer_has_the_size_of_the_stored_image_also_where_it_is_not_square(painted):
    served = Model(painted.model / "code", "inference.py", str(painted.model))
    picture = draw_shapes(1)[0].resize((500, 250))
    body, _ = served.answer(jpeg(picture), "application/x-image", "image/png")
    assert Image.open(io.BytesIO(body)).size == (500, 250)


@pytest.mark.slow
@pytest.mark.parametrize("body", [b"no picture", jpeg(draw_shapes(1)[0])[:900]])
def test_what_is_no_image_is_refused_with_a_reason(painted, body):
    served = Model(painted.model / "code", "inference.py", str(painted.model))
    with pytest.raises(ValueError, match=r"not a readable JPEG or PNG|cannot be decoded"):
        served.answer(body, "image/jpeg", "image/png")


def test_a_training_that_goes_on_keeps_what_it_knows_of_each_class_by_its_name():
    """The background has a row as well, which must not move the others."""
    before, after = Segmenter(2, 64, 4), Segmenter(3, 64, 4)
    settings = Settings(classes=("new", "box", "ball"), image_size=64, base_width=4)
    adopt(SEGMENTATION, after, settings, Pretrained(("ball", "box"), 4, before.state_dict()))
    assert (after.class_head.weight[[2, 1]] == before.class_head.weight).all()
    assert (after.background_head.weight == before.background_head.weight).all()


def test_every_part_of_the_network_learns():
    """What has no gradient is computed for nothing, and processes cannot average it."""
    network = Segmenter(2, 64, 4)
    pictures = torch.randint(0, 255, (2, 64, 64, 3), dtype=torch.uint8)
    mask_loss(network(pictures), torch.randint(0, 3, (2, 16, 16))).backward()
    assert [name for name, parameter in network.named_parameters() if parameter.grad is None] == []


@pytest.mark.slow
def test_a_training_job_streams_pairs_of_images_and_masks(base):
    channel = stream_channel(base, "train", mask_pairs(4))
    job = start_program(
        "train_masks.py",
        *("--classes", json.dumps(CLASSES), "--epochs", "1", "--image_size", "64", "--processes", "2"),
        base=base,
        SM_CHANNEL_TRAIN=str(channel),
    )
    printed, _ = job.communicate(timeout=60)
    assert job.returncode == 0, printed
    assert "train: 4 images with masks; validation: 0 images" in printed
    assert (base / "model" / "code" / "serve.py").exists()


def test_nobody_learns_from_pixels_that_are_not_known():
    """Else the grey around a picture teaches that nothing is there."""
    torch.manual_seed(0)
    logits = torch.randn(1, 3, 8, 8, requires_grad=True)
    masks = torch.randint(0, 3, (1, 8, 8))
    masks[:, 4:] = IGNORED
    mask_loss(logits, masks).backward()
    assert logits.grad[:, :, 4:].abs().max() == 0 < logits.grad[:, :, :4].abs().min()
    assert mask_loss(logits, torch.full_like(masks, IGNORED)) == 0


def test_a_rare_class_counts_in_the_loss():
    """Cross entropy alone hardly minds that the one pixel in a thousand is missed."""
    masks = torch.zeros(1, 32, 32, dtype=torch.int64)
    masks[0, 5, 5] = 1
    right = torch.nn.functional.one_hot(masks, 2).movedim(-1, 1) * 20.0
    missed = torch.nn.functional.one_hot(torch.zeros_like(masks), 2).movedim(-1, 1) * 20.0
    assert mask_loss(right, masks) < 0.01
    assert mask_loss(missed, masks) > 0.4


def test_a_network_whose_size_does_not_fit_its_strides_says_so():
    with pytest.raises(ValueError, match="image_size 100 is not a positive multiple of 32"):
        Segmenter(2, 100)
