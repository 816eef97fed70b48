"""A batch: the images that go to the workers in one labeling job.

Its members are fixed in an S3 object before its partition exists. New or changed images make a new batch;
they never reopen an old one, whose labels stand.
"""

from collections.abc import Iterable
from typing import Any

import dagster as dg

from assets.content import places
from resources.loop import Loop
from resources.names import content_hash
from resources.object_store import ObjectStore

# The code location gives each loop's batches a name of their own: see orchestration/partitions.py.
batches = dg.DynamicPartitionsDefinition(name="batches")

# A sensor asks for a batch's run once and never again, so the run gets over a network that is away.
# What cannot get better says so itself: dg.Failure(allow_retries=False).
ASKED_FOR_ONCE = dg.RetryPolicy(max_retries=3, delay=10, backoff=dg.Backoff.EXPONENTIAL)

Member = dict[str, str]  # {"uri", "etag"}


def batch_key(members: Iterable[Member]) -> str:
    return f"batch-{content_hash(sorted((member['uri'], member['etag']) for member in members))[:12]}"


def unbatched(images: Iterable[dict[str, Any]], batched: Iterable[Member]) -> list[Member]:
    """The images, as ``raw_images`` lists them, whose present bytes are in no batch; one of several copies."""
    known = {member["etag"] for member in batched}
    return [{"uri": uris[0], "etag": etag} for etag, uris in places(images).items() if etag not in known]


def members_uri(loop: Loop, batch: str) -> str:
    return loop.uri(f"batches/{batch}/members.json")


def read_members(store: ObjectStore, loop: Loop, batch: str) -> list[Member]:
    """Raises dg.Failure for a batch that nobody opened."""
    try:
        return store.read_json(members_uri(loop, batch))
    except FileNotFoundError as error:
        raise dg.Failure(
            f"Batch {batch!r} has no members: there is no {error}. The sensor new_images opens batches; "
            "a partition that is added by hand needs that object first.",
            allow_retries=False,
        ) from error


def opened_batches(store: ObjectStore, loop: Loop) -> dict[str, list[Member]]:
    """Every batch with its members."""
    return {
        found.key.split("/")[-2]: store.read_json(found.uri)
        for found in store.list(loop.uri("batches/"))
        if found.key.endswith("/members.json")
    }


def open_batch(store: ObjectStore, loop: Loop, members: list[Member]) -> str:
    """Fix the members of a new batch; returns its key."""
    batch = batch_key(members)
    store.write_json(members_uri(loop, batch), members)
    return batch
