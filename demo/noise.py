"""How a simulated worker errs, and how he draws boxes: the truth, with human errors."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from random import Random

from vision.boxes import Box
from vision.manifest import LabeledImage


@dataclass(frozen=True)
class Noise:
    """How the average worker errs; each one errs up to ``spread`` times more or less than that.

    ``jitter`` is the standard deviation of each edge as a share of the box's width or height, ``misses`` and
    ``wrong_labels`` are shares of the objects, ``false_boxes`` are boxes around nothing per image.
    """

    jitter: float = 0.04
    misses: float = 0.04
    wrong_labels: float = 0.02
    false_boxes: float = 0.06
    spread: float = 0.5

    def scaled(self, factor: float) -> "Noise":
        """0 is perfect, 1 the same, more is worse."""
        return replace(
            self,
            jitter=self.jitter * factor,
            misses=self.misses * factor,
            wrong_labels=self.wrong_labels * factor,
            false_boxes=self.false_boxes * factor,
        )


def skill_of(worker: str, noise: Noise) -> float:
    """By how much this worker errs more (over 1) or less than the average one."""
    return Random(f"skill of {worker}").uniform(1 - noise.spread, 1 + noise.spread)


def chance_at(worker: str, image: LabeledImage) -> Random:
    """The same worker makes the same mistakes on the same image, in every run."""
    return Random(f"{worker} at {PurePosixPath(image.uri).name}")


def draw_boxes(worker: str, image: LabeledImage, labels: Sequence[str], noise: Noise) -> list[dict]:
    """The boxes that a worker draws, as ``crowd-bounding-box`` answers them: whole pixels inside the image.

    The same worker draws the same on the same image, in every run. Objects of other labels are not drawn.
    """
    return [drawn for _, drawn in drawn_objects(worker, image, labels, noise)]


def drawn_objects(
    worker: str, image: LabeledImage, labels: Sequence[str], noise: Noise
) -> list[tuple[Box | None, dict]]:
    """Each box that a worker draws, with the object that he means; None where there is none."""
    skill, random = skill_of(worker, noise), chance_at(worker, image)
    drawn: list[tuple[Box | None, dict]] = []
    for box in image.boxes:
        if box.label not in labels or random.random() < noise.misses * skill:
            continue
        label = seen_label(random, box.label, labels, noise.wrong_labels * skill)
        drawn.append((box, _answer(image, label, _jittered(random, box, noise.jitter * skill))))
    if random.random() < noise.false_boxes * skill:
        drawn.append((None, _answer(image, random.choice(labels), _false_box(random, image))))
    return drawn


def seen_label(random: Random, label: str, labels: Sequence[str], wrong: float) -> str:
    """The label, or with a chance of ``wrong`` another one."""
    others = [other for other in labels if other != label]
    return random.choice(others) if others and random.random() < wrong else label


def _jittered(random: Random, box: Box, jitter: float) -> tuple[float, float, float, float]:
    across, down = jitter * box.width, jitter * box.height
    return (
        random.gauss(box.left, across),
        random.gauss(box.top, down),
        random.gauss(box.right, across),
        random.gauss(box.bottom, down),
    )


def _false_box(random: Random, image: LabeledImage) -> tuple[float, float, float, float]:
    width, height = image.width * random.uniform(0.05, 0.3), image.height * random.uniform(0.05, 0.3)
    left, top = random.uniform(0, image.width - width), random.uniform(0, image.height - height)
    return left, top, left + width, top + height


def _answer(image: LabeledImage, label: str, edges: tuple[float, float, float, float]) -> dict:
    left, top = _whole(edges[0], 0, image.width - 1), _whole(edges[1], 0, image.height - 1)
    right, bottom = _whole(edges[2], left + 1, image.width), _whole(edges[3], top + 1, image.height)
    return {"height": bottom - top, "label": label, "left": left, "top": top, "width": right - left}


def _whole(edge: float, least: int, most: int) -> int:
    return min(max(round(edge), least), most)
