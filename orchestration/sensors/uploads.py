"""Images that are uploaded, changed or deleted are indexed, without anybody asking for it."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

import dagster as dg

from assets.raw_images import list_images
from assets.records import record_uri
from orchestration.jobs import INDEX_IMAGES
from resources.loop import Loop
from resources.names import content_hash
from resources.object_store import ObjectStore

# Of images that never stop coming, some are indexed now and then.
LONGEST_UPLOAD = timedelta(minutes=10)


@dataclass(frozen=True)
class Seen:
    """The sensor's cursor: the last listing, whether it is indexed, and since when it was not."""

    listing: str = ""
    indexed: bool = False
    since: float = 0.0  # seconds since 1970

    @classmethod
    def load(cls, cursor: str | None) -> "Seen":
        return cls(**json.loads(cursor)) if cursor else cls()

    def dump(self) -> str:
        return json.dumps(asdict(self))


def look(seen: Seen, listing: str, now: float) -> tuple[Seen, bool]:
    """What is seen now, and whether it is time to index it.

    An upload that is going on would become a batch for each of its pieces: a listing counts when a second
    look finds it as it was, or when it has not come to rest for a long time.
    """
    if listing == seen.listing:
        return replace(seen, indexed=True), not seen.indexed
    began = now if seen.indexed or not seen.listing else seen.since
    late = now - began >= LONGEST_UPLOAD.total_seconds()
    return Seen(listing, indexed=late, since=began), late


def uploads_sensor(loop: Loop) -> dg.SensorDefinition:
    @dg.sensor(
        job_name=INDEX_IMAGES,
        minimum_interval_seconds=loop.automation.look_every_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def uploads(context: dg.SensorEvaluationContext, store: ObjectStore) -> dg.SensorResult | dg.SkipReason:
        """Index the images again when some came, changed or went; the first time a person does."""
        if not store.exists(record_uri(loop, "raw_images")):
            return dg.SkipReason("raw_images was not materialized yet")
        found = [(stored.uri, stored.etag) for stored in list_images(store, loop)]
        seen, settled = look(Seen.load(context.cursor), content_hash(found), datetime.now(UTC).timestamp())
        if not settled:
            reason = "nothing has changed" if seen.indexed else "images are still coming, or going"
            return dg.SensorResult(skip_reason=reason, cursor=seen.dump())
        if sorted(found) == indexed_images(store, loop):
            return dg.SensorResult(skip_reason="all images are indexed", cursor=seen.dump())
        return dg.SensorResult(run_requests=[dg.RunRequest()], cursor=seen.dump())

    return uploads


def indexed_images(store: ObjectStore, loop: Loop) -> list[tuple[str, str]]:
    record = store.read_json(record_uri(loop, "raw_images"))
    return sorted((row["uri"], row["etag"]) for row in record["images"] + record["rejected"])
