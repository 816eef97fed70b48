"""How a simulated worker judges and corrects what others have drawn."""

from collections.abc import Sequence

from demo.noise import Noise, chance_at, drawn_objects, skill_of
from demo.painting import paint
from vision.boxes import Box, iou
from vision.manifest import LabeledImage
from vision.masks import Mask, draw_mask, mean_overlap, overlaps

GOOD, BAD = "good", "bad"
GOOD_OVERLAP = 0.7  # with the truth, from which a worker calls a box, or a mask, good


def judge(worker: str, image: LabeledImage, faults: Sequence[str], noise: Noise) -> dict:
    """A verdict as ``crowd-image-classifier`` answers it: with a comment that names the faults, if it is bad.

    A careless worker says the opposite.
    """
    mistaken = chance_at(worker, image).random() < noise.wrong_labels * skill_of(worker, noise)
    if bool(faults) == mistaken:
        return {"label": GOOD}
    return {"label": BAD, "workerComment": "; ".join(faults) or "something is wrong"}


def faults_of_boxes(shown: Sequence[Box], image: LabeledImage) -> list[str]:
    """What is wrong with boxes, in words; every object of the truth should have one."""
    missed = [box.label for box in image.boxes if not any(_same(box, other) for other in shown)]
    wrong = [box.label for box in shown if not any(_same(box, other) for other in image.boxes)]
    return [f"no good box of {label}" for label in missed] + [f"{label} is not there" for label in wrong]


def faults_of_mask(shown: Mask, image: LabeledImage, labels: Sequence[str]) -> list[str]:
    truth = draw_mask(image.boxes, labels, (image.width, image.height))
    found = overlaps([(shown, truth)], labels)
    return [f"{label} is not painted well" for label, overlap in found.items() if overlap < GOOD_OVERLAP]


def adjust_boxes(
    worker: str, image: LabeledImage, labels: Sequence[str], noise: Noise, shown: Sequence[dict]
) -> tuple[list[dict], bool]:
    """The boxes that a worker hands in, and whether he changed any.

    He leaves what is as good as he could draw it, mends the rest, and deletes what is not there.
    """
    own = {box: drawn for box, drawn in drawn_objects(worker, image, labels, noise) if box}
    good_enough = 1 - 3 * noise.jitter * skill_of(worker, noise)
    result = []
    for box in image.boxes:
        there = [other for other in shown if other["label"] == box.label]
        best = max(there, key=lambda other: iou(box, box_of(other)), default=None)
        if best and iou(box, box_of(best)) >= good_enough:
            result.append(best)
        elif box in own:
            result.append(own[box])
    return result, _sorted(result) != _sorted(shown)


def adjust_mask(
    worker: str, image: LabeledImage, labels: Sequence[str], noise: Noise, shown: Mask
) -> tuple[Mask, bool]:
    """The mask that a worker hands in, and whether he changed it; what is good enough stays as it is."""
    truth = draw_mask(image.boxes, labels, (image.width, image.height))
    if mean_overlap(overlaps([(shown, truth)], labels)) >= 1 - 3 * noise.jitter * skill_of(worker, noise):
        return shown, False
    painted = paint(worker, image, labels, noise)
    return painted, bool((painted != shown).any())


def box_of(answer: dict) -> Box:
    return Box(answer["label"], answer["left"], answer["top"], answer["width"], answer["height"])


def _same(one: Box, other: Box) -> bool:
    return one.label == other.label and iou(one, other) >= GOOD_OVERLAP


def _sorted(boxes: Sequence[dict]) -> list[tuple]:
    return sorted(tuple(sorted(box.items())) for box in boxes)
