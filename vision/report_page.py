"""What reports have in common: one HTML page that needs nothing else, with small pictures in it."""

import base64
import io
from functools import cache
from pathlib import Path

from PIL import Image

PICTURE = 420  # pixels, the longer side
PICTURES_BYTES = 500_000  # of all pictures, as they stand in the page


@cache
def page_template(name: str):
    """The template in this folder; it may include others here."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    ).get_template(name)


def thumbnail(image: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(image))
    picture.draft("RGB", (PICTURE, PICTURE))
    picture = picture.convert("RGB")
    picture.thumbnail((PICTURE, PICTURE))
    return picture


def inline(picture: Image.Image) -> str:
    """WebP in base64, as a ``data:`` address takes it."""
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=72)
    return base64.b64encode(file.getvalue()).decode()
