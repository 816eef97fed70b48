"""Reads a channel of images and their masks: palette PNGs, whose pixels are class ids.

In Pipe mode SageMaker streams the object that a ``-ref`` attribute of an augmented manifest names, so a pair
is an image file and a PNG file. For runs by hand the channel may be a folder with a manifest and both files.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from data import DataProblem, channel_pairs, file_of, manifest_lines
from PIL import Image
from serve import open_picture, read_picture

IGNORED = 255  # a pixel of no class, as in the built-in algorithm semantic-segmentation
BACKGROUND = "BACKGROUND"


@dataclass(frozen=True)
class MaskExample:
    name: str
    pixels: np.ndarray  # (height, width, 3) RGB, the longer side is the network's size
    mask: np.ndarray  # (height, width) uint8: 0 is the background, i + 1 the i-th class, 255 is not known


def read_mask_channel(channel: Path, image_size: int, classes: Sequence[str]) -> list[MaskExample]:
    """As :func:`data.read_channel`. Raises DataProblem, naming the record."""
    return read_mask_examples(channel_pairs(channel, _manifest_pairs), image_size, classes)


def read_mask_examples(
    pairs: Iterable[tuple[str, bytes, bytes]], image_size: int, classes: Sequence[str]
) -> list[MaskExample]:
    """Decode (name, image, mask) one after the other."""
    return [_example(name, image, mask, image_size, len(classes)) for name, image, mask in pairs]


def _manifest_pairs(folder: Path) -> Iterator[tuple[str, bytes, bytes]]:
    for name, line in manifest_lines(folder):
        attributes = [key for key in line if key.endswith("-ref") and key != "source-ref"]
        if len(attributes) != 1:
            found = ", ".join(attributes) or "none"
            raise DataProblem(f"{name}: expected one attribute that ends with -ref, found {found}")
        image = file_of(folder, name, str(line.get("source-ref")))
        mask = file_of(folder, name, str(line[attributes[0]]))
        yield f"{name} ({image.name})", image.read_bytes(), mask.read_bytes()


def _example(name: str, image: bytes, mask: bytes, image_size: int, classes: int) -> MaskExample:
    try:
        picture = open_picture(image)
        opened = _open_mask(mask, picture.size)
        pixels = read_picture(picture, image_size)
        return MaskExample(name, pixels, _read_mask(opened, pixels.shape[1::-1], classes))
    except ValueError as error:
        raise DataProblem(f"{name}: {error}") from error


def _open_mask(data: bytes, size: tuple[int, int]) -> Image.Image:
    """The header alone: a small file cannot claim all memory. Raises ValueError."""
    try:
        mask = Image.open(io.BytesIO(data), formats=("PNG",))
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"the mask is no readable PNG ({len(data)} bytes): {error}") from error
    if mask.mode not in ("P", "L"):
        raise ValueError(f"the mask is a PNG of mode {mask.mode}, not one of class ids (P or L)")
    if mask.size != size:
        raise ValueError(f"the mask has {mask.width}x{mask.height} pixels, its image {size[0]}x{size[1]}")
    return mask


def _read_mask(mask: Image.Image, size: tuple[int, int], classes: int) -> np.ndarray:
    """Class ids at ``size`` (width, height). Raises ValueError for an id that is no class."""
    try:
        ids = np.asarray(mask)
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"the mask cannot be decoded: {error}") from error
    highest = int(ids[ids != IGNORED].max(initial=0))
    if highest > classes:
        raise ValueError(f"the mask has a pixel of {highest}; there are {classes} classes, from 1")
    return np.asarray(Image.fromarray(ids).resize(size, Image.Resampling.NEAREST))
