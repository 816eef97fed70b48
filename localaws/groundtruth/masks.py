"""Masks: answers of <crowd-semantic-segmentation>.

An answer colours the pixels of the stored image: ``{"inputImageProperties": {"height", "width"},
"labelMappings": {label: {"color": "#rrggbb"}}, "labeledImage": {"pngImageData": base64 of a PNG}}``. A pixel
without a label is transparent, or white. What is no label's colour is refused rather than guessed at: our own
element draws none, and an anti-aliased edge would be a label that nobody chose.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-crowd-semantic-segmentation.html
"""

import base64
import binascii
import re
import threading
from collections.abc import Sequence

from PIL import Image

from localaws.groundtruth.image_answers import check_fields, check_size
from localaws.groundtruth.png import BadPng, Png, read_png, strips
from localaws.groundtruth.problems import InvalidAnswer

LARGEST_PNG = 12 * 2**20  # bytes
MOST_COLOURS = 1024  # that are told apart, for a message
COLOUR = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)
WHITE = "#ffffff"
FIELDS = {"inputImageProperties", "labelMappings", "labeledImage"}


class Masks:
    tag = "crowd-semantic-segmentation"
    attributes = ("name", "src", "labels")
    choices = "labels"
    needs_image = True
    largest_answer = LARGEST_PNG * 4 // 3 + 64 * 1024

    def __init__(self):
        self.decoding = threading.BoundedSemaphore(2)  # a large image takes seconds of a processor

    def check(self, value: object, labels: Sequence[str], width: int | None, height: int | None) -> None:
        """Raises InvalidAnswer."""
        check_fields(value, self.tag, FIELDS)
        check_size(value["inputImageProperties"], width, height)
        colours = _colours(value["labelMappings"], labels)
        try:
            png = read_png(_png_data(value["labeledImage"]))
            if (png.width, png.height) != (width, height):
                raise BadPng(
                    f"it is {png.width} x {png.height} pixels, but the stored image {width} x {height}"
                )
            with self.decoding:
                _check_pixels(png, colours)
        except BadPng as problem:
            raise InvalidAnswer(f"labeledImage.pngImageData: {problem}") from None


def _colours(mappings: object, labels: Sequence[str]) -> set[tuple[int, int, int]]:
    """The colours of the labels. Raises InvalidAnswer."""
    if not isinstance(mappings, dict):
        raise InvalidAnswer("labelMappings must be an object of labels and their colours")
    colours: dict[str, str] = {}
    for label, entry in mappings.items():
        if label not in labels:
            raise InvalidAnswer(f"labelMappings has the label {label!r}; this job's are {list(labels)}")
        colour = entry.get("color") if isinstance(entry, dict) and set(entry) == {"color"} else None
        if not isinstance(colour, str) or not COLOUR.fullmatch(colour):
            raise InvalidAnswer(f'labelMappings: {label!r} must be {{"color": "#rrggbb"}}, not {entry!r}')
        colour = colour.lower()
        if colour == WHITE:
            raise InvalidAnswer(f"labelMappings: {label!r} is {WHITE}, the colour of what has no label")
        if colour in colours:
            raise InvalidAnswer(f"labelMappings: {colours[colour]!r} and {label!r} are both {colour}")
        colours[colour] = label
    return {tuple(bytes.fromhex(colour[1:])) for colour in colours}


def _png_data(image: object) -> bytes:
    text = image.get("pngImageData") if isinstance(image, dict) and set(image) == {"pngImageData"} else None
    if not isinstance(text, str):
        raise InvalidAnswer('labeledImage must be exactly {"pngImageData": base64 of a PNG}')
    if len(text) > LARGEST_PNG * 4 // 3 + 4:
        raise BadPng(f"it has about {len(text) * 3 // 4} bytes; {LARGEST_PNG} are accepted")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise BadPng(f"it is not base64: {problem}") from None


def _check_pixels(png: Png, colours: set[tuple[int, int, int]]) -> None:
    """Raises BadPng, naming the first pixel whose colour is no label's."""

    def known(colour: tuple[int, ...]) -> bool:
        red, green, blue, alpha = (*colour, 255)[:4]
        opaque = alpha == 255 and ((red, green, blue) in colours or (red, green, blue) == (255, 255, 255))
        return alpha == 0 or opaque

    def meaning(pixel: int | tuple[int, ...]) -> tuple[int, ...]:
        if isinstance(pixel, tuple):
            return pixel
        if pixel >= len(png.palette):
            raise BadPng(f"a pixel has the index {pixel}, and its palette {len(png.palette)} colours")
        return png.palette[pixel]

    for top, strip in strips(png):
        found = strip.getcolors(MOST_COLOURS)
        if found is None:
            raise BadPng(f"it has more than {MOST_COLOURS} colours; labels have one each")
        unknown = {pixel for _, pixel in found if not known(meaning(pixel))}
        if unknown:
            left, row, pixel = _first(strip, unknown)
            raise BadPng(
                f"the pixel at ({left}, {top + row}) is {_hex(meaning(pixel))}, the colour of no label in "
                "labelMappings; what has no label is transparent or white"
            )


def _first(strip: Image.Image, unknown: set) -> tuple[int, int, int | tuple[int, ...]]:
    """Where the first pixel of these colours is in the strip, and which it is."""
    pixels = strip.load()
    return next(
        (left, row, pixels[left, row])
        for row in range(strip.height)
        for left in range(strip.width)
        if pixels[left, row] in unknown
    )


def _hex(colour: tuple[int, ...]) -> str:
    text = "#" + bytes(colour[:3]).hex()
    return text if (*colour, 255)[3] == 255 else f"{text} with the opacity {colour[3]} of 255"
