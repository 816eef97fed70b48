"""What asking one more worker about doubtful images saves: fewer workers and `ask_again` beside more workers.

    python -m benchmarks.ask_again [--quick]

The simulators and teams of crowds.py, with seeds that nothing was tuned on. All ways see the same images and
the same workers in the same order: a way with three workers asks the first three, one with two and
`ask_again` the first two and, where their label is of high risk, the third. Labels are made by the deployed
function's code, from answers in Ground Truth's format, in calls of 100 images. F1 counts boxes that overlap
an object by 0.5 or more, whatever the label; IoU is the mean overlap of those.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy
from rich.console import Console
from rich.table import Table

from benchmarks.consolidation_quality import (
    CALL,
    SIMULATORS,
    add,
    consolidate,
    payload,
    read_label,
    read_options,
    score,
)
from benchmarks.consolidation_quality import WorkerQuality as Quality
from benchmarks.crowds import BAD, GOOD, LABELS, TEAMS, Image, Team, team_images


class Way(NamedTuple):
    workers: int
    again: float = 0.0  # `labeling.ask_again`; 0: off

    def __str__(self) -> str:
        return f"{self.workers}, {self.again}" if self.again else f"{self.workers}"


class Measured(NamedTuple):
    answers: float  # per image
    f1: float
    iou: float


WAYS = [Way(2), Way(2, 0.7), Way(3), Way(3, 0.6), Way(3, 0.7), Way(4)]
MOST = max(way.workers + bool(way.again) for way in WAYS)
STEADY = [Team("5 good", [GOOD] * 5, 5), Team("5: 4 good, bad", [*[GOOD] * 4, BAD], 5)]
Rule = Callable[[Sequence[Image], bool], list[dict]]  # images, and whether to learn from them; their labels


def votes(images: Sequence[Image], learn: bool) -> list[dict]:
    return labels_of(consolidate(payload(images), "boxes", LABELS))


def worker_quality() -> Rule:
    """Hears the workers of one way, of which it learns from call to call."""
    known: dict = {}

    def rule(images: Sequence[Image], learn: bool) -> list[dict]:
        quality = Quality(known)
        labels = labels_of(consolidate(payload(images), "boxes", LABELS, quality=quality))
        if learn:
            add(known, quality.evidence)
        return labels

    return rule


RULES: dict[str, Callable[[], Rule]] = {"votes": lambda: votes, "worker_quality": worker_quality}


def labels_of(results: Sequence[dict]) -> list[dict]:
    return [result["consolidatedAnnotation"]["content"]["boxes"] for result in results]


def heard(image: Image, order: Sequence[str]) -> Image:
    """The image with the answers of these workers alone."""
    return Image(image.truth, {worker: image.answers[worker] for worker in sorted(order)})


def label(way: Way, rule: Rule, images: Sequence[Image], orders: Sequence[Sequence[str]]) -> tuple[list, int]:
    """The label of each image of a call, and how many were asked about again."""
    first = [heard(image, order[: way.workers]) for image, order in zip(images, orders, strict=True)]
    labels = rule(first, True)
    risky = [number for number, each in enumerate(labels) if each["consensus"]["least_certainty"] < way.again]
    if not risky:
        return labels, 0
    rule([heard(images[number], orders[number][way.workers : way.workers + 1]) for number in risky], True)
    both = [heard(images[number], orders[number][: way.workers + 1]) for number in risky]
    for number, better in zip(risky, rule(both, False), strict=True):
        labels[number] = better
    return labels, len(risky)


def measure(way: Way, rule: Rule, images: Sequence[Image], orders: Sequence[Sequence[str]]) -> Measured:
    results, again = [], 0
    for start in range(0, len(images), CALL):
        part = slice(start, start + CALL)
        labels, asked = label(way, rule, images[part], orders[part])
        results += map(read_label, labels)
        again += asked
    found = score(images, results)
    return Measured(way.workers + again / len(images), found.f1, found.iou)


def mean_of_seeds(team: Team, draw, rule: str, seeds: Sequence[int], number: int) -> dict[Way, Measured]:
    scores: dict[Way, list[Measured]] = {way: [] for way in WAYS}
    for seed in seeds:
        rng = numpy.random.default_rng(seed)
        images = team_images(team._replace(asked=len(team.workers)), draw, number, rng)
        orders = [rng.permutation(sorted(image.answers)).tolist() for image in images]
        for way in WAYS:
            scores[way].append(measure(way, RULES[rule](), images, orders))
    return {way: Measured(*numpy.mean(each, axis=0).tolist()) for way, each in scores.items()}


def main() -> None:
    seeds, number = read_options(__doc__.splitlines()[0])
    teams = [*STEADY, *(team for team in TEAMS if len(team.workers) >= MOST)]
    table = Table("rule", "err", "of", *(f"{way}\nanswers F1 IoU" for way in WAYS))
    for rule in RULES:
        for simulator, draw in SIMULATORS.items():
            for team in teams:
                scores = mean_of_seeds(team, draw, rule, seeds, number)
                cells = (f"{each.answers:.2f} {each.f1:.3f} {each.iou:.3f}" for each in scores.values())
                table.add_row(rule, simulator, team.name, *cells)
    Console(width=170).print(table)
    print(f"Seeds {', '.join(map(str, seeds))}, {number} images each.")


if __name__ == "__main__":
    main()
