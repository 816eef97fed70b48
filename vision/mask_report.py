"""An evaluation of masks as one HTML page that needs nothing else: no server, no network, no library."""

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image

from vision.comparison import Difference
from vision.mask_evaluation import MaskCounts, image_overlap
from vision.masks import Mask, tint
from vision.over_time import Beside, Measured, rows_over_time
from vision.palette import label_colours

TEMPLATE = Path(__file__).with_name("mask_report.html")
MOST_IMAGES = 12
PICTURE = 420  # pixels, the longer side
PICTURES_BYTES = 500_000  # of all pictures, as they stand in the page

Shown = tuple[bytes, Mask, Mask]  # an image's file, its true mask and the found one


def mask_report(
    model: str,
    past: Sequence[Measured],
    counts: Mapping[str, MaskCounts],
    labels: Sequence[str],
    read: Callable[[str], Shown],
    *,
    live: str | None = None,
    difference: Difference | None = None,
    beside: Beside | None = None,
) -> bytes:
    """``past`` are the last evaluations and ends with this one, ``counts`` are its images'.

    ``read`` is asked about the worst images; ``difference`` is that to the ``live`` model, if there is one.
    """
    result = past[-1].result
    names, total = list(result.per_class), sum(map(sum, result.confusion))
    page = _template().render(
        model=model,
        result=result,
        live=live,
        difference=difference,
        names=names,
        colours=dict(zip(names, ["#ffffff", *label_colours(len(labels))], strict=True)),
        before={name: beside.result.of_label(name)[0] for name in names} if beside else {},
        beside=beside,
        confusion=[[count / max(sum(row), 1) for count in row] for row in result.confusion],
        share={name: sum(row) / total for name, row in zip(names, result.confusion, strict=True)},
        past=past,
        rows=rows_over_time(past),
        figures=_figures(counts, labels, read),
    )
    return page.encode()


def _figures(
    counts: Mapping[str, MaskCounts], labels: Sequence[str], read: Callable[[str], Shown]
) -> list[dict[str, Any]]:
    """The worst images, as many as the page has room for."""
    overlap = {uri: image_overlap(each) for uri, each in counts.items()}
    figures, size = [], 0
    for uri in sorted(overlap, key=lambda uri: (overlap[uri], uri))[:MOST_IMAGES]:
        image, *masks = read(uri)
        pictures = [_picture(image, mask, label_colours(len(labels))) for mask in masks]
        size += sum(map(len, pictures))
        if size > PICTURES_BYTES:
            break
        figures.append({"uri": uri, "overlap": overlap[uri], "truth": pictures[0], "found": pictures[1]})
    return figures


def _picture(image: bytes, mask: Mask, colours: Sequence[str]) -> str:
    picture = Image.open(io.BytesIO(image))
    picture.draft("RGB", (PICTURE, PICTURE))
    picture = picture.convert("RGB")
    picture.thumbnail((PICTURE, PICTURE))
    file = io.BytesIO()
    tint(picture, mask, colours).save(file, "WEBP", quality=72)
    return base64.b64encode(file.getvalue()).decode()


@cache
def _template():
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.from_string(TEMPLATE.read_text())
