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

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from boxes import VOTES_NEEDED, Found, vote
from confusion import Confusion, Counts
from drawings import Drawings
from evidence import Evidence, Known, add, part, pooled
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
ROUNDS = {"presence": 8, "labels": 5, "placement": 1}
ENOUGH_ANSWERS = 5
ENOUGH_OBJECTS = 50.0  # a worker is known by so many
CORRELATED = 0.8  # two workers who agree on a label tell less than two independent ones
LABEL_STRENGTH = 10.0  # how many objects it is worth that no label is rarer than others

Said = tuple[tuple[str, str], ...]  # (worker, label) of each box in a group


class Estimate(NamedTuple):
    """All that is needed to consolidate an image."""

    presence: Presence
    label: Mapping[Said, tuple[str, float]]  # the most probable one
    hands: Mapping[str, Hand]


def consolidate(
    images: Sequence[Drawings], labels: Sequence[str], history: Known
) -> tuple[list[tuple[list[Found], str]], dict[str, Evidence]]:
    """For each image its objects and how they were found, and the evidence about each worker."""
    estimate, evidence = fit(images, labels, history)
    known = {worker for worker in evidence if is_known(history, worker)}
    found = [
        (find(image, labels, estimate), "worker_quality")
        if len(image.workers) >= ENOUGH_ANSWERS or known.issuperset(image.workers)
        else (vote(image, labels), "votes")
        for image in images
    ]
    return found, {worker: {KIND: each} for worker, each in evidence.items()}


def is_known(history: Known, worker: str) -> bool:
    return part(history, worker, KIND).get("objects", 0.0) >= ENOUGH_OBJECTS


def fit(
    images: Sequence[Drawings], labels: Sequence[str], history: Known
) -> tuple[Estimate, dict[str, Evidence]]:
    """The estimate, and by worker the evidence in these images alone."""
    before = {worker: part(history, worker, KIND) for image in images for worker in image.workers}
    presence, evidence = fit_presence(images, before)
    groups = [
        (group, presence.split(group_of(image, group))[0]) for image in images for group in image.groups
    ]
    several = [(group, probability) for group, probability in groups if len(group) > 1]
    said: Counter[Said] = Counter()
    for group, probability in groups:
        said[said_of(group)] += probability
    label, counts = fit_labels(said, labels, before)
    hands, offsets = fit_hands(several, before)
    for worker, each in evidence.items():
        each |= offsets.get(worker, {})
        each["labels"] = counts.get(worker, {})
    return Estimate(presence, label, hands), evidence


def find(image: Drawings, labels: Sequence[str], estimate: Estimate) -> list[Found]:
    found = []
    least = VOTES_NEEDED if len(image.workers) >= ENOUGH_ANSWERS else 1
    for group in image.groups:
        if len(group) < least:
            continue
        probability = estimate.presence.split(group_of(image, group))[0]
        if probability > 0.5:
            label, certainty = estimate.label[said_of(group)]
            edges, _ = place(group, estimate.hands)
            found.append(Found(edges, labels.index(label), probability * certainty))
    return found


def group_of(image: Drawings, group: Sequence) -> Group:
    return Group(image.workers, tuple([box.worker for box in group]))


def said_of(group: Sequence) -> Said:
    return tuple([(box.worker, box.label) for box in group])


def fit_presence(images: Sequence[Drawings], before: Known) -> tuple[Presence, dict[str, Evidence]]:
    asked = Counter(image.workers for image in images)
    groups = Counter(group_of(image, group) for image in images for group in image.groups)
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


def fit_labels(
    said: Mapping[Said, float], labels: Sequence[str], before: Known
) -> tuple[dict[Said, tuple[str, float]], dict[str, Counts]]:
    """The label of each pattern with its probability; and what each worker said for which label."""
    earlier = {worker: each.get("labels", {}) for worker, each in before.items()}
    counts: dict[str, Evidence] = {}
    frequency = dict.fromkeys(labels, 1 / len(labels))
    for _ in range(ROUNDS["labels"]):
        total = together(earlier, counts)
        confusion = Confusion(total, pooled(total.values()), labels)
        posterior = {pattern: label_posterior(pattern, confusion, frequency) for pattern in said}
        counts, seen = {}, dict.fromkeys(labels, LABEL_STRENGTH / len(labels))
        for pattern, weight in said.items():
            for label, probability in posterior[pattern].items():
                seen[label] += weight * probability
                for worker, word in pattern:
                    add(counts, {worker: {label: {word: weight * probability}}})
        frequency = {label: times / sum(seen.values()) for label, times in seen.items()}
    return {pattern: most_probable(posterior[pattern], labels) for pattern in said}, counts


def label_posterior(pattern: Said, confusion: Confusion, frequency: Mapping[str, float]) -> dict[str, float]:
    """Of the labels that somebody said; what is missing to 1 is for all others."""
    candidates = {label for _, label in pattern}
    power = (1 + CORRELATED * (len(pattern) - 1)) / len(pattern)
    likely = {
        label: frequency[label]
        * math.prod([confusion.probability(worker, label, word) for worker, word in pattern]) ** power
        for label in candidates
    }
    others = 1 - sum(frequency[label] for label in candidates)
    total = sum(likely.values()) + max(others, 0.0) * confusion.wrong ** (power * len(pattern))
    return {label: each / total for label, each in likely.items()}


def most_probable(posterior: Mapping[str, float], labels: Sequence[str]) -> tuple[str, float]:
    """Of equally probable labels the first in the label list."""
    label = min(posterior, key=lambda label: (-posterior[label], labels.index(label)))
    return label, posterior[label]


def fit_hands(groups: Sequence, before: Known) -> tuple[dict[str, Hand], dict[str, Evidence]]:
    offsets: dict[str, Evidence] = {}
    for _ in range(ROUNDS["placement"]):
        total = together(before, offsets)
        hands = estimate_hands(total, pooled(total.values()))
        offsets = placement_evidence(groups, hands)
    total = together(before, offsets)
    return estimate_hands(total, pooled(total.values())), offsets


def together(before: Known, now: Known) -> dict[str, Evidence]:
    return {worker: add(add({}, each), now.get(worker, {})) for worker, each in before.items()}
