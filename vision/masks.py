"""Masks: a class id for each pixel of the stored image, 0 for the background, i + 1 for the i-th label."""

import io
from collections.abc import Collection, Iterable, Sequence

import numpy
from PIL import Image

from vision.boxes import Box, Polygon
from vision.palette import label_colours, rgb

Mask = numpy.ndarray  # uint8, height x width


class MaskProblem(ValueError):
    """The bytes are no mask of this image and these labels."""


def read_mask(
    data: bytes,
    labels: Sequence[str],
    size: tuple[int, int] | None = None,
    modes: Collection[str] = ("P",),
) -> Mask:
    """The class ids of a palette PNG. Raises MaskProblem.

    ``size`` is the image's (width, height), if known; it is compared before any pixel is decoded, so that a
    small file cannot claim all memory. ``modes`` are Pillow's: models answer without a palette (L).
    """
    try:
        picture = Image.open(io.BytesIO(data))
        if picture.format != "PNG":
            raise MaskProblem(f"the mask is a {picture.format} and not a PNG")
        if picture.mode not in modes:
            raise MaskProblem(f"the mask is a PNG of mode {picture.mode} and not one with a palette (mode P)")
        if size and picture.size != size:
            raise MaskProblem(f"the mask has {picture.size} pixels, its image {size}")
        mask = numpy.asarray(picture)
    except MaskProblem:
        raise
    except Image.DecompressionBombError as problem:
        raise MaskProblem(f"too large to open: {problem}") from problem
    except (OSError, ValueError, SyntaxError) as problem:
        raise MaskProblem(f"not an image: {problem}") from problem
    if mask.max(initial=0) > len(labels):
        raise MaskProblem(f"a pixel is {mask.max()}, but there are {len(labels)} labels")
    return mask


def write_mask(mask: Mask, count: int) -> bytes:
    """A palette PNG in the colours of ``count`` labels, on white."""
    picture = Image.fromarray(mask)  # "L": a palette makes it "P"
    picture.putpalette(
        [255, 255, 255, *(channel for colour in label_colours(count) for channel in rgb(colour))]
    )
    file = io.BytesIO()
    picture.save(file, "PNG", bits=8)
    return file.getvalue()


def relabel(mask: Mask, old: Sequence[str], new: Sequence[str]) -> Mask:
    """The mask of ``old`` labels in the pixels of ``new`` ones; a label that is gone becomes background."""
    pixels = numpy.zeros(len(old) + 1, dtype=numpy.uint8)
    for number, label in enumerate(old):
        pixels[number + 1] = new.index(label) + 1 if label in new else 0
    return pixels[mask]


def labels_on(mask: Mask, labels: Sequence[str]) -> tuple[str, ...]:
    """The labels that occur, in their order."""
    present = set(numpy.unique(mask).tolist())
    return tuple(label for number, label in enumerate(labels) if number + 1 in present)


def fill(mask: Mask, polygons: Iterable[Polygon], class_id: int) -> None:
    """Give the pixels whose centres lie in the polygons to a class; what overhangs the image is cut off."""
    height, width = mask.shape
    for polygon in polygons:
        xs, ys = (numpy.array(side, dtype=float) for side in zip(*polygon, strict=True))
        left, right = _range(xs, width)
        top, bottom = _range(ys, height)
        across = numpy.arange(left, right)[None, :] + 0.5
        down = numpy.arange(top, bottom)[:, None] + 0.5
        inside = numpy.zeros((bottom - top, right - left), dtype=bool)
        # Even-odd rule: a centre is inside if a ray to its right crosses the outline an odd number of times.
        for x, y, x_next, y_next in zip(xs, ys, numpy.roll(xs, -1), numpy.roll(ys, -1), strict=True):
            if y == y_next:
                continue
            crossed = (y > down) != (y_next > down)
            inside ^= crossed & (across < x + (down - y) * (x_next - x) / (y_next - y))
        mask[top:bottom, left:right][inside] = class_id


def draw_mask(boxes: Iterable[Box], labels: Sequence[str], size: tuple[int, int]) -> Mask:
    """The mask of objects, later ones over earlier ones; an object without an outline fills its box.

    ``size`` is (width, height). Objects of other labels are left out.
    """
    mask = numpy.zeros(size[::-1], dtype=numpy.uint8)
    for box in boxes:
        if box.label in labels:
            fill(mask, box.outline or (corners(box),), labels.index(box.label) + 1)
    return mask


def corners(box: Box) -> Polygon:
    return (
        (box.left, box.top),
        (box.right, box.top),
        (box.right, box.bottom),
        (box.left, box.bottom),
    )


def overlaps(pairs: Iterable[tuple[Mask, Mask]], labels: Sequence[str]) -> dict[str, float]:
    """Intersection over union of each label, over all pixels of all pairs of masks of the same size.

    A label that occurs in none is left out.
    """
    both, either = numpy.zeros(len(labels), dtype=int), numpy.zeros(len(labels), dtype=int)
    for one, other in pairs:
        for number in range(len(labels)):
            a, b = one == number + 1, other == number + 1
            both[number] += numpy.count_nonzero(a & b)
            either[number] += numpy.count_nonzero(a | b)
    return {
        label: float(both[number] / either[number]) for number, label in enumerate(labels) if either[number]
    }


def mean_overlap(found: dict[str, float]) -> float:
    """The mean over the labels; 1 where there is nothing on either side."""
    return float(numpy.mean(list(found.values()))) if found else 1.0


def tint(picture: Image.Image, mask: Mask, colours: Sequence[str], opacity: float = 0.5) -> Image.Image:
    """The picture, an RGB one, with its mask over it, which is scaled without mixing classes.

    ``colours`` are those of the labels, the background stays as it is.
    """
    scaled = numpy.asarray(Image.fromarray(mask).resize(picture.size, Image.Resampling.NEAREST))
    table = numpy.zeros((256, 3))
    table[1 : len(colours) + 1] = [rgb(colour) for colour in colours]
    pixels, painted = numpy.array(picture), scaled > 0
    pixels[painted] = pixels[painted] * (1 - opacity) + table[scaled[painted]] * opacity
    return Image.fromarray(pixels)


def _range(values: numpy.ndarray, most: int) -> tuple[int, int]:
    """First and end of the pixels that values span, inside an image."""
    first = min(max(int(numpy.floor(values.min())), 0), most)
    return first, max(first, min(int(numpy.ceil(values.max())), most))
