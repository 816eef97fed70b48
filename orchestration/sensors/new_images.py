"""Images that are in no batch yet become one, and go to the workers."""

from itertools import chain

import dagster as dg

from assets.batches import open_batch, opened_batches, unbatched
from assets.records import read_record, record_uri
from assets.review import reviewed_lines, reviewed_uri
from orchestration.jobs import LABEL_NEW_BATCH
from orchestration.partitions import batches_of
from resources.loop import Loop
from resources.object_store import ObjectStore


def batches_to_label(store: ObjectStore, loop: Loop, started: set[str]) -> list[str]:
    """Open a batch of the images that are in none, and return the batches that are not ``started`` yet.

    For a review only images that have a label to be reviewed count.

    A batch's members are written before anything else is told of it. If this process dies in between, its
    images are in a batch that was never started: it is found here the next time.
    """
    opened = opened_batches(store, loop)
    images = read_record(store, loop, "raw_images")["images"]
    if loop.review:
        reviewed = reviewed_lines(store, loop)
        images = [image for image in images if image["uri"] in reviewed]
    members = unbatched(images, chain.from_iterable(opened.values()))
    batches = [*opened, open_batch(store, loop, members)] if members else list(opened)
    return [batch for batch in batches if batch not in started]


def new_images_sensor(loop: Loop) -> dg.SensorDefinition:
    partitions = batches_of(loop)

    @dg.sensor(
        job_name=LABEL_NEW_BATCH,
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def new_images(
        context: dg.SensorEvaluationContext, store: ObjectStore
    ) -> dg.SensorResult | dg.SkipReason:
        """Make a batch of the images that `raw_images` lists and no batch has, and start its labeling job."""
        index = next(store.list(record_uri(loop, "raw_images")), None)
        if index is None:
            return dg.SkipReason("raw_images was not materialized yet")
        cursor = index.etag
        if loop.review:
            reviewed = next(store.list(reviewed_uri(loop)), None)
            if reviewed is None:
                return dg.SkipReason(f"there are no labels to review yet: no {reviewed_uri(loop)}")
            cursor += f" {reviewed.etag}"
        if cursor == context.cursor:
            return dg.SkipReason("raw_images has not changed, nor have labels under review")
        started = set(context.instance.get_dynamic_partitions(partitions.name))
        batches = batches_to_label(store, loop, started)
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=batch, partition_key=batch) for batch in batches],
            dynamic_partitions_requests=[partitions.build_add_request(batches)] if batches else [],
            cursor=cursor,
        )

    return new_images
