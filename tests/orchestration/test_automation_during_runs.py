"""What moves when something changes while a run is under way, and when a batch is rejected or new."""

import dagster as dg
import pytest

from orchestration.automation import SOMETHING_LABELED, on_new_data
from tests.orchestration.test_automation import Ticks


@pytest.mark.parametrize("ticks_before", [0, 1])
def test_a_change_during_the_run_that_it_comes_too_late_for_is_not_lost(instance, ticks_before):
    """since_last_handled() would forget it, and newly_requested() one that comes before the next tick."""
    state = {"version": "1", "during": None}
    seen = []

    @dg.asset
    def upstream():
        return dg.MaterializeResult(data_version=dg.DataVersion(state["version"]))

    @dg.asset(deps=[upstream], automation_condition=on_new_data(), code_version="1")
    def downstream():
        if state["during"]:
            state["during"]()
        return dg.MaterializeResult()

    ticks = Ticks(dg.Definitions(assets=[upstream, downstream]), instance)
    ticks.run("upstream")
    ticks.requested()
    state["version"] = "2"
    ticks.run("upstream")
    assert ticks.requested() == {"downstream"}

    def change() -> None:
        state["during"] = None
        seen.extend(ticks.requested() for _ in range(ticks_before))
        tags = {"dagster/data_version": "3"}
        instance.report_runless_asset_event(dg.AssetMaterialization("upstream", tags=tags))
        seen.append(ticks.requested())

    state["during"] = change
    ticks.run("downstream")
    assert not any(seen), "not while it is in progress"
    assert ticks.settle() == [{"downstream"}]


@pytest.fixture
def merged(instance):
    """Batches with a blocking check, and what merges them; ``rejected`` are those that the check fails."""
    batches = dg.DynamicPartitionsDefinition(name="some_batches")
    rejected: set[str] = set()

    @dg.asset(group_name="images")
    def raw_images():
        return dg.MaterializeResult(data_version=dg.DataVersion("1"))

    @dg.asset(partitions_def=batches, group_name="labeling", check_specs=[_BLOCKS])
    def labeled_manifest(context: dg.AssetExecutionContext):
        passed = context.partition_key not in rejected
        return dg.MaterializeResult(
            data_version=dg.DataVersion(context.partition_key),
            check_results=[dg.AssetCheckResult(check_name="usable", passed=passed)],
        )

    @dg.asset(
        deps=[
            raw_images,
            dg.AssetDep(labeled_manifest, partition_mapping=dg.AllPartitionMapping()),
        ],
        automation_condition=on_new_data(allow_missing=True) & SOMETHING_LABELED,
        code_version="1",
    )
    def labels():
        return dg.MaterializeResult(data_version=dg.DataVersion("1"))

    instance.add_dynamic_partitions(batches.name, ["batch-1", "batch-2", "batch-3"])
    ticks = Ticks(dg.Definitions(assets=[raw_images, labeled_manifest, labels]), instance)
    ticks.run("raw_images")
    ticks.requested()
    return ticks, rejected


_BLOCKS = dg.AssetCheckSpec("usable", asset="labeled_manifest", blocking=True)


def test_a_batch_that_its_check_rejects_moves_nothing_and_the_next_one_does(merged):
    """What was rejected joins the next batch, so the labels are not held back for ever."""
    ticks, rejected = merged
    ticks.run("labeled_manifest", batch="batch-1")
    assert ticks.settle() == [{"labels"}]
    rejected.add("batch-2")
    ticks.run("labeled_manifest", batch="batch-2")
    assert ticks.settle() == []
    ticks.run("labeled_manifest", batch="batch-3")
    assert ticks.settle() == [{"labels"}]


def test_a_batch_that_is_opened_or_still_at_work_moves_nothing(merged, instance):
    ticks, _ = merged
    ticks.run("labeled_manifest", batch="batch-1")
    ticks.settle()
    instance.add_dynamic_partitions("some_batches", ["batch-4"])
    assert [ticks.settle() for _ in range(5)] == [[]] * 5
