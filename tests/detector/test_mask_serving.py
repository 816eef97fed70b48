import numpy as np
import pytest
from mask_serving import class_ids, output_fn


def test_a_mask_has_the_images_size_and_straight_edges():
    """Logits of a slanted edge, at every fourth pixel: the answer follows it more finely than that."""
    down, across = np.mgrid[0:16, 0:16] * 4 + 2
    right = (across - down * 0.5 - 20).astype(np.float32)
    mask = class_ids(np.stack([-right, right]), (64, 48), (640, 480))
    assert mask.shape == (480, 640) and mask.dtype == np.uint8
    expected = np.arange(640)[None] / 10 - np.arange(480)[:, None] / 10 * 0.5 - 20 > 0
    assert (mask == expected).mean() > 0.995


def test_a_mask_made_in_strips_is_the_same(monkeypatch):
    logits = np.random.default_rng(0).normal(size=(4, 16, 16)).astype(np.float32)
    whole = class_ids(logits, (60, 44), (300, 220))
    monkeypatch.setattr("mask_serving.PIXELS_AT_ONCE", 300 * 7)
    assert (class_ids(logits, (60, 44), (300, 220)) == whole).mean() > 0.999
    assert set(np.unique(whole)) == {0, 1, 2, 3}


def test_a_client_that_takes_no_png_is_told_so():
    with pytest.raises(ValueError, match="cannot answer as 'application/json': only image/png"):
        output_fn(np.zeros((2, 2), np.uint8), "application/json")
    assert output_fn(np.zeros((2, 2), np.uint8), "text/html, image/png;q=0.5")[1] == "image/png"
