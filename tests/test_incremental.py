"""Ten images more in a loop that has many: ten are read, and only what changed is written.

The stand-in itself has counted, in its log of requests.
"""

import dagster as dg
import pytest

from benchmarks.incremental import ADDED, measure
from benchmarks.many_images import BATCH

WRITES = {
    "uploads": 0,
    "raw_images": 2,  # the index, and the groups of look-alikes
    "new_images": 1,  # the members of the batch
    "labeling_input": 2,  # the manifest for the workers, and the asset's record
    "labels": 3,  # manifest, history and record
}
WRITES_OF_A_SIDE = 3  # manifest and record, which is kept under its version as well

many = pytest.mark.parametrize(
    "steps", [100, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(900)])], indirect=True
)


@pytest.fixture(scope="module")
def steps(request, tmp_path_factory) -> tuple[int, dict[str, dict[str, float]]]:
    folder = tmp_path_factory.mktemp("many")
    with dg.DagsterInstance.ephemeral() as instance:
        return request.param, measure(request.param, instance, folder)


@many
def test_only_new_images_are_read_and_each_once(steps):
    _, costs = steps
    assert sum(step.get("images read", 0) for step in costs.values()) == ADDED
    assert costs["raw_images"]["images read"] == ADDED


@many
def test_nothing_is_written_when_nothing_is_new(steps):
    _, costs = steps
    idle = {name: step.get("writes", 0) for name, step in costs.items() if name.endswith("nothing new")}
    assert len(idle) == 5 and not any(idle.values()), idle


@many
def test_only_what_changed_is_written(steps):
    _, costs = steps
    assert {name: costs[name].get("writes", 0) for name in WRITES} == WRITES
    assert costs["splits"]["writes"] in (WRITES_OF_A_SIDE, 2 * WRITES_OF_A_SIDE, 3 * WRITES_OF_A_SIDE)


@many
def test_requests_grow_with_the_batches_and_pages_and_not_with_the_images(steps):
    number, costs = steps
    batches, pages = -(-number // BATCH) + 1, -(-(number + ADDED) // 1000)
    for name, step in costs.items():
        assert step.get("reads", 0) <= 4 + 2 * batches, (name, step)
        assert step.get("listings", 0) <= 5 + pages, (name, step)
        assert step.get("looks", 0) <= 9 and not step.get("others"), (name, step)
