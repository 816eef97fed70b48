"""Answers requests with a trained model, inside the SageMaker PyTorch inference container.

The model carries this file as ``code/inference.py``. It stands alone and does without torch: onnxruntime runs
the network. The training program imports ``read_picture``, ``pad`` and ``select_boxes``, so that training,
evaluation and serving see a picture the same way.
"""

import io
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

try:
    from sagemaker_inference.errors import BaseInferenceToolkitError as ToolkitError
except ImportError:  # in training, where nobody asks over HTTP

    class ToolkitError(Exception):
        def __init__(self, status_code: int, message: str, phrase: str):
            self.status_code, self.message, self.phrase = status_code, message, phrase
            super().__init__(message)


CONTENT_TYPES = {"image/jpeg", "image/png", "application/x-image"}
GREY = 114  # what surrounds a picture that does not fill the network's square


class CallersError(ToolkitError, ValueError):
    """What the caller has to mend; the toolkit answers with this status instead of 500."""

    def __init__(self, message: str, status: int = 400):
        super().__init__(status, message, "Bad Request")

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Model:
    session: "onnxruntime.InferenceSession"  # noqa: F821
    image_size: int


def model_fn(model_dir: str) -> Model:
    """Load model.onnx and model.json. One thread per session, unless OMP_NUM_THREADS says otherwise."""
    import onnxruntime

    facts = json.loads(Path(model_dir, "model.json").read_text())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    session = onnxruntime.InferenceSession(
        Path(model_dir, "model.onnx"), options, providers=["CPUExecutionProvider"]
    )
    return Model(session, facts["image_size"])


def input_fn(body: bytes, content_type: str) -> Image.Image:
    """Open one image; CallersError for a content type or bytes that are no JPEG or PNG."""
    if content_type.partition(";")[0].strip().lower() not in CONTENT_TYPES:
        known = ", ".join(sorted(CONTENT_TYPES))
        raise CallersError(f"content type {content_type!r} is not one of {known}", status=415)
    return open_picture(bytes(body))


def predict_fn(picture: Image.Image, model: Model) -> list[list[float]]:
    """Rows ``[class, score, xmin, ymin, xmax, ymax]``, best first, as the built-in algorithm answers them.

    Corners are fractions (0-1) of the stored image. CallersError if the picture turns out to be truncated.
    """
    pixels = read_picture(picture, model.image_size)
    boxes, scores = model.session.run(None, {"image": pad(pixels, model.image_size)[None]})
    corners, scores, classes = select_boxes(boxes[0], scores[0])
    height, width = pixels.shape[:2]
    corners = np.clip(corners / [width, height, width, height], 0, 1)
    return [
        [float(label), round(float(score), 5), *(round(float(value), 6) for value in box)]
        for label, score, box in zip(classes, scores, corners, strict=True)
    ]


def output_fn(prediction: list[list[float]], accept: str) -> tuple[bytes, str]:
    """Write the answer as JSON; CallersError for a client that accepts no JSON."""
    wanted = {kind.partition(";")[0].strip().lower() for kind in accept.split(",")}
    if not wanted & {"application/json", "application/*", "*/*", ""}:
        raise CallersError(f"cannot answer as {accept!r}: only application/json", status=406)
    return json.dumps({"prediction": prediction}).encode(), "application/json"


def open_picture(data: bytes) -> Image.Image:
    """Read the header of a JPEG or PNG; the pixels follow in :func:`read_picture`. Raises CallersError."""
    try:
        return Image.open(io.BytesIO(data), formats=("JPEG", "PNG"))
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise CallersError(f"not a readable JPEG or PNG image ({len(data)} bytes): {error}") from error


def read_picture(picture: Image.Image, size: int) -> np.ndarray:
    """Decode to RGB pixels (height, width, 3) whose longer side is ``size``.

    The stored pixels, never turned by the EXIF orientation: labels are drawn on the stored image. Raises
    CallersError.
    """
    scale = size / max(picture.size)
    shape = tuple(max(1, round(side * scale)) for side in picture.size)
    try:
        picture.draft("RGB", shape)  # a large JPEG is decoded at a half, a quarter or an eighth of its size
        return np.asarray(picture.convert("RGB").resize(shape, Image.Resampling.BILINEAR))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise CallersError(f"the image cannot be decoded: {error}") from error


def pad(pixels: np.ndarray, size: int) -> np.ndarray:
    """Put a picture into the upper left corner of a grey square (size, size, 3)."""
    square = np.full((size, size, 3), GREY, np.uint8)
    square[: pixels.shape[0], : pixels.shape[1]] = pixels
    return square


def select_boxes(
    boxes: np.ndarray, scores: np.ndarray, *, floor=0.01, overlap=0.65, agree=0.75, candidates=600, most=100
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Non-maximum suppression within each class, with box voting (arXiv 1505.01749).

    A box that is kept becomes the mean, by score, of those that overlap it by more than ``agree``.

    Takes corners (points, 4) and class scores (points, classes); gives corners (n, 4), scores (n) and classes
    (n) of at most ``most`` boxes, best first.
    """
    rows, classes = np.nonzero(scores > floor)
    found = scores[rows, classes]
    order = np.argsort(-found, kind="stable")[:candidates]
    boxes, found, classes = boxes[rows[order]], found[order], classes[order]
    # Moved apart by class, boxes of different classes never overlap: one pass serves all classes.
    apart = boxes + (classes * 2 * np.abs(boxes).max(initial=1))[:, None]
    area = np.prod(apart[:, 2:] - apart[:, :2], axis=1)
    alive, kept, corners = np.ones(len(boxes), bool), [], []
    for index in range(len(boxes)):
        if not alive[index]:
            continue
        low = np.maximum(apart[index, :2], apart[index:, :2])
        high = np.minimum(apart[index, 2:], apart[index:, 2:])
        shared = np.prod((high - low).clip(0), axis=1)
        joined = area[index] + area[index:] - shared
        voices = found[index:] * (shared > agree * joined)
        voices[0] = found[index]
        kept.append(index)
        corners.append(voices @ boxes[index:] / voices.sum())
        if len(kept) == most:
            break
        alive[index:] &= shared <= overlap * joined
    return np.array(corners, boxes.dtype).reshape(-1, 4), found[kept], classes[kept]
