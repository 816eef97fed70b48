"""What moves when something changes, and what does not: the conditions are ticked against an instance."""

import dagster as dg
import pytest

from orchestration.automation import on_new_data
from orchestration.definitions import loop_assets
from orchestration.partitions import batches_of


class Ticks:
    """Evaluates the conditions, tick by tick, and runs what is asked for in one run, as the daemon does."""

    def __init__(self, definitions: dg.Definitions, instance: dg.DagsterInstance):
        self.definitions = definitions
        self.instance = instance
        self.cursor = None

    def requested(self) -> set[str]:
        result = dg.evaluate_automation_conditions(self.definitions, self.instance, cursor=self.cursor)
        self.cursor = result.cursor
        keys = self.definitions.resolve_asset_graph().get_all_asset_keys()
        return {key.path[-1] for key in keys if result.get_num_requested(key)}

    def run(self, *names: str, batch: str | None = None) -> None:
        graph = self.definitions.resolve_asset_graph()
        self.definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=self.instance,
            raise_on_error=False,
            partition_key=batch,
            asset_selection=[key for key in graph.get_all_asset_keys() if key.path[-1] in names],
        )

    def settle(self) -> list[set[str]]:
        """Tick and run until nothing is asked for any more; what was asked for, tick by tick."""
        steps = []
        while names := self.requested():
            steps.append(names)
            assert len(steps) < 20, f"it never ends: {steps}"
            self.run(*names)
        return steps


@pytest.fixture
def content() -> dict[str, str]:
    """Data versions that assets get when they are made next; those not named here have version 1."""
    return {}


@pytest.fixture
def ticks(loop, instance, content) -> Ticks:
    """The loop's graph with its conditions, on an instance that is new; only the assets' work is left out."""

    def stub(spec: dg.AssetSpec) -> dg.AssetsDefinition:
        name = spec.key.path[-1]

        @dg.multi_asset(name=name, specs=[spec], partitions_def=spec.partitions_def)
        def asset():
            yield dg.MaterializeResult(
                asset_key=spec.key, data_version=dg.DataVersion(content.get(name, "1"))
            )

        return asset

    specs = [spec for asset in loop_assets(loop) for spec in asset.specs]
    instance.add_dynamic_partitions(batches_of(loop).name, ["batch-1", "batch-2"])
    ticks = Ticks(dg.Definitions(assets=[stub(spec) for spec in specs]), instance)
    ticks.run("raw_images", "labeling_team", "labeling_functions")
    assert ticks.settle() == [], "a fresh deployment starts nothing by itself"
    return ticks


SPLITS = {"train_split", "validation_split", "test_split"}
FROM_THE_MODEL_ON = {"trained_model", "evaluation", "batch_predictions"}


def test_labels_of_one_batch_lead_to_a_live_model_while_another_is_with_the_workers(ticks):
    ticks.run("labeled_manifest", batch="batch-1")
    assert ticks.settle() == [{"labels"}, SPLITS, FROM_THE_MODEL_ON, {"live_endpoint"}]


def test_the_same_content_again_moves_nothing(ticks):
    ticks.run("labeled_manifest", batch="batch-1")
    ticks.settle()
    ticks.run("labels")
    ticks.run("trained_model")
    assert ticks.settle() == []


def test_a_second_batch_retrains_once(ticks, content):
    ticks.run("labeled_manifest", batch="batch-1")
    ticks.settle()
    for name in ("labels", "train_split", "trained_model", "evaluation"):
        content[name] = "2"
    ticks.run("labeled_manifest", batch="batch-2")
    steps = ticks.settle()
    assert sum("trained_model" in names for names in steps) == 1
    assert "live_endpoint" in steps[-1]


def test_labels_that_leave_the_training_data_as_they_were_start_no_training(ticks, content):
    ticks.run("labeled_manifest", batch="batch-1")
    ticks.settle()
    content.update(labels="2", test_split="2")
    ticks.run("labels")
    assert ticks.settle() == [SPLITS, {"evaluation", "batch_predictions"}]


def test_progress_of_labeling_moves_nothing(ticks, instance):
    ticks.run("labeled_manifest", batch="batch-1")
    ticks.settle()
    key = dg.AssetKey(["foods", "labeling_job"])
    instance.report_runless_asset_event(
        dg.AssetObservation(key, partition="batch-2", metadata={"labeled": 3})
    )
    assert ticks.settle() == []


def test_new_images_are_predicted_and_nothing_else_follows(ticks, content):
    ticks.run("labeled_manifest", batch="batch-1")
    ticks.settle()
    content["raw_images"] = "2"
    ticks.run("raw_images")
    assert ticks.settle() == [{"labels", "batch_predictions"}]


def test_images_that_come_before_any_label_move_nothing(ticks, content):
    content["raw_images"] = "2"
    ticks.run("raw_images")
    assert ticks.settle() == []
    ticks.run("labeled_manifest", batch="batch-1")
    assert ticks.settle() == [{"labels"}, SPLITS, FROM_THE_MODEL_ON, {"live_endpoint"}]


def test_deleted_images_retrain(ticks, content):
    ticks.run("labeled_manifest", batch="batch-1")
    ticks.settle()
    content.update(dict.fromkeys(("raw_images", "labels", "train_split", "trained_model", "evaluation"), "2"))
    ticks.run("raw_images")
    steps = ticks.settle()
    assert steps[0] == {"labels", "batch_predictions"}
    assert sum("trained_model" in names for names in steps) == 1
    assert "live_endpoint" in steps[-1]


def test_everything_made_by_hand_in_one_run_is_not_made_again(ticks, content):
    ticks.run("labeled_manifest", batch="batch-1")
    ticks.settle()
    derived = {"labels", *SPLITS, *FROM_THE_MODEL_ON, "live_endpoint"}
    content.update(dict.fromkeys(derived, "2"))
    ticks.run(*derived)
    assert ticks.settle() == []


@pytest.mark.parametrize("outcome", ["fails", "crashes"])
def test_nothing_is_trained_on_what_a_blocking_check_did_not_pass(instance, outcome):
    """In a later run than the check's: eager() would go ahead there."""
    state = {"version": "1", "check": "passes"}

    @dg.asset
    def upstream():
        return dg.MaterializeResult(data_version=dg.DataVersion(state["version"]))

    @dg.asset_check(asset=upstream, blocking=True)
    def usable():
        if state["check"] == "crashes":
            raise RuntimeError("the check itself is broken")
        return dg.AssetCheckResult(passed=state["check"] == "passes")

    @dg.asset(deps=[upstream], automation_condition=on_new_data(), code_version="1")
    def downstream():
        return dg.MaterializeResult()

    definitions = dg.Definitions(assets=[upstream, downstream], asset_checks=[usable])

    ticks = Ticks(definitions, instance)
    ticks.run("upstream")
    ticks.run("downstream")
    ticks.requested()
    state.update(version="2", check=outcome)
    ticks.run("upstream")
    assert ticks.requested() == set()
    state.update(check="passes")
    ticks.run("upstream")
    assert ticks.requested() == {"downstream"}


def test_a_failed_run_is_tried_once_more_and_then_left_to_people(instance):
    @dg.asset
    def upstream():
        return dg.MaterializeResult(data_version=dg.DataVersion("1"))

    @dg.asset(deps=[upstream], automation_condition=on_new_data(), code_version="1")
    def downstream():
        raise RuntimeError("broken")

    ticks = Ticks(dg.Definitions(assets=[upstream, downstream]), instance)
    ticks.requested()
    ticks.run("upstream")
    assert ticks.settle() == [{"downstream"}, {"downstream"}]
