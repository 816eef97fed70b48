"""Whether a batch's labels are mixed as those before it: workers or images may have changed."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import pi, sqrt

from vision.label_quality import FEW

COLLAPSED = 0.95  # of a batch's objects have one label
SURELY = 3  # standard deviations: about one batch in a thousand is so far off by chance


@dataclass(frozen=True)
class Departure:
    """A batch that is not mixed as ``before``, the objects of all batches that came earlier.

    ``distance`` is the total variation distance, 0 to 1: the part of the objects that would need another
    label for both to be mixed alike. ``by_chance`` is the distance to expect if nothing changed.
    """

    batch: str
    objects: int
    before: int
    distance: float
    by_chance: float
    told: list[str] = field(default_factory=list)  # labels that vanished or took over, in words

    def __str__(self) -> str:
        labels = f" {', '.join(self.told)};" if self.told else ""
        return (
            f"{self.batch}:{labels} {self.objects} objects are {self.distance:.2f} away from the "
            f"{self.before} of earlier batches, by chance {self.by_chance:.2f}"
        )


def departures(batches: Iterable[tuple[str, Mapping[str, int]]], max_shift: float) -> list[Departure]:
    """The batches, in the order of time with their objects per label, that depart from those before them.

    One departs when its distance exceeds what chance explains by ``max_shift``, when a label vanished, or
    when one label took over where there were others. Fewer than 20 objects on either side tell nothing.
    """
    found, earlier = [], Counter()
    for batch, counts in batches:
        if min(sum(counts.values()), earlier.total()) >= FEW:
            departure = _compare(batch, Counter(counts), earlier)
            if departure.told or departure.distance - departure.by_chance > max_shift:
                found.append(departure)
        earlier.update(counts)
    return found


def _compare(batch: str, now: Counter, earlier: Counter) -> Departure:
    size, before = now.total(), earlier.total()
    labels = sorted(now | earlier)
    share = {label: now[label] / size for label in labels}
    old = {label: earlier[label] / before for label in labels}
    pooled = {label: (now[label] + earlier[label]) / (size + before) for label in labels}
    # The mean of a normal variable's absolute value is its standard deviation times the root of 2 / pi.
    spread = 2 / pi * (1 / size + 1 / before)
    told = [
        f"no {label} (before {old[label]:.0%})"
        for label in labels
        if not now[label] and _surely_fewer(0, size, earlier[label], before)
    ]
    told += [
        f"{share[label]:.0%} {label} (before {old[label]:.0%})"
        for label in labels
        if share[label] > COLLAPSED
        and _surely_fewer(size - now[label], size, before - earlier[label], before)
    ]
    return Departure(
        batch,
        size,
        before,
        distance=sum(abs(share[label] - old[label]) for label in labels) / 2,
        by_chance=sum(sqrt(spread * p * (1 - p)) for p in pooled.values()) / 2,
        told=told,
    )


def _surely_fewer(count: int, size: int, earlier: int, before: int) -> bool:
    """``count`` of ``size`` is less than ``earlier`` of ``before`` lets expect, beyond chance."""
    share = earlier / before
    deviation = sqrt(size * share * (1 - share) * (1 + size / before))
    return size * share - count > SURELY * deviation
