"""Which labels workers take for which: Dawid and Skene's observers, shrunk towards all workers' errors.

Source: A. P. Dawid and A. M. Skene, Maximum Likelihood Estimation of Observer Error-Rates Using the EM
Algorithm, Applied Statistics 28 (1979).
"""

from collections.abc import Mapping, Sequence

RIGHT = 0.9  # how often an unknown worker is right
POOL_STRENGTH = 5.0  # how many observations of a label that guess is worth, and ...
WORKER_STRENGTH = 8.0  # ... how many of a worker's own what all workers do is worth

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
