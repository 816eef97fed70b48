"""Changed views of training pictures: moved, scaled, mirrored, turned, recoloured, and put together by four.

Pillow moves the pixels, numpy the boxes, with the same matrix.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from data import Example
from PIL import Image
from serve import GREY

LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Strength:
    scale: float = 0.0  # up to this much larger or smaller
    shift: float = 0.0  # up to this part of the square
    turn: float = 0.0  # up to so many degrees
    quarters: bool = False  # whether pictures have no upper side: any quarter turn is as good
    mirror: float = 0.0  # how often left and right change places
    colour: float = 0.0  # how much brightness, saturation and tint may differ
    mosaic: float = 0.0  # how often four pictures are put together


# Light changes suit short runs: a network that sees each picture ten times cannot tire of it.
STRENGTHS = {
    "none": Strength(),
    "light": Strength(scale=0.15, shift=0.06, turn=3, mirror=0.5, colour=1.0),
    "full": Strength(scale=0.4, shift=0.15, turn=6, mirror=0.5, colour=1.0, mosaic=0.5),
}


def augment(
    examples: Sequence[Example], index: int, size: int, strength: Strength, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A new view of ``examples[index]``: pixels (size, size, 3), corners (n, 4) of the boxes in it, classes
    (n).

    Boxes of which less than a quarter, or no more than two pixels, stay in view are left out.
    """
    if random.random() < strength.mosaic:
        others = random.integers(len(examples), size=3)
        example = _mosaic([examples[index], *(examples[other] for other in others)], size, random)
        scale = random.uniform(0.5, 1.1)
    else:
        example = examples[index]
        scale = random.uniform(1 - strength.scale, 1 + strength.scale)
    matrix, offset = movement(example.pixels, scale, size, strength, random)
    pixels = move(example.pixels, matrix, offset, size)
    boxes, classes = _move_boxes(example.boxes, example.classes, matrix, offset, size)
    if strength.colour:
        pixels = recolour(pixels, strength.colour, random)
    return np.asarray(pixels), boxes, classes


def movement(
    pixels: np.ndarray, scale: float, size: int, strength: Strength, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A matrix (2, 2) and an offset (2): where the points of a picture go in a square of ``size``."""
    quarter = 90 * random.integers(4) if strength.quarters else 0
    matrix = scale * _turn(quarter + random.uniform(-strength.turn, strength.turn))
    if random.random() < strength.mirror:
        matrix = matrix @ np.diag([-1, 1])
    height, width = pixels.shape[:2]
    middle = size * (0.5 + random.uniform(-strength.shift, strength.shift, 2))
    return matrix, middle - matrix @ [width / 2, height / 2]


def _turn(degrees: float) -> np.ndarray:
    angle = math.radians(degrees)
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def move(
    pixels: np.ndarray,
    matrix: np.ndarray,
    offset: np.ndarray,
    size: int,
    *,
    resampling: Image.Resampling = Image.Resampling.BILINEAR,
    around: int | tuple[int, int, int] = (GREY, GREY, GREY),
) -> Image.Image:
    """The square that shows ``matrix @ point + offset`` for every point of the picture."""
    back = np.linalg.inv(matrix)
    coefficients = np.column_stack([back, -back @ offset]).ravel()  # Pillow asks where a pixel comes from
    return Image.fromarray(pixels).transform(
        (size, size), Image.Transform.AFFINE, tuple(coefficients), resampling, fillcolor=around
    )


def _move_boxes(boxes: np.ndarray, classes: np.ndarray, matrix: np.ndarray, offset: np.ndarray, size: int):
    corners = boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]] @ matrix.T + offset
    moved = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    seen = moved.clip(0, size)
    sides, all_sides = seen[:, 2:] - seen[:, :2], moved[:, 2:] - moved[:, :2]
    kept = (sides.min(axis=1) > 2) & (sides.prod(axis=1) > 0.25 * all_sides.prod(axis=1))
    return seen[kept].astype(np.float32), classes[kept]


def recolour(pixels: Image.Image, strength: float, random: np.random.Generator) -> Image.Image:
    """Another brightness, saturation and tint: all three are one matrix over the colours."""
    saturation = 1 + strength * random.uniform(-0.5, 0.5)
    brightness = 1 + strength * random.uniform(-0.4, 0.4)
    tint = 1 + strength * random.uniform(-0.1, 0.1, 3)
    matrix = saturation * np.eye(3) + (1 - saturation) * LUMA
    matrix = brightness * tint[:, None] * matrix
    return pixels.convert("RGB", tuple(np.column_stack([matrix, np.zeros(3)]).ravel()))


def _mosaic(examples: Sequence[Example], size: int, random: np.random.Generator) -> Example:
    """Four pictures around a random point of a canvas of twice the size, cut at the canvas's border."""
    canvas = np.full((2 * size, 2 * size, 3), GREY, np.uint8)
    x, y = random.integers(size // 2, size * 3 // 2, 2)
    boxes, classes = [], []
    for quarter, example in enumerate(examples):
        height, width = example.pixels.shape[:2]
        left = x - width if quarter % 2 == 0 else x
        top = y - height if quarter < 2 else y
        seen = canvas[max(top, 0) : top + height, max(left, 0) : left + width]
        rows, columns = seen.shape[:2]
        seen[:] = example.pixels[max(-top, 0) :, max(-left, 0) :][:rows, :columns]
        boxes.append(example.boxes + np.float32([left, top, left, top]))
        classes.append(example.classes)
    return Example("mosaic", canvas, np.concatenate(boxes), np.concatenate(classes))
