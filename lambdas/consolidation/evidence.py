"""What is known of workers from their answers: sums that add up, over objects, calls and jobs.

The evidence about a worker is a tree of sums: ``{"boxes": {"found": 12.3, "labels": {"cat": {"dog": 1}}}}``.
"""

from collections.abc import Iterable, Mapping

Evidence = dict  # of numbers, and of further evidence
Known = Mapping[str, Evidence]  # by worker


def add(total: Evidence, more: Mapping, factor: float = 1.0) -> Evidence:
    """Add in place; returns the total."""
    for name, value in more.items():
        if isinstance(value, Mapping):
            add(total.setdefault(name, {}), value, factor)
        else:
            total[name] = total.get(name, 0.0) + factor * value
    return total


def part(known: Known, worker: str, *path: str) -> Evidence:
    """The branch of a worker's evidence, empty where there is none."""
    branch = known.get(worker, {})
    for name in path:
        branch = branch.get(name, {})
    return branch


def pooled(parts: Iterable[Mapping]) -> Evidence:
    """What is known of all together."""
    total: Evidence = {}
    for each in parts:
        add(total, each)
    return total


def together(before: Known, now: Known) -> dict[str, Evidence]:
    """The sum, for the workers of whom something is to be known; neither is changed."""
    return {worker: add(add({}, each), now.get(worker, {})) for worker, each in before.items()}


def rounded(evidence: Mapping, digits: int = 6) -> Evidence:
    """As it is written: an eighth digit is worth no bytes."""
    return {
        name: rounded(value, digits) if isinstance(value, Mapping) else round(value, digits)
        for name, value in evidence.items()
    }
