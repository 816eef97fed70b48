"""How a simulated worker sees and draws: the truth, with human errors."""

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


def draw_boxes(worker: str, image: LabeledImage, labels: Sequence[str], noise: Noise) -> list[dict]:
    """The boxes that a worker draws, as ``crowd-bounding-box`` answers them: whole pixels inside the image.

    The same worker draws the same on the same image, in every run. Objects of other labels are not drawn.
    """
    skill = Random(f"skill of {worker}").uniform(1 - noise.spread, 1 + noise.spread)
    random = Random(f"{worker} at {PurePosixPath(image.uri).name}")
    drawn = []
    for box in image.boxes:
        if box.label not in labels or random.random() < noise.misses * skill:
            continue
        label = box.label
        others = [other for other in labels if other != label]
        if others and random.random() < noise.wrong_labels * skill:
            label = random.choice(others)
        drawn.append(_answer(image, label, _jittered(random, box, noise.jitter * skill)))
    if random.random() < noise.false_boxes * skill:
        drawn.append(_answer(image, random.choice(labels), _false_box(random, image)))
    return drawn


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
