"""Models that a person has approved in the model registry: they are deployed."""

import dagster as dg

from assets.approval import approved_by_hand
from orchestration.jobs import DEPLOY_MODEL
from resources.loop import Loop
from resources.model_registry import ModelRegistry
from resources.object_store import ObjectStore


def approval_sensor(loop: Loop) -> dg.SensorDefinition:
    @dg.sensor(
        job_name=DEPLOY_MODEL,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def approvals(store: ObjectStore, registry: ModelRegistry) -> dg.RunRequest | dg.SkipReason:
        """Deploy the newest model once a person has approved it, also one that the gate has rejected."""
        try:
            package = approved_by_hand(registry, store, loop)
        except dg.Failure as failure:  # nothing is trained yet
            return dg.SkipReason(failure.description)
        if package is None:
            return dg.SkipReason("no person has approved a model that is not live yet")
        # The moment too: whoever approves a version again wants it to be tried again.
        return dg.RunRequest(run_key=f"{package.arn} {package.changed.isoformat()}")

    return approvals
