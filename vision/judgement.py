"""Which predictions are right, which boxes are missed, and which labels are taken for which."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vision.boxes import Box, iou
from vision.manifest import LabeledImage

OVERLAP = 0.5
MOST_PREDICTIONS = 100  # of an image and label count, as in COCO
BACKGROUND = "background"


@dataclass(frozen=True)
class Judged:
    """The predictions on an image, the surest first, each with the box of the truth that it finds or None."""

    uri: str
    image: LabeledImage
    predictions: list[tuple[Box, Box | None]] = field(default_factory=list)

    def missed(self, score_floor: float) -> list[Box]:
        """The boxes that no prediction of at least this score finds."""
        found = [hit for box, hit in self.predictions if hit is not None and box.score >= score_floor]
        return [box for box in self.image.boxes if not any(box is hit for hit in found)]

    def wrong(self, score_floor: float) -> list[Box]:
        return [box for box, hit in self.predictions if hit is None and box.score >= score_floor]

    def errors(self, score_floor: float) -> int:
        return len(self.missed(score_floor)) + len(self.wrong(score_floor))


def judge(truth: Sequence[Box], boxes: Sequence[Box]) -> Iterator[tuple[Box, Box | None]]:
    """Each prediction, the surest first, with the box it finds and no surer one has found, as in COCO.

    All are of one image; labels are not compared.
    """
    free = list(truth)
    for box in sorted(boxes, key=lambda box: -box.score)[:MOST_PREDICTIONS]:
        best = max(free, key=lambda wanted: iou(box, wanted), default=None)
        if best is None or iou(box, best) < OVERLAP:
            yield box, None
        else:
            free = [wanted for wanted in free if wanted is not best]
            yield box, best


def judge_images(truth: Mapping[str, LabeledImage], predictions: Mapping[str, Sequence[Box]]) -> list[Judged]:
    """Label by label, as average precision is measured."""
    judged = []
    for uri, image in truth.items():
        found = list(predictions.get(uri, ()))
        pairs = [
            pair
            for label in sorted({box.label for box in found})
            for pair in judge(_of(image.boxes, label), _of(found, label))
        ]
        judged.append(Judged(uri, image, sorted(pairs, key=lambda pair: -pair[0].score)))
    return judged


def worst(judged: Sequence[Judged], score_floor: float) -> list[Judged]:
    """The images with errors, those with the most first."""
    wrong = [image for image in judged if image.errors(score_floor)]
    return sorted(wrong, key=lambda image: (-image.errors(score_floor), image.uri))


def confusion(
    truth: Mapping[str, LabeledImage],
    predictions: Mapping[str, Sequence[Box]],
    labels: Sequence[str],
    score_floor: float,
) -> list[list[int]]:
    """Boxes of the truth (rows) by what was predicted there (columns), in the order of ``labels``.

    The last row holds predictions where nothing is, the last column boxes where nothing is predicted. A
    place is the same where the overlap is at least 0.5, whatever the labels.
    """
    places = {label: number for number, label in enumerate([*labels, BACKGROUND])}
    counts = [[0] * len(places) for _ in places]
    for uri, image in truth.items():
        sure = [box for box in predictions.get(uri, ()) if box.score >= score_floor]
        free = list(image.boxes)
        for box, hit in judge(image.boxes, sure):
            counts[places[hit.label if hit else BACKGROUND]][places[box.label]] += 1
            free = [wanted for wanted in free if wanted is not hit]
        for box in free:
            counts[places[box.label]][places[BACKGROUND]] += 1
    return counts


def _of(boxes: Sequence[Box], label: str) -> list[Box]:
    return [box for box in boxes if box.label == label]
