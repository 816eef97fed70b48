"""When a derived asset is made again by itself: one condition for all, and the reasons for its parts.

Plain ``AutomationCondition.eager()`` will not do: it runs again when an upstream asset was materialized
without anything new in it (dagster #25439), and in a later run it takes no notice of failed blocking checks.
"""

import dagster as dg

from resources.loop import Loop

AC = dg.AutomationCondition


def on_new_data(*, allow_missing: bool = False) -> dg.AutomationCondition:
    """Materialize when the content of a dependency has changed, and only then.

    ``allow_missing`` is for an asset that sums up all batches: some batch is nearly always still with the
    workers, and must not keep the finished ones waiting.
    """
    # The version moved, in a run that did not make this asset as well: "materialize all" needs no second run.
    changed = AC.any_deps_match(AC.data_version_changed() & ~AC.executed_with_root_target())
    reason = AC.newly_missing() | changed
    # Remembered until the asset is asked for. since_last_handled() would forget what changes during a run,
    # newly_requested() alone what changes between the tick that asks and the next, where it is true. The
    # price: Dagster tells a change that lands during a tick to the next tick as well, and the asset is made
    # twice. The second time finds its jobs done and its content as it was: it costs nothing, nothing follows.
    asked = (AC.newly_requested() & ~reason) | AC.initial_evaluation()
    # A check that crashed has not passed. The condition for passed checks is satisfied by one good partition.
    failing = AC.any_checks_match(AC.check_failed() | AC.execution_failed(), blocking_only=True)
    ready = (
        (reason.since(asked) | AC.execution_failed().newly_true())  # one retry
        & ~AC.any_deps_match(failing)
        & ~AC.any_deps_in_progress()
        & ~AC.in_progress()
    )
    return (ready if allow_missing else ready & ~AC.any_deps_missing()).with_label("on_new_data")


# `labels` follows the images as well, and there is nothing to follow before the first batch came back.
SOMETHING_LABELED = AC.any_deps_match(~AC.missing()).ignore(dg.AssetSelection.groups("images"))

# Everything that follows from the labels. What comes before them is begun by people and by the sensors.
AUTOMATED = {
    "labels": (on_new_data(allow_missing=True) & SOMETHING_LABELED).with_label("on_new_data"),
    "train_split": on_new_data(),
    "validation_split": on_new_data(),
    "test_split": on_new_data(),
    "trained_model": on_new_data(),
    "evaluation": on_new_data(),
    "batch_predictions": on_new_data(),
    "live_endpoint": on_new_data(),
}


def condition_of(loop: Loop, asset: str) -> dg.AutomationCondition | None:
    """Where people approve the models, the sensor `approvals` deploys them and not the graph."""
    return None if asset == "live_endpoint" and not loop.auto_approve else AUTOMATED.get(asset)
