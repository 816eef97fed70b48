"""A batch: the images that go to the workers in one labeling job.

Its members are fixed in an S3 object before its partition exists. New or changed images make a new batch;
they never reopen an old one, whose labels stand. What a batch ends without a label for lies beside its
members, and joins the next batch.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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

# {"uri", "etag"} and, of an image that people are asked about again, {"attempt"}.
Member = dict[str, Any]


@dataclass(frozen=True)
class Batch:
    members: list[Member]
    left: list[Member] | None = None  # without a label when the batch ended; None while it is at work


@dataclass(frozen=True)
class Waiting:
    """Images that no batch has or had a label for."""

    fresh: list[Member] = field(default_factory=list)
    again: list[Member] = field(default_factory=list)  # as members of their next attempt
    given_up: list[Member] = field(default_factory=list)  # after the loop's ``max_attempts``

    @property
    def members(self) -> list[Member]:
        return self.fresh + self.again


def batch_key(members: Iterable[Member]) -> str:
    return f"batch-{content_hash(sorted(identity(member) for member in members))[:12]}"


def identity(member: Member) -> tuple[Any, ...]:
    """What makes a member another one; the first attempt goes without saying."""
    attempt = member.get("attempt", 1)
    return (member["uri"], member["etag"], *([attempt] if attempt > 1 else []))


def waiting(images: Iterable[Mapping[str, Any]], batches: Iterable[Batch], most_attempts: int) -> Waiting:
    """Which of the images, as ``raw_images`` lists them, belong in a next batch, by their bytes.

    Of several copies one is asked about. Bytes are asked about again once every batch that had them ended
    without a label for them.
    """
    attempts: dict[str, int] = {}
    settled: set[str] = set()
    for batch in batches:
        left = None if batch.left is None else {member["etag"] for member in batch.left}
        for member in batch.members:
            etag = member["etag"]
            attempts[etag] = max(attempts.get(etag, 0), member.get("attempt", 1))
            if left is None or etag not in left:
                settled.add(etag)
    found = Waiting()
    for etag, uris in places(images).items():
        member = {"uri": uris[0], "etag": etag}
        if etag not in attempts:
            found.fresh.append(member)
        elif etag not in settled and attempts[etag] < most_attempts:
            found.again.append(member | {"attempt": attempts[etag] + 1})
        elif etag not in settled:
            found.given_up.append(member | {"attempt": attempts[etag]})
    return found


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


def left_uri(loop: Loop, batch: str) -> str:
    return loop.uri(f"batches/{batch}/left.json")


def write_left(store: ObjectStore, loop: Loop, batch: str, left: list[Member] | None) -> None:
    """``left``: the members that the batch ended without a label for, each with a ``reason``. None takes
    that back: the batch is at work again.
    """
    if left is not None or store.exists(left_uri(loop, batch)):
        store.write_json(left_uri(loop, batch), left)


def opened_batches(store: ObjectStore, loop: Loop) -> dict[str, Batch]:
    """Every batch: its members, and what it ended without."""
    uris = [
        found.uri
        for found in store.list(loop.uri("batches/"))
        if found.key.endswith(("/members.json", "/left.json"))
    ]
    values = dict(zip(uris, map(json.loads, store.read_all(uris)), strict=True))
    return {
        uri.split("/")[-2]: Batch(members, values.get(uri.replace("/members.json", "/left.json")))
        for uri, members in values.items()
        if uri.endswith("/members.json")
    }


def open_batch(store: ObjectStore, loop: Loop, members: list[Member]) -> str:
    """Fix the members of a new batch; returns its key."""
    batch = batch_key(members)
    store.write_json(members_uri(loop, batch), members)
    return batch
