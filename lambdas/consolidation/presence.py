"""Whether a group of boxes shows an object, told by who drew it and who, looking at the image, did not.

A group comes from one of three sources, each at its own rate per image:

- an object. A worker sees it with his own rate of detection. Some objects are hard for everybody: their
  misses come together, so a fixed share of the objects is missed more often by all.
- a worker alone, who draws things that are none at his own rate.
- something that looks like an object, which each worker takes for one with the same probability: nothing in
  the answers tells a trap for many from an object that is hard to see, so this rate is fixed.

Everything depends only on who was asked and who drew, so groups are counted by that and looked up.
"""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

HARD = 0.15  # share of the objects that are hard to see
HARD_MISSES, EASY_MISSES = 2.6, 0.718  # times a worker's own rate of misses; on average 1
MOST_MISSED, MOST_DETECTED = 0.95, 0.98  # nobody sees nothing, and nobody everything
TRAPS = 0.2  # per image: what looks like an object to several
TRAPPED = 0.3  # of the workers, by each

DETECTION, DETECTION_STRENGTH = 0.85, 8.0  # of an unknown worker; worth so many objects
SPURIOUS, SPURIOUS_STRENGTH = 0.3, 6.0  # per image, of an unknown worker; worth so many images
OBJECTS, OBJECTS_STRENGTH = 3.0, 2.0  # per image

Members = tuple[str, ...]


class Group(NamedTuple):
    asked: Members  # the workers who answered about the image, sorted
    drew: Members  # those whose box is in the group, sorted


class Rates(NamedTuple):
    """Of one worker."""

    detection: float  # part of the objects that he draws
    spurious: float  # boxes per image that are drawn by him alone and show nothing


class Presence:
    """The probability that a group shows an object."""

    def __init__(self, rates: Mapping[str, Rates], objects: float):
        """``objects`` per image."""
        self.rates = rates
        self.objects = objects
        self.known: dict[Group, tuple[float, float]] = {}

    def split(self, group: Group) -> tuple[float, float]:
        """The probabilities that the group is an object and that it is its only worker's invention."""
        if group not in self.known:
            real, trap = self._object(group), self._trap(group)
            alone = self.rates[group.drew[0]].spurious if len(group.drew) == 1 else 0.0
            total = real + trap + alone
            self.known[group] = real / total, alone / total
        return self.known[group]

    def _object(self, group: Group) -> float:
        easy, hard = self.objects * (1 - HARD), self.objects * HARD
        for worker in group.asked:
            missed = 1 - self.rates[worker].detection
            easily, hardly = min(missed * EASY_MISSES, MOST_MISSED), min(missed * HARD_MISSES, MOST_MISSED)
            drew = worker in group.drew
            easy *= 1 - easily if drew else easily
            hard *= 1 - hardly if drew else hardly
        return easy + hard

    def _trap(self, group: Group) -> float:
        drew, others = len(group.drew), len(group.asked) - len(group.drew)
        return TRAPS * math.pow(TRAPPED, drew) * math.pow(1 - TRAPPED, others)


def estimate_rates(evidence: Mapping[str, Mapping], pool: Mapping) -> dict[str, Rates]:
    """The rates of each worker, shrunk towards what all workers do, and that towards what is usual."""
    detection = _shrunk(pool, "found", "objects", DETECTION, DETECTION_STRENGTH)
    spurious = _shrunk(pool, "spurious", "images", SPURIOUS, SPURIOUS_STRENGTH)
    return {
        worker: Rates(
            min(max(_shrunk(each, "found", "objects", detection, DETECTION_STRENGTH), 0.01), MOST_DETECTED),
            max(_shrunk(each, "spurious", "images", spurious, SPURIOUS_STRENGTH), 0.01),
        )
        for worker, each in evidence.items()
    }


def _shrunk(evidence: Mapping, what: str, of: str, usual: float, strength: float) -> float:
    return (evidence.get(what, 0.0) + strength * usual) / (evidence.get(of, 0.0) + strength)


def presence_evidence(
    presence: Presence, groups: Mapping[Group, int], images: Iterable[tuple[Members, int]]
) -> dict[str, dict[str, float]]:
    """By worker: objects on the images that he saw, those he found, what he invented, images.

    ``groups`` and ``images`` (who was asked) are counted.
    """
    found: dict[str, dict[str, float]] = {}
    for asked, times in images:
        for worker in asked:
            of = found.setdefault(worker, {"images": 0.0, "objects": 0.0, "found": 0.0, "spurious": 0.0})
            of["images"] += times
    for group, times in groups.items():
        real, alone = presence.split(group)
        for worker in group.asked:
            found[worker]["objects"] += times * real
        for worker in group.drew:
            found[worker]["found"] += times * real
            found[worker]["spurious"] += times * alone
    return found
