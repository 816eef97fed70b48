"""Which labels workers take for which: Dawid and Skene's observers, shrunk towards all workers' errors.

Source: A. P. Dawid and A. M. Skene, Maximum Likelihood Estimation of Observer Error-Rates Using the EM
Algorithm, Applied Statistics 28 (1979).
"""

import math
from collections.abc import Mapping, Sequence

from evidence import Evidence, pooled, together

RIGHT = 0.9  # how often an unknown worker is right
POOL_STRENGTH = 5.0  # how many observations of a label that guess is worth, and ...
WORKER_STRENGTH = 8.0  # ... how many of a worker's own what all workers do is worth

CORRELATED = 0.8  # two workers who agree on a label tell less than two independent ones
LABEL_STRENGTH = 10.0  # how many objects it is worth that no label is rarer than others
ROUNDS = 5

Said = tuple[tuple[str, str], ...]  # the label that each of some workers gave to a thing: (worker, label)
Counts = Mapping[str, Mapping[str, float]]  # {true label: {what the worker said: times}}


class Confusion:
    """How probable it is that a worker says one label for another."""

    def __init__(self, counts: Mapping[str, Counts], pool: Counts, labels: Sequence[str]):
        """``counts`` by worker; ``pool`` of all workers together."""
        self.labels = labels
        self.wrong = (1 - RIGHT) / max(len(labels) - 1, 1)
        self.pool = {true: (said, sum(said.values()) + POOL_STRENGTH) for true, said in pool.items()}
        self.counts = {
            worker: {true: (said, sum(said.values()) + WORKER_STRENGTH) for true, said in rows.items()}
            for worker, rows in counts.items()
        }
        self.known: dict[tuple[str, str, str], float] = {}

    def probability(self, worker: str, true: str, said: str) -> float:
        key = worker, true, said
        if key not in self.known:
            times, total = self.counts.get(worker, {}).get(true, ({}, WORKER_STRENGTH))
            shrunk = WORKER_STRENGTH * self._of_anybody(true, said)
            self.known[key] = (times.get(said, 0.0) + shrunk) / total
        return self.known[key]

    def _of_anybody(self, true: str, said: str) -> float:
        times, total = self.pool.get(true, ({}, POOL_STRENGTH))
        guess = RIGHT if true == said else self.wrong
        return (times.get(said, 0.0) + POOL_STRENGTH * guess) / total


def fit_labels(
    said: Mapping[Said, float], labels: Sequence[str], earlier: Mapping[str, Counts]
) -> tuple[dict[Said, tuple[str, float]], dict[str, Evidence]]:
    """The label of each pattern with its probability; and what each worker said for which label.

    ``said`` are patterns with how often they are there, ``earlier`` what each worker said before.
    """
    counts: dict[str, Evidence] = {}
    frequency = dict.fromkeys(labels, 1 / len(labels))
    for _ in range(ROUNDS):
        total = together(earlier, counts)
        confusion = Confusion(total, pooled(total.values()), labels)
        posterior = {pattern: label_posterior(pattern, confusion, frequency) for pattern in said}
        counts, seen = {}, dict.fromkeys(labels, LABEL_STRENGTH / len(labels))
        for pattern, weight in said.items():
            for label, probability in posterior[pattern].items():
                share = weight * probability
                seen[label] += share
                for worker, word in pattern:
                    row = counts.setdefault(worker, {}).setdefault(label, {})
                    row[word] = row.get(word, 0.0) + share
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
