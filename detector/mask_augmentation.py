"""Changed views of pictures and their masks: both are moved by the same matrix."""

from collections.abc import Sequence

import numpy as np
from augmentation import Strength, move, movement, recolour
from mask_data import IGNORED, MaskExample
from mask_serving import STRIDE
from PIL import Image


def augment_mask(
    examples: Sequence[MaskExample], index: int, size: int, strength: Strength, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A new view of ``examples[index]``: pixels (size, size, 3), class ids (size / 4, size / 4).

    Pictures are never put together by four: where they meet there would be edges of nothing.
    """
    example = examples[index]
    scale = random.uniform(1 - strength.scale, 1 + strength.scale)
    matrix, offset = movement(example.pixels, scale, size, strength, random)
    pixels = move(example.pixels, matrix, offset, size)
    if strength.colour:
        pixels = recolour(pixels, strength.colour, random)
    mask = move(
        example.mask,
        matrix / STRIDE,
        offset / STRIDE,
        size // STRIDE,
        resampling=Image.Resampling.NEAREST,
        around=IGNORED,
    )
    return np.asarray(pixels), np.asarray(mask)
