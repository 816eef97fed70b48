"""Ten images more in a loop that has many: ten are read, and what is written does not depend on the many."""

import dagster as dg
import pytest

from benchmarks.incremental import ADDED, Costs, fill
from resources.loop import Loop
from tests.settings import LEAST

MANY = 500  # benchmarks/incremental.py does it with 100,000


@pytest.fixture(scope="module")
def steps(stand_in) -> dict[str, dict[str, float]]:
    loop = Loop(**LEAST | {"name": "many", "bucket": "many-images"})
    with pytest.MonkeyPatch.context() as patch, dg.DagsterInstance.ephemeral() as instance:
        for name, value in stand_in.environment.items():
            patch.setenv(name, value)
        costs = Costs(loop)
        costs.store.ensure_bucket(loop.bucket)
        fill(costs.store, loop, MANY)
        return costs.steps(instance)


def test_no_image_is_read_when_nothing_is_new(steps):
    assert steps["raw_images, nothing new"].keys() == {"reads", "writes", "listings", "seconds"}


def test_only_new_images_are_read_and_each_once(steps):
    assert sum(costs.get("images read", 0) for costs in steps.values()) == ADDED


def test_each_step_makes_a_handful_of_requests_however_many_images_there_are(steps):
    for step, costs in steps.items():
        if step != f"upload of {ADDED} images":
            assert costs.get("writes", 0) <= 3 and costs.get("reads", 0) <= 5, (step, costs)
            assert costs.get("listings", 0) <= 4, (step, costs)
