"""Bounding boxes of several workers become one set, each worker heard as far as his answers deserve.

Expectation maximization over the images of a call, and over what is known of the workers from earlier ones:

1. Boxes are put together as for votes (drawings.py).
2. A group is an object with a probability that presence.py tells, its label is confusion.py's, its edges are
   placement.py's; what these find about the workers goes into the next round.
3. Groups that are objects with a probability above one half are kept. The confidence is the probability
   that there is an object and that it has this label.

An image is consolidated by votes where fewer than five workers answered and some of them are unknown: too
few answers tell who is right. Those answers still count as evidence.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from boxes import VOTES_NEEDED, Found, least_certainty, vote
from confusion import Said, fit_labels
from drawings import Drawings, Drawn
from evidence import Evidence, Known, part, pooled, together
from placement import Hand, estimate_hands, place, placement_evidence
from presence import (
    OBJECTS,
    OBJECTS_STRENGTH,
    Group,
    Presence,
    estimate_rates,
    presence_evidence,
)

KIND = "boxes"  # the branch of the evidence
ROUNDS = {"presence": 8, "placement": 1}
ENOUGH_ANSWERS = 5
ENOUGH_OBJECTS = 50.0  # a worker is known by so many


class Sight(NamedTuple):
    """Boxes that were put together, and what is asked about them again and again."""

    boxes: Sequence[Drawn]
    group: Group
    said: Said


class Estimate(NamedTuple):
    """All that is needed to consolidate an image."""

    presence: Presence
    label: Mapping[Said, tuple[str, float]]  # the most probable one
    hands: Mapping[str, Hand]


class Decided(NamedTuple):
    """What became of the answers about an image."""

    objects: list[Found]
    method: str
    certainty: float  # of the least sure decision, from 0 to 1


def consolidate(
    images: Sequence[Drawings], labels: Sequence[str], history: Known
) -> tuple[list[Decided], dict[str, Evidence]]:
    """What is decided about each image, and the evidence about each worker."""
    sights = [look(image) for image in images]
    estimate, evidence = fit(images, sights, labels, history)
    known = {worker for worker in evidence if is_known(history, worker)}
    found = [
        find(image, seen, labels, estimate)
        if len(image.workers) >= ENOUGH_ANSWERS or known.issuperset(image.workers)
        else Decided(vote(image, labels), "votes", least_certainty(image, labels))
        for image, seen in zip(images, sights, strict=True)
    ]
    return found, {worker: {KIND: each} for worker, each in evidence.items()}


def look(image: Drawings) -> list[Sight]:
    return [
        Sight(
            boxes,
            Group(image.workers, tuple([box.worker for box in boxes])),
            tuple([(box.worker, box.label) for box in boxes]),
        )
        for boxes in image.groups
    ]


def is_known(history: Known, worker: str) -> bool:
    return part(history, worker, KIND).get("objects", 0.0) >= ENOUGH_OBJECTS


def fit(
    images: Sequence[Drawings], sights: Sequence[Sequence[Sight]], labels: Sequence[str], history: Known
) -> tuple[Estimate, dict[str, Evidence]]:
    """The estimate, and by worker the evidence in these images alone."""
    before = {worker: part(history, worker, KIND) for image in images for worker in image.workers}
    groups = [sight for seen in sights for sight in seen]
    presence, evidence = fit_presence(images, Counter([sight.group for sight in groups]), before)
    real = [presence.split(sight.group)[0] for sight in groups]
    several = [
        (sight.boxes, probability)
        for sight, probability in zip(groups, real, strict=True)
        if len(sight.boxes) > 1
    ]
    said: dict[Said, float] = {}
    for sight, probability in zip(groups, real, strict=True):
        said[sight.said] = said.get(sight.said, 0.0) + probability
    earlier = {worker: each.get("labels", {}) for worker, each in before.items()}
    label, counts = fit_labels(said, labels, earlier)
    hands, offsets = fit_hands(several, before)
    for worker, each in evidence.items():
        each |= offsets.get(worker, {})
        each["labels"] = counts.get(worker, {})
    return Estimate(presence, label, hands), evidence


def find(image: Drawings, sights: Sequence[Sight], labels: Sequence[str], estimate: Estimate) -> Decided:
    found, least_sure = [], 1.0
    least = VOTES_NEEDED if len(image.workers) >= ENOUGH_ANSWERS else 1
    for boxes, group, said in sights:
        probability = estimate.presence.split(group)[0]
        if len(boxes) >= least and probability > 0.5:
            label, certainty = estimate.label[said]
            edges, _ = place(boxes, estimate.hands)
            found.append(Found(edges, labels.index(label), probability * certainty))
            least_sure = min(least_sure, probability * certainty)
        else:
            least_sure = min(least_sure, 1 - probability)
    return Decided(found, "worker_quality", least_sure)


def fit_presence(
    images: Sequence[Drawings], groups: Mapping[Group, int], before: Known
) -> tuple[Presence, dict[str, Evidence]]:
    """``groups`` are counted."""
    asked = Counter([image.workers for image in images])
    evidence: dict[str, Evidence] = {}
    objects = float(sum(times for group, times in groups.items() if len(group.drew) > 1))
    for _ in range(ROUNDS["presence"]):
        total = together(before, evidence)
        presence = Presence(
            estimate_rates(total, pooled(total.values())),
            (objects + OBJECTS_STRENGTH * OBJECTS) / (len(images) + OBJECTS_STRENGTH),
        )
        evidence = presence_evidence(presence, groups, asked.items())
        objects = sum(times * presence.split(group)[0] for group, times in groups.items())
    return presence, evidence


def fit_hands(groups: Sequence, before: Known) -> tuple[dict[str, Hand], dict[str, Evidence]]:
    offsets: dict[str, Evidence] = {}
    for _ in range(ROUNDS["placement"]):
        total = together(before, offsets)
        hands = estimate_hands(total, pooled(total.values()))
        offsets = placement_evidence(groups, hands)
    total = together(before, offsets)
    return estimate_hands(total, pooled(total.values())), offsets
