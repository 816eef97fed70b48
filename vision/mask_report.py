"""An evaluation of masks as one HTML page that needs nothing else: no server, no network, no library."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vision.comparison import Difference
from vision.mask_evaluation import MaskCounts, image_overlap
from vision.masks import Mask, tint
from vision.over_time import Beside, Measured, rows_over_time
from vision.palette import label_colours
from vision.report_page import PICTURES_BYTES, inline, page_template, thumbnail

MOST_IMAGES = 12

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
    page = page_template("mask_report.html").render(
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
        small, colours = thumbnail(image), label_colours(len(labels))
        pictures = [inline(tint(small, mask, colours)) for mask in masks]
        size += sum(map(len, pictures))
        if size > PICTURES_BYTES:
            break
        figures.append({"uri": uri, "overlap": overlap[uri], "truth": pictures[0], "found": pictures[1]})
    return figures
