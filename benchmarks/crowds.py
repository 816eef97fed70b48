"""Simulated teams that draw boxes: what is there, and what each worker says is there.

``independent`` workers err each for himself, with Gaussian edges: what consolidation assumes. ``together``
they do not: what is hard is missed, mislabeled and drawn badly by all, the wrong label is the same for all,
edges have heavy tails, and things that are no objects deceive several.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy

WIDTH, HEIGHT = 1000, 800
LABELS = ["box", "bottle", "can"]
SMALLEST = 3  # pixels of an edge


class Worker(NamedTuple):
    misses: float  # part of the objects
    spread: float  # of the edges, relative to the object
    mislabels: float  # part of the objects
    invents: float  # boxes per image
    loose: float = 0.0  # how far outside the object every edge is drawn, relative to it
    random: bool = False  # draws anywhere, whatever is there


class Boxes(NamedTuple):
    edges: numpy.ndarray  # (n, 4): left, top, right, bottom
    labels: numpy.ndarray  # (n,) ids


class Image(NamedTuple):
    truth: Boxes
    answers: dict[str, Boxes]  # by worker


class Team(NamedTuple):
    name: str
    workers: list[Worker]
    asked: int  # of them about each image


GOOD = Worker(0.08, 0.03, 0.03, 0.1)
USUAL = Worker(0.15, 0.06, 0.08, 0.3)
BAD = Worker(0.35, 0.14, 0.25, 0.8)
LOOSE = Worker(0.10, 0.04, 0.05, 0.15, loose=0.10)
RANDOM = Worker(0, 0, 0, 0, random=True)

TEAMS = [
    Team("3 alike", [USUAL] * 3, 3),
    Team("3: good, usual, bad", [GOOD, USUAL, BAD], 3),
    Team("3 of 8 mixed", [GOOD, GOOD, USUAL, USUAL, USUAL, LOOSE, BAD, RANDOM], 3),
    Team("5 alike", [USUAL] * 5, 5),
    Team("5: good, 2 usual, bad, random", [GOOD, USUAL, USUAL, BAD, RANDOM], 5),
    Team("5: 2 good, loose, bad, random", [GOOD, GOOD, LOOSE, BAD, RANDOM], 5),
    Team("9 mixed", [GOOD, GOOD, USUAL, USUAL, USUAL, LOOSE, LOOSE, BAD, RANDOM], 9),
]

Draw = Callable[[numpy.random.Generator, Boxes, "Scene", Worker], Boxes]


class Scene(NamedTuple):
    """What the workers of an image have in common."""

    difficulty: numpy.ndarray  # (n,) of each object, 0 to 1
    lookalikes: numpy.ndarray  # (n,) the label that each object is taken for
    traps: Boxes  # that are no objects


def team_images(team: Team, draw: Draw, images: int, rng: numpy.random.Generator) -> list[Image]:
    drawn = []
    for _ in range(images):
        truth = some_boxes(rng, rng.poisson(3), numpy.exp(rng.normal(4.4, 0.6, (2, 50))).clip(20, 400))
        scene = some_scene(rng, truth, draw)
        asked = sorted(rng.permutation(len(team.workers))[: team.asked])
        answers = {
            f"worker {index}": anything(rng)
            if team.workers[index].random
            else draw(rng, truth, scene, team.workers[index])
            for index in asked
        }
        drawn.append(Image(truth, {name: inside(boxes) for name, boxes in answers.items()}))
    return drawn


def some_boxes(rng: numpy.random.Generator, count: int, sides: numpy.ndarray) -> Boxes:
    width, height = sides[:, :count]
    x, y = rng.uniform(60, WIDTH - 60, count), rng.uniform(60, HEIGHT - 60, count)
    edges = numpy.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], axis=1)
    return inside(Boxes(edges, rng.integers(0, len(LABELS), count)))


def some_scene(rng: numpy.random.Generator, truth: Boxes, draw: Draw) -> Scene:
    count = len(truth.labels)
    shape = (2, 2) if draw is independent else (0.5, 1.5)
    traps = some_boxes(rng, rng.poisson(0.4), rng.uniform(50, 150, (2, 50)))
    lookalikes = (truth.labels + rng.integers(1, len(LABELS), count)) % len(LABELS)
    return Scene(rng.beta(*shape, count), lookalikes, traps)


def anything(rng: numpy.random.Generator) -> Boxes:
    return some_boxes(rng, rng.poisson(2), rng.uniform(50, 300, (2, 50)))


def independent(rng: numpy.random.Generator, truth: Boxes, scene: Scene, worker: Worker) -> Boxes:
    seen = rng.random(len(truth.labels)) > worker.misses * (0.4 + 1.2 * scene.difficulty)
    edges, labels = truth.edges[seen], truth.labels[seen]
    jitter = rng.normal(0, worker.spread, edges.shape)
    wrong = rng.random(len(labels)) < worker.mislabels
    labels = numpy.where(wrong, (labels + rng.integers(1, len(LABELS), len(labels))) % len(LABELS), labels)
    invented = some_boxes(rng, rng.poisson(worker.invents), rng.uniform(30, 150, (2, 50)))
    return joined(Boxes(moved(edges, jitter, worker.loose), labels), invented)


def together(rng: numpy.random.Generator, truth: Boxes, scene: Scene, worker: Worker) -> Boxes:
    seen = rng.random(len(truth.labels)) > numpy.clip(worker.misses * 4 * scene.difficulty, 0, 0.95)
    edges, labels, hard = truth.edges[seen], truth.labels[seen], scene.difficulty[seen]
    jitter = worker.spread * rng.standard_t(3, edges.shape) * (0.35 + 1.4 * hard[:, None])
    wrong = rng.random(len(labels)) < numpy.clip(worker.mislabels * 4 * hard, 0, 0.9)
    labels = numpy.where(wrong, scene.lookalikes[seen], labels)
    trapped = rng.random(len(scene.traps.labels)) < min(0.6, worker.invents)
    traps = scene.traps.edges[trapped]
    traps = traps + rng.normal(0, 5, traps.shape)
    return joined(
        Boxes(moved(edges, jitter, worker.loose), labels), Boxes(traps, scene.traps.labels[trapped])
    )


def moved(edges: numpy.ndarray, jitter: numpy.ndarray, loose: float) -> numpy.ndarray:
    sides = numpy.tile(edges[:, 2:] - edges[:, :2], 2)
    return edges + (jitter + numpy.array([-1, -1, 1, 1]) * loose) * sides


def joined(one: Boxes, other: Boxes) -> Boxes:
    return Boxes(numpy.concatenate([one.edges, other.edges]), numpy.concatenate([one.labels, other.labels]))


def inside(boxes: Boxes) -> Boxes:
    edges = boxes.edges.clip(0, [WIDTH, HEIGHT, WIDTH, HEIGHT])
    visible = (edges[:, 2:] - edges[:, :2] > SMALLEST).all(axis=1)
    return Boxes(edges[visible], boxes.labels[visible])
