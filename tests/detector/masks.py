"""The coloured shapes of conftest as masks: balls are pixel 1, boxes 2."""

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from .conftest import draw_shapes, jpeg, record

WHITE_RED_BLUE = [255, 255, 255, 220, 40, 40, 30, 60, 220]


def shapes_mask(seed: int, width: int = 128, height: int = 128) -> np.ndarray:
    """By colour: noise is grey, shapes are not."""
    red, _, blue = np.moveaxis(np.asarray(draw_shapes(seed, width, height)[0], int), 2, 0)
    return np.where(blue > 200, 1, np.where(red > 200, 2, 0)).astype(np.uint8)


def png(mask: np.ndarray, palette: bool = True) -> bytes:
    picture = Image.fromarray(mask)
    if palette:
        picture.putpalette(WHITE_RED_BLUE)
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def mask_pairs(count: int) -> bytes:
    """What a channel with a ``-ref`` attribute streams: image, mask, image, mask, ..."""
    return b"".join(
        record(jpeg(draw_shapes(seed)[0])) + record(png(shapes_mask(seed))) for seed in range(count)
    )


def write_mask_folder(folder: Path, count: int, copies: int = 1) -> Path:
    """Images, masks and an augmented manifest that lists each pair ``copies`` times."""
    folder.mkdir()
    lines = []
    for seed in range(count):
        (folder / f"{seed}.jpg").write_bytes(jpeg(draw_shapes(seed)[0]))
        (folder / f"{seed}.png").write_bytes(png(shapes_mask(seed)))
        names = ("BACKGROUND", "ball", "box")
        colours = {
            str(pixel): {"class-name": name, "hex-color": "#ffffff"} for pixel, name in enumerate(names)
        }
        line = {
            "source-ref": f"s3://shapes/{seed}.jpg",
            "masks-ref": f"s3://shapes/{seed}.png",
            "masks-ref-metadata": {"internal-color-map": colours, "human-annotated": "yes"},
        }
        lines.append(json.dumps(line) + "\n")
    (folder / "output.manifest").write_text("".join(copies * lines))
    return folder
