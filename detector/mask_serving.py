"""Answers requests with a model of masks, inside the SageMaker PyTorch inference container.

The model carries this file as ``code/inference.py``, and ``serve.py`` beside it. The answer is what the
built-in algorithm semantic-segmentation gives for ``image/png``: a PNG of one channel in the image's size,
whose pixels are class ids, 0 for the background. The training program imports ``class_ids``, so that
evaluation and serving make the same mask of the same logits.
"""

import io

import numpy as np
from PIL import Image
from serve import CallersError, Model, input_fn, model_fn, pad, read_picture

__all__ = ["input_fn", "model_fn", "output_fn", "predict_fn"]

STRIDE = 4  # pixels of the network's picture between two of its logits
PIXELS_AT_ONCE = 4_000_000  # of an answer: bounds the memory, not the result


def predict_fn(picture: Image.Image, model: Model) -> np.ndarray:
    """Class ids (height, width) of the stored image's pixels. CallersError if it turns out truncated."""
    size = picture.size  # before decoding, which may go by a fraction of it
    pixels = read_picture(picture, model.image_size)
    [logits] = model.session.run(None, {"image": pad(pixels, model.image_size)[None]})
    return class_ids(logits[0], pixels.shape[1::-1], size)


def output_fn(mask: np.ndarray, accept: str) -> tuple[bytes, str]:
    """Write the answer as PNG; CallersError for a client that accepts none."""
    wanted = {kind.partition(";")[0].strip().lower() for kind in accept.split(",")}
    if not wanted & {"image/png", "image/*", "*/*", ""}:
        raise CallersError(f"cannot answer as {accept!r}: only image/png", status=406)
    stream = io.BytesIO()
    Image.fromarray(mask).save(stream, "PNG")
    return stream.getvalue(), "image/png"


def class_ids(logits: np.ndarray, seen: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """The likeliest class of each pixel: uint8 (height, width).

    Takes logits (classes, rows, columns) in single precision; ``seen`` is the width and height of the picture
    inside the network's square, ``size`` that of the answer. Logits are scaled before the classes are
    compared: edges come out straight, not in steps of four pixels.
    """
    width, height = size
    across, down = seen[0] / STRIDE, seen[1] / STRIDE
    mask = np.empty((height, width), np.uint8)
    rows = max(1, PIXELS_AT_ONCE // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        strip = (0, top / height * down, across, bottom / height * down)
        mask[top:bottom] = _likeliest(logits, strip, (width, bottom - top))
    return mask


def _likeliest(
    logits: np.ndarray, box: tuple[float, float, float, float], size: tuple[int, int]
) -> np.ndarray:
    """One class after the other, as there may be hundreds."""
    best, ids = None, np.zeros(size[::-1], np.uint8)
    for class_id, plane in enumerate(logits):
        scaled = np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR, box=box))
        if best is None:
            best = scaled
            continue
        ids[scaled > best] = class_id
        best = np.maximum(best, scaled)
    return ids
