"""Answers of models of boxes. See :class:`assets.answers.Answers`."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from assets.pictures import contact_sheet_of
from resources.loop import Loop
from resources.object_store import ObjectStore
from vision.boxes import Box
from vision.predictions import boxes_from_rows
from vision.seen import SeenBoxes, read_boxes


class BoxAnswers:
    def read(self, loop: Loop, body: bytes, labels: Sequence[str], size: tuple[int, int]) -> SeenBoxes:
        return read_boxes(body, labels, size, loop.score_floor)

    def batch(
        self,
        store: ObjectStore,
        loop: Loop,
        model: Mapping[str, Any],
        images: Mapping[str, Mapping[str, Any]],
        answers: Mapping[str, bytes],
    ) -> tuple[bytes, dict[str, Any], dg.MetadataValue]:
        """The table has every box; counted and drawn are those whose score is at least `score_floor`."""
        seen = {
            uri: self.read(loop, body, model["labels"], (images[uri]["width"], images[uri]["height"]))
            for uri, body in answers.items()
        }
        sure = {uri: each.sure for uri, each in seen.items()}
        pictures = contact_sheet_of(store, loop, sure.items(), f"predictions of {model['model']}")
        return table({uri: each.boxes for uri, each in seen.items()}), numbers(sure), pictures

    def kept(
        self, store: ObjectStore, loop: Loop, uri: str, labels: Sequence[str]
    ) -> Iterator[tuple[str, SeenBoxes]]:
        boxes = boxes_from_rows(store.read_json(uri)["boxes"])
        seen = {image: SeenBoxes(found, labels, loop.score_floor) for image, found in boxes.items()}
        yield from sorted(seen.items(), key=lambda each: (-len(each[1]), each[0]))


def table(predictions: Mapping[str, Sequence[Box]]) -> bytes:
    """CSV: image, label, score, left, top, width, height (pixels of the stored image)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["image", "label", "score", "left", "top", "width", "height"])
    for uri, boxes in sorted(predictions.items()):
        for box in boxes:
            corner = [f"{value:.1f}" for value in (box.left, box.top, box.width, box.height)]
            writer.writerow([uri, box.label, f"{box.score:.4f}", *corner])
    return text.getvalue().encode()


def numbers(predictions: Mapping[str, Sequence[Box]]) -> dict[str, Any]:
    boxes = [box for found in predictions.values() for box in found]
    return {
        "images": len(predictions),
        "boxes": len(boxes),
        "boxes_per_image": round(len(boxes) / len(predictions), 2),
        "images_without_box": sum(not found for found in predictions.values()),
        "mean_score": round(sum(box.score for box in boxes) / max(len(boxes), 1), 3),
    }
