"""Workers' masks as small fields of letters, and the answers that bring them."""

import base64
import io
import json

import numpy
from PIL import Image

LABELS = ["cat", "dog", "bird"]
COLOURS = {"cat": "#1f77b4", "dog": "#ff7f0e", "bird": "#2ca02c"}
SIZE = (6, 4)  # width, height


def rgb(colour):
    return tuple(bytes.fromhex(colour[1:]))


def painted(pixels, colours=COLOURS, mode="RGBA", **options) -> bytes:
    """A PNG file. ``pixels`` are rows of label names or None."""
    image = Image.new("RGBA", (len(pixels[0]), len(pixels)), (0, 0, 0, 0))
    for y, row in enumerate(pixels):
        for x, label in enumerate(row):
            if label:
                image.putpixel((x, y), (*rgb(colours[label]), 255))
    if mode == "RGB":
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image)
        image = white
    return png_of(image, **options)


def png_of(image, **options) -> bytes:
    packed = io.BytesIO()
    image.save(packed, "PNG", **options)
    return packed.getvalue()


def rows(text):
    """``"cc."`` is two pixels of cat and one of background."""
    names = {label[0]: label for label in LABELS}
    return [[names.get(letter) for letter in line] for line in text.split()]


FIELD = rows("cc.... cc..dd ....dd .....b")


def answer(worker, png, size=SIZE, colours=COLOURS, **further):
    value = {
        "inputImageProperties": {"width": size[0], "height": size[1]},
        "labelMappings": {label: {"color": colour} for label, colour in colours.items()},
        "labeledImage": {"pngImageData": base64.b64encode(png).decode()},
    }
    content = json.dumps({"crowd-semantic-segmentation": value | further})
    return {"workerId": worker, "annotationData": {"content": content}}


def names_in(mask, labels=LABELS):
    return [[labels[value - 1] if value else None for value in row] for row in numpy.asarray(mask).tolist()]


GOOD = painted(FIELD)
