"""Requests that the live endpoint has captured become images of the loop."""

import dagster as dg

from assets.captured_images import capture_files, read_before
from resources.loop import Loop
from resources.names import content_hash
from resources.object_store import ObjectStore


def captures_sensor(loop: Loop) -> dg.SensorDefinition:
    @dg.sensor(
        target=dg.AssetSelection.assets([loop.name, "captured_images"]),
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def captures(context: dg.SensorEvaluationContext, store: ObjectStore) -> dg.SensorResult | dg.SkipReason:
        """Read what the endpoint has captured since; the sensor uploads finds the images then."""
        files = sorted(file.key for file in capture_files(store, loop))
        state = content_hash(files)
        if state == context.cursor:
            return dg.SkipReason("no request was captured since")
        if set(files) <= read_before(store, loop):
            return dg.SensorResult(skip_reason="all captured requests are read", cursor=state)
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=state)], cursor=state)

    return captures
