"""What an asset leaves behind: a small JSON record in S3 that says what it stands for now.

Downstream assets read the records of their dependencies and no Dagster event, so a loop's state lives in its
bucket alone. A record holds content only, no time and no run id: its hash is the asset's data version, and an
asset that is materialized again without anything new keeps its version.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from resources.loop import Loop
from resources.names import content_hash
from resources.object_store import ObjectStore

OWNERS = ["team:labelloop"]


def record_uri(loop: Loop, asset: str, batch: str | None = None) -> str:
    return loop.uri(f"records/{asset}/{batch}.json" if batch else f"records/{asset}.json")


def read_record(store: ObjectStore, loop: Loop, asset: str, batch: str | None = None) -> dict[str, Any]:
    """Raises dg.Failure if the asset was never materialized."""
    try:
        return store.read_json(record_uri(loop, asset, batch))
    except FileNotFoundError as error:
        what = f"{asset}[{batch}]" if batch else asset
        raise dg.Failure(f"Materialize {what} first: there is no {error}.", allow_retries=False) from error


def batch_records(store: ObjectStore, loop: Loop, asset: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Batch and record of each partition of the asset that was materialized."""
    uris = [found.uri for found in store.list(loop.uri(f"records/{asset}/"))]
    for uri, body in zip(uris, store.read_all(uris), strict=True):
        yield uri.rpartition("/")[2].removesuffix(".json"), json.loads(body)


def publish(
    store: ObjectStore,
    loop: Loop,
    asset: str,
    record: dict[str, Any],
    *,
    batch: str | None = None,
    version: str | None = None,
    metadata: Mapping[str, Any],
    **result: Any,
) -> dg.MaterializeResult:
    """Write the record, which downstream assets read from now on, and report it to Dagster.

    ``version`` is for a record in which something can change that moves nothing downstream.
    """
    uri = store.update_json(record_uri(loop, asset, batch), record)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(version or content_hash(record)),
        metadata={"dagster/uri": uri, **metadata},
        **result,
    )
