"""Predictions as SageMaker's built-in object detection answers them."""

import json
import math
from collections.abc import Mapping, Sequence

from vision.boxes import Box

DIGITS = {"place": 2, "score": 5}  # kept of a prediction: far finer than any measure of it


class PredictionProblem(ValueError):
    """The answer of a model is not in the format of SageMaker's built-in object detection."""


def parse_prediction(body: bytes, labels: Sequence[str], width: int, height: int) -> list[Box]:
    """Read ``{"prediction": [[class, score, xmin, ymin, xmax, ymax], ...]}`` with coordinates from 0 to 1.

    Returns boxes in pixels of an image of ``width`` x ``height``, cut to it, the surest first. Rows of
    class -1 (the built-in's padding) and boxes outside the image are no predictions.
    Raises PredictionProblem for anything else that is not in this format.
    """
    try:
        rows = json.loads(body)["prediction"]
        rows = [tuple(map(float, row)) for row in rows]
    except (ValueError, KeyError, TypeError) as problem:
        raise PredictionProblem(
            f'not {{"prediction": [[class, score, ...], ...]}}: {body[:200]!r}'
        ) from problem
    boxes = []
    for row in rows:
        if len(row) != 6 or not all(map(math.isfinite, row)):
            raise PredictionProblem(
                f"a row needs six numbers: class, score, xmin, ymin, xmax, ymax; got {list(row)}"
            )
        class_id, score, *corners = row
        if class_id == -1:
            continue
        if not class_id.is_integer() or not 0 <= class_id < len(labels):
            raise PredictionProblem(f"class {row[0]:g} is none of the {len(labels)} classes {list(labels)}")
        left, top, right, bottom = (min(max(corner, 0.0), 1.0) for corner in corners)
        if right > left and bottom > top:
            boxes.append(
                Box(
                    label=labels[int(class_id)],
                    left=left * width,
                    top=top * height,
                    width=(right - left) * width,
                    height=(bottom - top) * height,
                    score=score,
                )
            )
    return sorted(boxes, key=lambda box: -box.score)


def boxes_as_rows(boxes: Mapping[str, Sequence[Box]]) -> dict[str, list[list]]:
    """Plain JSON values, for ``boxes_from_rows``: label, score, left, top, width, height."""
    return {
        uri: [
            [
                box.label,
                round(box.score, DIGITS["score"]),
                *(round(value, DIGITS["place"]) for value in (box.left, box.top, box.width, box.height)),
            ]
            for box in found
        ]
        for uri, found in boxes.items()
    }


def boxes_from_rows(rows: Mapping[str, Sequence[Sequence]]) -> dict[str, list[Box]]:
    return {
        uri: [Box(label, *place, score=score) for label, score, *place in found]
        for uri, found in rows.items()
    }
