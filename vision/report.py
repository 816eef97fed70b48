"""An evaluation as one HTML page that needs nothing else: no server, no network, no library."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vision.boxes import Box
from vision.comparison import Difference
from vision.evaluation import Evaluation
from vision.judgement import BACKGROUND, Judged, confusion, judge_images, worst
from vision.manifest import LabeledImage
from vision.over_time import Beside, Measured, chart, commonest, rows_over_time
from vision.pictures import PALETTE
from vision.report_page import PICTURES_BYTES, inline, page_template, thumbnail

MOST_IMAGES = 24
MOST_CURVES = 8
MOST_BOXES = 40  # predictions drawn on an image
LEAST_SCORE = 0.05  # where the slider begins


def evaluation_report(
    model: str,
    result: Evaluation,
    truth: Mapping[str, LabeledImage],
    predictions: Mapping[str, Sequence[Box]],
    read: Callable[[str], bytes],
    *,
    score_floor: float,
    live: str | None = None,
    difference: Difference | None = None,
    past: Sequence[Measured] = (),
    beside: Beside | None = None,
) -> bytes:
    """``read`` gives the file of an image; ``difference`` is that to the ``live`` model, if there is one.

    ``past`` are the last evaluations and ends with this one; ``beside`` is drawn dashed.
    """
    labels = list(result.per_class)
    judged = judge_images(truth, predictions)
    shown = _figures(worst(judged, score_floor)[:MOST_IMAGES], read, score_floor)
    page = page_template("report.html").render(
        model=model,
        result=result,
        boxes=sum(len(image.boxes) for image in truth.values()),
        live=live,
        difference=difference,
        curves=[
            (label, result.per_class[label]["ap_50"], _points(result.curves[label]), PALETTE[number % 6])
            for number, label in enumerate(commonest(result, MOST_CURVES))
        ],
        beside=beside,
        dashed={label: _points(curve) for label, curve in beside.result.curves.items()} if beside else {},
        past=past,
        lines=chart(past, MOST_CURVES) if past else [],
        rows=rows_over_time(past) if past else [],
        names=[*labels, BACKGROUND],
        confusion=confusion(truth, predictions, labels, score_floor),
        score_floor=score_floor,
        least_score=LEAST_SCORE,
        with_errors=sum(bool(image.errors(score_floor)) for image in judged),
        figures=shown,
    )
    return page.encode()


def _figures(
    images: Sequence[Judged], read: Callable[[str], bytes], score_floor: float
) -> list[dict[str, Any]]:
    """As many of the images as the page has room for."""
    figures, size = [], 0
    for judged in images:
        picture = inline(thumbnail(read(judged.uri)))
        size += len(picture)
        if size > PICTURES_BYTES:
            break
        figures.append(_figure(judged, picture, score_floor))
    return figures


def _figure(judged: Judged, picture: str, score_floor: float) -> dict[str, Any]:
    drawn = [(box, hit) for box, hit in judged.predictions if box.score >= LEAST_SCORE][:MOST_BOXES]
    # The score of what finds a box says from where on the slider it is missed.
    found = {id(hit): box.score for box, hit in drawn if hit is not None}
    image = judged.image
    return {
        "uri": judged.uri,
        "width": image.width,
        "height": image.height,
        "text": max(image.width, image.height) / 30,
        "picture": picture,
        "missed": len(judged.missed(score_floor)),
        "wrong": len(judged.wrong(score_floor)),
        "truth": [(box, found.get(id(box), 0)) for box in image.boxes],
        "predictions": drawn[::-1],  # the surest on top
    }


def _points(curve: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{44 + recall * 406:.1f},{264 - precision * 254:.1f}" for recall, precision in curve)
