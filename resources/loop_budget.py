"""The ``budget`` part of a loop's file: what things cost, and what no job may exceed."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator

from resources.settings import Settings

Kind = Literal["labeling", "training", "transform"]


def _amount(value: float) -> float:
    if not 0 <= value < float("inf"):
        raise ValueError("expected an amount of money: 0 or more")
    return value


Money = Annotated[float, AfterValidator(_amount)]
InstanceType = Annotated[str, Field(pattern=r"^ml\.")]


class Tariffs(Settings):
    """Prices in the budget's currency. There are no defaults: they differ by region and change."""

    per_object: Money | None = Field(None, description="What Ground Truth asks for one labeled image")
    per_worker_answer: Money | None = Field(
        None, description="What one worker's answer about one image costs you, say in wages"
    )
    instance_hour: dict[InstanceType, Money] = Field(
        {}, description="By instance type, for training, transform jobs and the endpoint alike"
    )


class MaxCost(Settings):
    """Of one job. A job that is expected to cost more is not started."""

    labeling: Money | None = None
    training: Money | None = None
    transform: Money | None = None


class Budget(Settings):
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$", description="Of all amounts; a name, nothing more")
    tariffs: Tariffs = Tariffs()
    max_cost: MaxCost = Field(MaxCost(), description="Of one labeling, training or transform job")

    @field_validator("max_cost", mode="before")
    @classmethod
    def _by_kind(cls, limits: Any) -> Any:
        if isinstance(limits, int | float):
            raise ValueError(
                "give a limit for each kind of job, as {labeling: 50, training: 10, transform: 5}"
            )
        return limits

    def labeling_cost(self, objects: int, workers: int) -> float | None:
        """Of ``objects`` images that ``workers`` people answer about each; None without tariffs."""
        prices = (self.tariffs.per_object, self.tariffs.per_worker_answer)
        if prices == (None, None):
            return None
        return objects * ((prices[0] or 0) + workers * (prices[1] or 0))

    def instance_cost(self, instance_type: str, seconds: float, instances: int = 1) -> float | None:
        """Of so many instances that run for so many seconds each; None without a tariff."""
        price = self.tariffs.instance_hour.get(instance_type)
        return None if price is None else price * instances * seconds / 3600

    def limit(self, kind: Kind) -> float | None:
        return getattr(self.max_cost, kind)

    def check_limits(self, instance_types: Mapping[Kind, str]) -> None:
        """Raises ValueError for a limit without the tariff that tells what a job costs."""
        if self.max_cost.labeling is not None and self.labeling_cost(1, 1) is None:
            raise ValueError(
                "budget.max_cost.labeling: needs budget.tariffs.per_object or "
                "budget.tariffs.per_worker_answer, or nobody knows what a job costs"
            )
        for kind, instance_type in instance_types.items():
            if self.limit(kind) is not None and self.instance_cost(instance_type, 0) is None:
                raise ValueError(
                    f"budget.max_cost.{kind}: needs the price of {kind}.instance_type in "
                    f"budget.tariffs.instance_hour, as {{{instance_type}: 1.50}}"
                )
