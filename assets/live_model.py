"""Which model is live."""

from typing import Any

from assets.records import record_uri
from resources.loop import Loop
from resources.object_store import ObjectStore


def live_model(store: ObjectStore, loop: Loop) -> dict[str, Any] | None:
    """The record of the endpoint: which model it serves. None before the first deployment."""
    try:
        return store.read_json(record_uri(loop, "live_endpoint"))
    except FileNotFoundError:
        return None
