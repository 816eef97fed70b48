"""What an image file really holds, before a worker, a model or AWS trips over it."""

import io
from dataclasses import dataclass

from PIL import ExifTags, Image

from vision.likeness import difference_hash

FORMATS = {
    "JPEG": "JPEG",
    "MPO": "JPEG",
    "PNG": "PNG",
}  # MPO: a JPEG with further pictures, as phones write it
MAX_PIXELS = 100_000_000  # Ground Truth's limit for an image of a labeling job
MAX_BYTES = 40_000_000  # Ground Truth's limit for the file of an image


class ImageProblem(ValueError):
    """The bytes are no image that Ground Truth can show to a worker."""


@dataclass(frozen=True)
class ImageFacts:
    """What is known of an image file.

    ``width`` and ``height`` are stored pixels, ``depth`` the channels of a decoded pixel, ``format`` is
    "JPEG" or "PNG", ``orientation`` EXIF's 1 (upright) to 8, which is told and never applied, ``bytes`` the
    size of the file, ``difference_hash`` what near-duplicates are found by (see vision.likeness).
    """

    width: int
    height: int
    depth: int
    format: str
    orientation: int
    bytes: int
    difference_hash: str | None = None


def inspect_image(data: bytes) -> ImageFacts:
    """Read an image to its last pixel. Raises ImageProblem when workers could not see all of it.

    The size is read before any pixel: an image over Ground Truth's limit is described but not decoded (see
    ``limit_problems``), one of more than 178 megapixels is refused: no small file can claim all memory.
    """
    if not data:
        raise ImageProblem("the file is empty")
    try:
        image = Image.open(io.BytesIO(data))
    except Image.DecompressionBombError as problem:
        raise ImageProblem(f"too large to open: {problem}") from problem
    except (OSError, ValueError, SyntaxError) as problem:
        raise ImageProblem(f"not an image (it begins with {data[:12]!r})") from problem
    if image.format not in FORMATS:
        raise ImageProblem(f"a {image.format} image; Ground Truth takes JPEG and PNG")
    orientation, fingerprint = 1, None
    try:
        if image.width * image.height <= MAX_PIXELS:
            image.load()
            orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
            fingerprint = difference_hash(image)
    except (OSError, ValueError, SyntaxError) as problem:
        raise ImageProblem(f"damaged or cut off: {problem}") from problem
    depth = {"P": 3, "PA": 4}.get(image.mode) or len(image.getbands())
    upright = orientation if orientation in range(1, 9) else 1
    return ImageFacts(
        image.width, image.height, depth, FORMATS[image.format], upright, len(data), fingerprint
    )


def limit_problems(facts: ImageFacts) -> list[str]:
    """The limits of Ground Truth that a readable image breaks, in words; none for a fine one.

    They hold for every task that is done without automated data labeling.
    """
    problems = []
    if facts.bytes > MAX_BYTES:
        problems.append(f"the file has {facts.bytes:,} bytes; Ground Truth takes at most {MAX_BYTES:,}")
    if facts.width * facts.height > MAX_PIXELS:
        problems.append(f"{facts.width} x {facts.height} pixels; Ground Truth takes at most {MAX_PIXELS:,}")
    return problems
