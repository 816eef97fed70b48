"""How good predictions are, measured as COCO does."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from vision.boxes import Box
from vision.manifest import LabeledImage

CURVE_POINTS = 14


@dataclass(frozen=True)
class Evaluation:
    """COCO's average precision (AP) of predictions, 0 to 1.

    ``map_50`` and ``map_50_95`` are means over the labels that occur in the truth, at an overlap of 0.5 and
    over 0.5, 0.55, ... 0.95. ``per_class`` gives for each label ``ap_50`` and ``ap_50_95`` (None without
    truth) and the numbers of boxes, ``truths`` and ``predictions``. ``curves`` gives at most 14 points
    (recall, precision) per label at an overlap of 0.5, from the surest prediction to the last recall reached.
    ``images`` counts the images.
    """

    map_50: float
    map_50_95: float
    per_class: dict[str, dict[str, float | int | None]]
    curves: dict[str, list[tuple[float, float]]]
    images: int

    @property
    def main(self) -> float:
        return self.map_50

    @property
    def second(self) -> float:
        return self.map_50_95

    def of_label(self, label: str) -> tuple[float | None, float | None]:
        values = self.per_class.get(label, {})
        return values.get("ap_50"), values.get("ap_50_95")

    def headline(self) -> dict[str, float]:
        return {"map_50": self.map_50, "map_50_95": self.map_50_95}

    def as_dict(self) -> dict:
        """Plain JSON values, for ``from_dict``."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping) -> "Evaluation":
        curves = {label: [tuple(point) for point in curve] for label, curve in values["curves"].items()}
        return cls(**{**values, "curves": curves})


def evaluate(
    truth: Mapping[str, LabeledImage], predictions: Mapping[str, Sequence[Box]], labels: Sequence[str]
) -> Evaluation:
    """Compare predictions with the truth; both are keyed by image, and an image without predictions has none.

    As in COCO at most 100 predictions per image and label count, the surest. Raises ValueError for
    predictions on images or of labels that are unknown, and when the truth has no box: no mean is defined.
    """
    import numpy
    from faster_coco_eval import COCO, COCOeval_faster

    strangers = sorted(set(predictions) - set(truth))
    if strangers:
        raise ValueError(f"predictions on {len(strangers)} images that are not in the truth: {strangers[:3]}")
    drawn = {uri: image.boxes for uri, image in truth.items()}
    truths, found = _annotations(drawn, truth, labels), _annotations(predictions, truth, labels)
    if not truths:
        raise ValueError(f"none of the {len(truth)} images has a box: average precision is not defined")

    frame = {
        "info": {},
        "images": [
            {"id": number, "width": image.width, "height": image.height}
            for number, image in enumerate(truth.values(), start=1)
        ],
        "categories": [{"id": number, "name": label} for number, label in enumerate(labels, start=1)],
    }
    evaluator = COCOeval_faster(
        COCO({**frame, "annotations": truths}), COCO({**frame, "annotations": found}), iouType="bbox"
    )
    evaluator.evaluate()
    evaluator.accumulate()
    # overlaps x recalls x labels x areas x detections per image: all areas, 100 detections; -1 without truth
    precision = numpy.asarray(evaluator.eval["precision"])[:, :, :, 0, -1]
    recalls = numpy.linspace(0, 1, precision.shape[1])

    per_class, curves = {}, {}
    for index, label in enumerate(labels):
        counts = [sum(box["category_id"] == index + 1 for box in boxes) for boxes in (truths, found)]
        by_overlap = precision[:, :, index]
        per_class[label] = {
            "ap_50": float(by_overlap[0].mean()) if counts[0] else None,
            "ap_50_95": float(by_overlap.mean()) if counts[0] else None,
            "truths": counts[0],
            "predictions": counts[1],
        }
        curves[label] = _curve(recalls, by_overlap[0])
    known = [values for values in per_class.values() if values["truths"]]
    return Evaluation(
        map_50=float(numpy.mean([values["ap_50"] for values in known])),
        map_50_95=float(numpy.mean([values["ap_50_95"] for values in known])),
        per_class=per_class,
        curves=curves,
        images=len(truth),
    )


def _annotations(
    boxes_of: Mapping[str, Sequence[Box]], truth: Mapping[str, LabeledImage], labels: Sequence[str]
) -> list[dict]:
    annotations = []
    for image_id, uri in enumerate(truth, start=1):
        for box in boxes_of.get(uri, ()):
            if box.label not in labels:
                raise ValueError(f"{uri}: label {box.label!r} is none of {list(labels)}")
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": labels.index(box.label) + 1,
                    "bbox": [box.left, box.top, box.width, box.height],
                    "area": box.area,
                    "score": 1.0 if box.score is None else box.score,
                    "iscrowd": 0,
                }
            )
    return annotations


def _curve(recalls, precision) -> list[tuple[float, float]]:
    pairs = zip(recalls, precision, strict=True)
    reached = [(round(float(r), 3), round(float(p), 3)) for r, p in pairs if p > 0]
    if len(reached) <= CURVE_POINTS:
        return reached
    step = (len(reached) - 1) / (CURVE_POINTS - 1)
    return [reached[round(number * step)] for number in range(CURVE_POINTS)]
