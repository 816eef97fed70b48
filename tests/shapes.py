"""Pictures that a small detector learns in a minute: blue balls and red boxes on grey noise."""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy
from PIL import Image, ImageDraw

from tests.settings import LEAST
from vision.boxes import Box
from vision.exchange import write_coco
from vision.manifest import LabeledImage

LABELS = ["ball", "box"]
COLOURS = {"ball": (30, 60, 220), "box": (220, 40, 40)}
SIZE = 96  # pixels, width and height


def make_shapes(folder: Path, seeds: Iterable[int]) -> dict[Path, LabeledImage]:
    """A JPEG file for each seed, which decides everything about it, with the boxes of its shapes."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {}
    for seed in seeds:
        picture, boxes = draw_shapes(seed)
        file = folder / f"shapes-{seed:04}.jpg"
        picture.save(file, "JPEG", quality=92)
        made[file] = LabeledImage(file.name, SIZE, SIZE, 3, tuple(boxes))
    return made


def draw_shapes(seed: int) -> tuple[Image.Image, list[Box]]:
    """One shape in the upper half and one in the lower one; a ball or a box each."""
    random = numpy.random.default_rng(seed)
    picture = Image.fromarray(random.integers(90, 140, (SIZE, SIZE, 3), dtype=numpy.uint8))
    pen, boxes = ImageDraw.Draw(picture), []
    for half in range(2):
        label = LABELS[int(random.integers(2))]
        width, height = (int(side) for side in random.integers(26, 42, 2))
        left = int(random.integers(0, SIZE - width))
        top = half * SIZE // 2 + int(random.integers(0, SIZE // 2 - height))
        draw = pen.ellipse if label == "ball" else pen.rectangle
        draw((left, top, left + width - 1, top + height - 1), fill=COLOURS[label])
        boxes.append(Box(label, left, top, width, height))
    return picture, boxes


def write_truth(file: Path, images: dict[Path, LabeledImage]) -> Path:
    """A COCO file, from which the simulated crowd answers."""
    write_coco(file, LABELS, images)
    return file


def shapes_loop(**settings) -> dict:
    """The settings of a loop about shapes whose training takes seconds."""
    training = {"hyperparameters": {"image_size": SIZE, "base_width": 8, "batch_size": 8, "processes": 1}}
    return json.loads(json.dumps(LEAST | {"labels": LABELS, "training": training} | settings))
