"""What a job will take, in time and money, by what earlier jobs of the loop took. Pure functions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from resources.loop import Loop


@dataclass(frozen=True)
class Estimate:
    seconds: float | None  # that the job will take; None: unknown yet
    cost: float | None  # in the budget's currency; None where time or tariff is unknown
    at_most: float | None  # what it costs if all goes slowly; None where nothing bounds it
    basis: str  # where the time is from, in words


@dataclass(frozen=True)
class Earlier:
    """A completed training or transform job."""

    seconds: float
    images: int


@dataclass(frozen=True)
class EarlierLabeling:
    """A completed labeling job: how long it took from its beginning, nights and all."""

    seconds: float
    answers: int  # workers' answers, of all images together


def expected_seconds(images: int, earlier: Iterable[Earlier]) -> float | None:
    """Seconds for so many images; None where no earlier job had any.

    A job has a part that grows with its images and one that does not, so it takes at most as long as an
    earlier one, times the images it has more. Of these bounds the lowest holds.
    """
    return min(
        (job.seconds * max(1.0, images / job.images) for job in earlier if job.images),
        default=None,
    )


def labeling_estimate(loop: Loop, objects: int, earlier: Iterable[EarlierLabeling]) -> Estimate:
    """The cost is certain, as all images are labeled at most; the time is people's."""
    jobs = [job for job in earlier if job.answers and job.seconds > 0]
    workers = loop.labeling.workers_per_object
    cost = loop.budget.labeling_cost(objects, workers)
    if not jobs:
        return Estimate(None, cost, cost, "unknown yet: no labeling job of this loop is completed")
    rate = sum(job.answers for job in jobs) / sum(job.seconds for job in jobs)
    last = "the last job" if len(jobs) == 1 else f"the last {len(jobs)} jobs"
    basis = f"{last} got {rate * 3600:,.1f} answers an hour, day and night"
    return Estimate(objects * workers / rate, cost, cost, basis)


def training_estimate(loop: Loop, images: int, earlier: Iterable[Earlier]) -> Estimate:
    """``earlier`` are those on the same instance type with the same hyperparameters: others tell nothing."""
    longest = loop.training.max_runtime_seconds
    seconds, basis = _by_images(images, earlier)
    if seconds is None:
        basis = f"at most: {basis}, so it is training.max_runtime_seconds ({longest} s)"
    seconds = longest if seconds is None else min(seconds, longest)

    def cost(seconds: float) -> float | None:
        settings = loop.training
        return loop.budget.instance_cost(settings.instance_type, seconds, settings.instance_count)

    return Estimate(seconds, cost(seconds), cost(longest), basis)


def transform_estimate(loop: Loop, images: int, earlier: Iterable[Earlier]) -> Estimate:
    """``earlier`` are those on the same instances. A transform job has no longest time."""
    settings = loop.transform
    seconds, basis = _by_images(images, earlier)
    if seconds is None:
        return Estimate(None, None, None, f"unknown yet: {basis}")
    cost = loop.budget.instance_cost(settings.instance_type, seconds, settings.instance_count)
    return Estimate(seconds, cost, None, basis)


def _by_images(images: int, earlier: Iterable[Earlier]) -> tuple[float | None, str]:
    jobs = list(earlier)
    seconds = expected_seconds(images, jobs)
    if seconds is None:
        return None, "no earlier job is like it"
    best = min((job for job in jobs if job.images), key=lambda job: expected_seconds(images, [job]))
    return seconds, f"an earlier job took {best.seconds:,.0f} s for {best.images} images"


def same_training(job: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
    """Whether a training job (DescribeTrainingJob) did what CreateTrainingJob's request asks for.

    Labels, code and image are left out: they hardly change the time.
    """
    ours = "sagemaker_", "classes"

    def settings(of: Mapping[str, Any]) -> tuple[Any, ...]:
        values = {name: value for name, value in of["HyperParameters"].items() if not name.startswith(ours)}
        return of["ResourceConfig"]["InstanceType"], of["ResourceConfig"]["InstanceCount"], values

    return settings(job) == settings(request)


def same_transform(job: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
    """Whether both run on the same instances."""
    names = ("InstanceType", "InstanceCount")
    return all(job["TransformResources"][name] == request["TransformResources"][name] for name in names)


def billed_seconds(job: Mapping[str, Any]) -> float | None:
    """Of each instance of a training or transform job that has ended, as SageMaker describes it."""
    if "BillableTimeInSeconds" in job:
        return float(job["BillableTimeInSeconds"])
    if "TransformEndTime" in job and "TransformStartTime" in job:
        return (job["TransformEndTime"] - job["TransformStartTime"]).total_seconds()
    return None


def job_cost(loop: Loop, job: Mapping[str, Any]) -> float | None:
    """What a training or transform job that has ended cost; None without the tariff of its instances."""
    instances = job.get("ResourceConfig") or job["TransformResources"]
    seconds = billed_seconds(job)
    if seconds is None:
        return None
    return loop.budget.instance_cost(instances["InstanceType"], seconds, instances["InstanceCount"])
