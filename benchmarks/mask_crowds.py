"""Simulated teams that paint masks: what is there, and what each worker says is there.

The workers are those of crowds.py. ``independent`` ones err each for himself: what consolidation assumes.
``together`` they do not: what is hard is missed, mislabeled and badly outlined by all, the wrong label and
part of the wrong outline are the same for all, and things that are no objects deceive several.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy

from benchmarks.crowds import Team, Worker
from vision.masks import Mask, fill

WIDTH, HEIGHT = 200, 150
LABELS = ["leaf", "stone", "fruit"]
ANGLES = numpy.linspace(0, 2 * numpy.pi, 48, endpoint=False)
WAVES = 6  # of an outline's errors: neighbours on it err alike
SHARED = 0.2  # of the radius: how far all see the edge of the hardest objects in the wrong place


class Objects(NamedTuple):
    centres: numpy.ndarray  # (n, 2): x, y in pixels
    radii: numpy.ndarray  # (n, angles) in pixels
    labels: numpy.ndarray  # (n,) ids; a later object hides an earlier one


class Scene(NamedTuple):
    """What the workers of an image have in common."""

    difficulty: numpy.ndarray  # (n,) of each object, 0 to 1
    lookalikes: numpy.ndarray  # (n,) the label that each object is taken for
    mirage: numpy.ndarray  # (n, angles) where all see the edge, relative to the radius
    traps: Objects  # that are no objects


class Image(NamedTuple):
    truth: Mask
    answers: dict[str, Mask]  # by worker


Draw = Callable[[numpy.random.Generator, Objects, Scene, Worker], Objects]


def team_images(team: Team, draw: Draw, images: int, rng: numpy.random.Generator) -> list[Image]:
    drawn = []
    for _ in range(images):
        truth = some_objects(rng, 1 + rng.poisson(2), (15, 45))
        scene = some_scene(rng, truth, draw)
        answers = {}
        for index in sorted(rng.permutation(len(team.workers))[: team.asked]):
            worker = team.workers[index]
            seen = anything(rng) if worker.random else draw(rng, truth, scene, worker)
            answers[f"worker {index}"] = painted(seen)
        drawn.append(Image(painted(truth), answers))
    return drawn


def some_objects(rng: numpy.random.Generator, count: int, sizes: tuple[int, int]) -> Objects:
    centres = rng.uniform((10, 10), (WIDTH - 10, HEIGHT - 10), (count, 2))
    radii = rng.uniform(*sizes, (count, 1)) * (1 + waves(rng, count, 0.2))
    return Objects(centres, radii, rng.integers(0, len(LABELS), count))


def some_scene(rng: numpy.random.Generator, truth: Objects, draw: Draw) -> Scene:
    count = len(truth.labels)
    shape = (2, 2) if draw is independent else (0.5, 1.5)
    lookalikes = (truth.labels + rng.integers(1, len(LABELS), count)) % len(LABELS)
    traps = some_objects(rng, rng.poisson(0.4), (8, 20))
    return Scene(rng.beta(*shape, count), lookalikes, waves(rng, count, SHARED), traps)


def anything(rng: numpy.random.Generator) -> Objects:
    return some_objects(rng, rng.poisson(2), (10, 50))


def independent(rng: numpy.random.Generator, truth: Objects, scene: Scene, worker: Worker) -> Objects:
    count = len(truth.labels)
    seen = rng.random(count) > worker.misses * (0.4 + 1.2 * scene.difficulty)
    other = (truth.labels + rng.integers(1, len(LABELS), count)) % len(LABELS)
    labels = numpy.where(rng.random(count) < worker.mislabels, other, truth.labels)
    errors = waves(rng, count, 2 * worker.spread) + 2 * worker.loose
    invented = some_objects(rng, rng.poisson(worker.invents), (5, 20))
    return joined(seen_as(truth, seen, errors, labels), invented)


def together(rng: numpy.random.Generator, truth: Objects, scene: Scene, worker: Worker) -> Objects:
    count, hard = len(truth.labels), scene.difficulty
    seen = rng.random(count) > numpy.clip(worker.misses * 4 * hard, 0, 0.95)
    wrong = rng.random(count) < numpy.clip(worker.mislabels * 4 * hard, 0, 0.9)
    labels = numpy.where(wrong, scene.lookalikes, truth.labels)
    own = waves(rng, count, 2 * worker.spread) * (0.35 + 1.4 * hard[:, None])
    deceived = hard[:, None] * rng.uniform(0.5, 1, (count, 1)) * scene.mirage
    trapped = rng.random(len(scene.traps.labels)) < min(0.6, worker.invents)
    traps = Objects(*(part[trapped] for part in scene.traps))
    return joined(seen_as(truth, seen, own + deceived + 2 * worker.loose, labels), traps)


def seen_as(truth: Objects, seen: numpy.ndarray, errors: numpy.ndarray, labels: numpy.ndarray) -> Objects:
    """``errors`` (n, angles) are of the radius, relative to it."""
    radii = truth.radii * (1 + errors).clip(0.1)
    return Objects(truth.centres[seen], radii[seen], labels[seen])


def waves(rng: numpy.random.Generator, count: int, deviation: float) -> numpy.ndarray:
    """(count, angles) smooth around the circle, with this standard deviation."""
    heights = rng.normal(0, deviation / numpy.sqrt(WAVES), (count, WAVES, 1))
    turns = rng.uniform(0, 2 * numpy.pi, (count, WAVES, 1))
    return (heights * numpy.sqrt(2) * numpy.cos(numpy.arange(1, WAVES + 1)[:, None] * ANGLES + turns)).sum(
        axis=1
    )


def joined(one: Objects, other: Objects) -> Objects:
    return Objects(*map(numpy.concatenate, zip(one, other, strict=True)))


def painted(objects: Objects) -> Mask:
    mask = numpy.zeros((HEIGHT, WIDTH), dtype=numpy.uint8)
    for (x, y), radii, label in zip(*objects, strict=True):
        outline = numpy.stack([x + radii * numpy.cos(ANGLES), y + radii * numpy.sin(ANGLES)], axis=1)
        fill(mask, [tuple(map(tuple, outline.tolist()))], int(label) + 1)
    return mask
