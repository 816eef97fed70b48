"""Where an object is, told by boxes of workers who draw with a habit and a spread of their own.

All offsets are relative to the size of the object: a worker who draws loosely is further out on large ones.
A habit shows only against the other workers, so the median worker is taken to have none. Tails are heavy:
edges far off count as under Student's t distribution (K. L. Lange, R. J. A. Little and J. M. G. Taylor,
Robust Statistical Modeling Using the t Distribution, JASA 84, 1989).
"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

from drawings import Drawn

EDGES = ("left", "top", "right", "bottom")
SPREAD, SPREAD_STRENGTH = 0.06, 20.0  # of an unknown worker's edges; worth so many boxes
HABIT_STRENGTH = 6.0  # boxes that no habit at all is worth
FREEDOM = 6.0  # degrees of freedom of Student's t
STEPS = 2

Edges = tuple[float, float, float, float]


class Hand(NamedTuple):
    """How a worker draws."""

    habit: Edges  # how far his edges are off on average, to the right or down
    variance: float  # of an edge around that


def place(group: Sequence[Drawn], hands: Mapping[str, Hand]) -> tuple[Edges, list[float]]:
    """The edges of the object, and each worker's share in them."""
    width, height = _size(group)
    drawn = [hands[box.worker] for box in group]
    precision = [1 / hand.variance for hand in drawn]
    total = sum(precision)
    edges = []
    for edge, size in enumerate((width, height, width, height)):
        places = [box[edge] - hand.habit[edge] * size for box, hand in zip(group, drawn, strict=True)]
        edges.append(_centre(places, precision, size) if len(group) > 2 else _mean(places, precision))
    return tuple(edges), [each / total for each in precision]


def _size(group: Sequence[Drawn]) -> tuple[float, float]:
    return median([box[2] - box[0] for box in group]), median([box[3] - box[1] for box in group])


def _mean(places: Sequence[float], weights: Sequence[float]) -> float:
    return sum([place * weight for place, weight in zip(places, weights, strict=True)]) / sum(weights)


def _centre(places: Sequence[float], precision: Sequence[float], size: float) -> float:
    centre = median(places)
    for _ in range(STEPS):
        weights = [
            each / (FREEDOM + each * ((place - centre) / size) ** 2)
            for place, each in zip(places, precision, strict=True)
        ]
        centre = _mean(places, weights)
    return centre


def placement_evidence(
    groups: Sequence[tuple[Sequence[Drawn], float]], hands: Mapping[str, Hand]
) -> dict[str, dict[str, float]]:
    """By worker: sums of offsets and of their squares. ``groups`` come with the probability of an object.

    A worker's own box pulls the object towards it; what it pulls is taken out again.
    """
    sums: dict[str, list[float]] = {}
    for group, probability in groups:
        (left, top, right, bottom), shares = place(group, hands)
        width, height = max(right - left, 1.0), max(bottom - top, 1.0)
        for box, share in zip(group, shares, strict=True):
            free = max(1 - share, 0.2)
            offsets = (
                (box[0] - left) / width,
                (box[1] - top) / height,
                (box[2] - right) / width,
                (box[3] - bottom) / height,
            )
            habit = hands[box.worker].habit
            of = sums.setdefault(box.worker, [0.0] * 6)
            of[0] += probability
            of[5] += (
                probability
                * sum(
                    [min((offset - usual) ** 2, 0.25) for offset, usual in zip(offsets, habit, strict=True)]
                )
                / (4 * free)
            )
            for edge, (offset, usual) in enumerate(zip(offsets, habit, strict=True)):
                of[edge + 1] += probability * (usual + (offset - usual) / free)
    return {worker: dict(zip(("edges", *EDGES, "squares"), of, strict=True)) for worker, of in sums.items()}


def estimate_hands(evidence: Mapping[str, Mapping], pool: Mapping) -> dict[str, Hand]:
    """Each worker's hand, shrunk towards all workers'."""
    usual = (pool.get("squares", 0.0) + SPREAD_STRENGTH * SPREAD**2) / (
        pool.get("edges", 0.0) + SPREAD_STRENGTH
    )
    habits = {
        worker: [each.get(edge, 0.0) / (each.get("edges", 0.0) + HABIT_STRENGTH) for edge in EDGES]
        for worker, each in evidence.items()
    }
    middle = [median(edge) for edge in zip(*habits.values(), strict=True)]
    hands = {}
    for worker, each in evidence.items():
        squares = each.get("squares", 0.0) + SPREAD_STRENGTH * usual
        variance = squares / (each.get("edges", 0.0) + SPREAD_STRENGTH)
        habit = tuple(own - others for own, others in zip(habits[worker], middle, strict=True))
        hands[worker] = Hand(habit, variance + 0.1 * usual)
    return hands
