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
FARTHEST = 0.25  # square of an offset: what is further off is another mistake
LEAST_FREE = 0.2  # of what a worker's own box leaves to the others

Edges = tuple[float, float, float, float]


class Hand(NamedTuple):
    """How a worker draws."""

    habit: Edges  # how far his edges are off on average, to the right or down
    precision: float  # one through the variance of an edge around that


def place(group: Sequence[Drawn], hands: Mapping[str, Hand]) -> tuple[Edges, list[float]]:
    """The edges of the object, and each worker's share in them."""
    width = median([box[2] - box[0] for box in group])
    height = median([box[3] - box[1] for box in group])
    drawn = [(box, hands[box[5]]) for box in group]
    precision = [hand.precision for _, hand in drawn]
    edges = []
    for edge, size in enumerate((width, height, width, height)):
        places = [box[edge] - hand.habit[edge] * size for box, hand in drawn]
        edges.append(_centre(places, precision, size * size))
    total = sum(precision)
    return tuple(edges), [each / total for each in precision]


def _centre(places: Sequence[float], precision: Sequence[float], scale: float) -> float:
    """``scale`` is the square of the size that precisions are relative to."""
    centre, pairs = median(places), list(zip(places, precision, strict=True))
    for _ in range(STEPS):
        weighted = total = 0.0
        for place, each in pairs:
            weight = each / (FREEDOM + each * (place - centre) ** 2 / scale)
            weighted += weight * place
            total += weight
        centre = weighted / total
    return centre


def placement_evidence(
    groups: Sequence[tuple[Sequence[Drawn], float]], hands: Mapping[str, Hand]
) -> dict[str, dict[str, float]]:
    """By worker: sums of offsets and of their squares. ``groups`` come with the probability of an object.

    A worker's own box pulls the object towards it; what it pulls is taken out again.
    """
    sums = {worker: [0.0] * (2 + len(EDGES)) for worker in hands}
    for group, probability in groups:
        edges, shares = place(group, hands)
        width, height = max(edges[2] - edges[0], 1.0), max(edges[3] - edges[1], 1.0)
        for box, share in zip(group, shares, strict=True):
            _add_offsets(sums[box[5]], box, edges, (width, height), hands[box[5]], 1 - share, probability)
    return {worker: dict(zip((*EDGES, "squares", "edges"), of, strict=True)) for worker, of in sums.items()}


def _add_offsets(
    sums: list[float],
    box: Drawn,
    edges: Edges,
    size: tuple[float, float],
    hand: Hand,
    free: float,
    probability: float,
) -> None:
    squares, free = 0.0, max(free, LEAST_FREE)
    for edge in range(4):
        usual = hand.habit[edge]
        beyond = (box[edge] - edges[edge]) / size[edge % 2] - usual
        squares += min(beyond * beyond, FARTHEST)
        sums[edge] += probability * (usual + beyond / free)
    sums[4] += probability * squares / (4 * free)
    sums[5] += probability


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
        hands[worker] = Hand(habit, 1 / (variance + 0.1 * usual))
    return hands
