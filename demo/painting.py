"""How a simulated worker paints masks: the outlines of the truth, with an unsteady hand."""

import base64
import io
from collections.abc import Mapping, Sequence
from random import Random

import numpy
from PIL import Image

from demo.noise import Noise, chance_at, seen_label, skill_of
from vision.boxes import Polygon
from vision.manifest import LabeledImage
from vision.masks import Mask, corners, fill
from vision.palette import label_colour, rgb


def paint(worker: str, image: LabeledImage, labels: Sequence[str], noise: Noise) -> Mask:
    """What a worker paints, in class ids. The same worker paints the same on the same image, in every run.

    Edges scatter as those of boxes do; an outline as a whole is a bit too large or too small, too. Objects of
    other labels are not painted.
    """
    skill, random = skill_of(worker, noise), chance_at(worker, image)
    mask = numpy.zeros((image.height, image.width), dtype=numpy.uint8)
    for box in image.boxes:
        if box.label not in labels or random.random() < noise.misses * skill:
            continue
        label = seen_label(random, box.label, labels, noise.wrong_labels * skill)
        outline = [
            _unsteady(random, polygon, noise.jitter * skill) for polygon in box.outline or (corners(box),)
        ]
        fill(mask, outline, labels.index(label) + 1)
    if random.random() < noise.false_boxes * skill:
        fill(mask, [_blot(random, image)], random.randrange(len(labels)) + 1)
    return mask


def mask_answer(mask: Mask, labels: Sequence[str]) -> dict:
    """A mask as ``crowd-semantic-segmentation`` answers it: a transparent PNG in its labels' colours."""
    pixels = numpy.zeros((*mask.shape, 4), dtype=numpy.uint8)
    mappings = {}
    for number, label in enumerate(labels):
        here = mask == number + 1
        if here.any():
            mappings[label] = {"color": label_colour(number)}
            pixels[here] = (*rgb(label_colour(number)), 255)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return {
        "inputImageProperties": {"height": mask.shape[0], "width": mask.shape[1]},
        "labelMappings": mappings,
        "labeledImage": {"pngImageData": base64.b64encode(file.getvalue()).decode()},
    }


def shown_mask(data: bytes, mappings: Mapping[str, Mapping[str, str]], labels: Sequence[str]) -> Mask:
    """The class ids of a mask that is under review: each pixel has the colour of its label."""
    pixels = numpy.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
    mask = numpy.zeros(pixels.shape[:2], dtype=numpy.uint8)
    for label, mapping in mappings.items():
        mask[(pixels == (*rgb(mapping["color"]), 255)).all(axis=2)] = labels.index(label) + 1
    return mask


def _unsteady(random: Random, polygon: Polygon, jitter: float) -> Polygon:
    xs, ys = zip(*polygon, strict=True)
    across, down = max(xs) - min(xs), max(ys) - min(ys)
    middle_x, middle_y = sum(xs) / len(xs), sum(ys) / len(ys)
    grown = 1 + random.gauss(0, jitter)
    return tuple(
        (
            middle_x + (x - middle_x) * grown + random.gauss(0, jitter / 2) * across,
            middle_y + (y - middle_y) * grown + random.gauss(0, jitter / 2) * down,
        )
        for x, y in polygon
    )


def _blot(random: Random, image: LabeledImage) -> Polygon:
    width, height = image.width * random.uniform(0.05, 0.3), image.height * random.uniform(0.05, 0.3)
    left, top = random.uniform(0, image.width - width), random.uniform(0, image.height - height)
    return (
        (left + width / 2, top),
        (left + width, top + height / 2),
        (left + width / 2, top + height),
        (left, top + height / 2),
    )
