"""Images that wait for a label become a batch, and go to the workers."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

from assets.batches import Batch, Member, Waiting, open_batch, opened_batches, waiting
from assets.records import read_record, record_uri
from assets.review import reviewed_lines, reviewed_uri
from assets.selection import Select, selection
from orchestration.jobs import LABEL_NEW_BATCH
from orchestration.partitions import batches_of
from resources.loop import Automation, Loop
from resources.names import content_hash
from resources.object_store import ObjectStore
from vision.lines import MAX_OBJECTS

SHOWN = 20


@dataclass(frozen=True)
class Cursor:
    """What the last look saw: since when the image waits that waits longest (seconds since 1970), and whether
    as many batches were at work as may be, so that even a late image waits for the end of one.
    """

    state: str = ""
    since: float | None = None
    full: bool = False

    @classmethod
    def load(cls, cursor: str | None) -> "Cursor":
        try:
            return cls(**json.loads(cursor or "{}"))
        except (ValueError, TypeError):  # of an earlier version: look again
            return cls()

    def dump(self) -> str:
        return json.dumps(asdict(self))

    def waited(self, now: float) -> timedelta:
        return timedelta(seconds=0 if self.since is None else now - self.since)


def is_late(settings: Automation, waited: timedelta) -> bool:
    return settings.max_wait_minutes is not None and waited >= timedelta(minutes=settings.max_wait_minutes)


def is_full(settings: Automation, opened: Iterable[Batch]) -> bool:
    """So many batches are with the workers that no other opens."""
    most = settings.most_at_work
    return most is not None and sum(batch.left is None for batch in opened) >= most


def next_batch(found: Waiting, settings: Automation, waited: timedelta, select: Select) -> list[Member]:
    """The members of the batch that opens now; none while images wait for others.

    When there are more than fit, those that people are asked about again go first, and ``select`` chooses.

    Images that people are asked about again wait for others even if new ones do not: a job that fails at once
    would otherwise be started again at once.
    """
    members, size = found.members, batch_size(settings)
    at_once = settings.batch_size is None and bool(found.fresh)
    if len(members) < size and not at_once and not is_late(settings, waited):
        return []
    if len(members) <= size:
        return members
    again = by_hash(found.again)[:size]
    return again + (select(found.fresh, size - len(again)) if len(again) < size else [])


def by_hash(members: list[Member]) -> list[Member]:
    """An order as good as random, and the same if this is done twice."""
    return sorted(members, key=lambda member: member["etag"])


def open_waiting(store: ObjectStore, loop: Loop) -> None:
    """Batches of all images that wait, the last one as small as it may be: somebody asks for it now.

    Images that people are asked about again come along with new ones only, as in `next_batch`. What the
    batches still need, a run of each, the next look of the sensor asks for.
    """
    found, size = waiting_images(store, loop, opened_batches(store, loop)), batch_size(loop.automation)
    members = by_hash(found.members) if found.fresh else []
    for first in range(0, len(members), size):
        open_batch(store, loop, members[first : first + size])


def batch_size(settings: Automation) -> int:
    return settings.batch_size or MAX_OBJECTS


def waiting_images(store: ObjectStore, loop: Loop, opened: dict[str, Batch]) -> Waiting:
    """For a review only images that have a label to be reviewed count."""
    images = read_record(store, loop, "raw_images")["images"]
    if loop.review:
        reviewed = reviewed_lines(store, loop)
        images = [image for image in images if image["uri"] in reviewed]
    return waiting(images, opened.values(), loop.automation.max_attempts)


def new_images_sensor(loop: Loop) -> dg.SensorDefinition:
    partitions, settings = batches_of(loop), loop.automation

    @dg.sensor(
        job_name=LABEL_NEW_BATCH,
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def new_images(
        context: dg.SensorEvaluationContext, store: ObjectStore
    ) -> dg.SensorResult | dg.SkipReason:
        """Make a batch of the images that wait for a label, as the loop's file says, and start its job.

        A batch's members are written before anything else is told of it. If this process dies in between, its
        images are in a batch that was never started: the next look finds it.
        """
        if next(store.list(record_uri(loop, "raw_images")), None) is None:
            return dg.SkipReason("raw_images was not materialized yet")
        if loop.review and next(store.list(reviewed_uri(loop)), None) is None:
            return dg.SkipReason(f"there are no labels to review yet: no {reviewed_uri(loop)}")
        cursor, state, now = Cursor.load(context.cursor), state_of(store, loop), datetime.now(UTC).timestamp()
        if state == cursor.state and (cursor.full or not is_late(settings, cursor.waited(now))):
            return dg.SkipReason("nothing has changed: no image, no label under review, no end of a batch")
        opened = opened_batches(store, loop)
        found = waiting_images(store, loop, opened)
        full, select = is_full(settings, opened.values()), selection(store, loop, opened)
        members = [] if full else next_batch(found, settings, cursor.waited(now), select)
        batches = [*opened, *([open_batch(store, loop, members)] if members else [])]
        started = set(context.instance.get_dynamic_partitions(partitions.name))
        new = [batch for batch in batches if batch not in started]
        rest = len(found.members) - len(members)
        after = Cursor("" if members else state, (cursor.since or now) if rest else None, full)
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=run_key(loop, batch), partition_key=batch) for batch in new],
            dynamic_partitions_requests=[partitions.build_add_request(new)] if new else [],
            asset_events=[waiting_observation(loop, found)] if found.members or found.given_up else [],
            skip_reason=None if new else reason_to_wait(rest, full, len(found.given_up)),
            cursor=after.dump(),
        )

    return new_images


def run_key(loop: Loop, batch: str) -> str:
    """Names the loop: a review of the same images has batches of the same key, and runs without the UI, which
    have no code location, count for the sensors of this name in all of them.
    """
    return f"{loop.name} {batch}"


def reason_to_wait(images: int, full: bool, given_up: int) -> str:
    return f"{images} images wait for {'the end of a batch' if full else 'more'}, {given_up} were given up"


def state_of(store: ObjectStore, loop: Loop) -> str:
    """Changes with everything that `waiting_images` reads, and takes no reading."""
    uris = [record_uri(loop, "raw_images"), *([reviewed_uri(loop)] if loop.review else [])]
    seen = [found for uri in uris for found in store.list(uri)]
    seen += [found for found in store.list(loop.uri("batches/")) if found.key.endswith("/left.json")]
    return content_hash([(found.uri, found.etag) for found in seen])


def waiting_observation(loop: Loop, found: Waiting) -> dg.AssetObservation:
    return dg.AssetObservation(
        dg.AssetKey([loop.name, "raw_images"]),
        description="Images that no batch has a label for",
        metadata={
            "waiting": len(found.members),
            "asked_again": len(found.again),
            "given_up": len(found.given_up),
            "given_up_images": [
                f"{member['uri']}: no label in {member['attempt']} attempts"
                for member in found.given_up[:SHOWN]
            ],
        },
    )
