"""What the remote jobs of one materialization may cost, are expected to cost, and did cost."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from resources.estimates import Estimate
from resources.loop import Loop
from resources.loop_budget import Kind

CHEAPER = {
    "labeling": "set a smaller labeling.workers_per_object",
    "training": "choose a cheaper training.instance_type or a lower training.max_runtime_seconds",
    "transform": "choose a cheaper transform.instance_type or, for batch_predictions, fewer transform.images",
}


@dataclass(frozen=True)
class Spent:
    job: str
    cost: float | None  # None without a tariff, and of a labeling job at its beginning
    expected: Estimate | None  # None of a job that was there already: it is paid for once


class Costs:
    """Kept by an asset while it has remote jobs done."""

    def __init__(self, loop: Loop, log: Callable[[str], None]):
        self.loop = loop
        self.log = log
        self.spent: list[Spent] = []
        self._started: Estimate | None = None

    @contextmanager
    def permit(self, kind: Kind, estimate: Callable[[], Estimate]) -> Iterator[None]:
        """To be entered around the request that creates a job, and not at all for one that is there.

        Tells what is expected. Raises dg.Failure where that is more than `budget.max_cost` allows.
        """
        expected = estimate()
        self.log(f"{kind} job: {in_words(self.loop, expected)}")
        limit = self.loop.budget.limit(kind)
        if limit is not None and expected.cost is not None and expected.cost > limit:
            raise dg.Failure(
                f"No {kind} job was started: {in_words(self.loop, expected)}, and budget.max_cost.{kind} is "
                f"{limit:.2f} {self.loop.budget.currency}. Raise it in the loop's file, or "
                f"{CHEAPER[kind]}; then materialize this again.",
                metadata={"expected_cost": rounded(expected.cost), "max_cost": limit},
                allow_retries=False,
            )
        yield
        self._started = expected

    def add(self, job: str, cost: float | None = None) -> None:
        """A job that was permitted since the last one is new, any other was adopted."""
        self.spent.append(Spent(job, cost, self._started))
        self._started = None

    def metadata(self) -> dict[str, Any]:
        """Numbers that Dagster plots; what is unknown is left out. Empty where no job was needed."""
        if not self.spent:
            return {}
        new = [each.expected for each in self.spent if each.expected is not None]
        sums = {
            "cost": rounded(total(each.cost for each in self.spent)),
            "expected_cost": rounded(total(each.cost for each in new)) if new else None,
            "cost_at_most": rounded(total(each.at_most for each in new)) if new else None,
            "expected_seconds": rounded(total(each.seconds for each in new)) if new else None,
            "expectation": "; ".join(each.basis for each in new) or None,
        }
        costs = [sums[name] for name in ("cost", "expected_cost", "cost_at_most")]
        known = any(cost is not None for cost in costs)
        return {
            **{name: value for name, value in sums.items() if value is not None},
            **({"currency": self.loop.budget.currency} if known else {}),
            "adopted": not new,
        }


def cost_check(asset: str, kind: Kind) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        "cost_within_limit",
        asset=asset,
        description=f"Warns when a job cost more than `budget.max_cost.{kind}` of the loop's file. It was "
        "expected to cost less, or there was nothing to expect by; a job at work is not stopped.",
    )


def cost_within_limit(loop: Loop, kind: Kind, spent: Iterable[Spent]) -> dg.AssetCheckResult:
    limit = loop.budget.limit(kind)
    over = {
        each.job: rounded(each.cost)
        for each in spent
        if limit is not None and each.cost is not None and each.cost > limit
    }
    return dg.AssetCheckResult(
        check_name="cost_within_limit",
        passed=not over,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"max_cost": "none" if limit is None else limit, "jobs_above": over},
    )


def expected_end(costs: Costs) -> dict[str, dg.MetadataValue | str]:
    """Of a job that was started a moment ago, for metadata."""
    seconds = costs.metadata().get("expected_seconds")
    if not costs.spent or costs.spent[-1].expected is None:
        return {}
    end = dg.MetadataValue.timestamp(datetime.now(UTC) + timedelta(seconds=seconds)) if seconds else None
    return {"expected_end": end or "unknown yet"}


def in_words(loop: Loop, expected: Estimate) -> str:
    money = None if expected.cost is None else f"{expected.cost:.2f} {loop.budget.currency}"
    time = None if expected.seconds is None else duration(expected.seconds)
    expectation = " in ".join(part for part in (money, time) if part)
    return f"expected {expectation or 'is nothing'} ({expected.basis})"


def duration(seconds: float) -> str:
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} seconds"


def total(amounts: Iterable[float | None]) -> float | None:
    """None if one of them is unknown."""
    amounts = list(amounts)
    return None if any(amount is None for amount in amounts) else sum(amounts)


def rounded(amount: float | None) -> float | None:
    """To four digits: a transform job can cost less than a cent."""
    return None if amount is None else round(amount, 4)
