"""Uploads are indexed when they have come to rest; nothing new costs one listing and starts no run."""

import uuid

import dagster as dg
import pytest

from assets.records import record_uri
from orchestration.sensors.uploads import LONGEST_UPLOAD, Seen, look, uploads_sensor
from resources.aws import Aws
from resources.object_store import ObjectStore

NOON = 1_800_000_000.0


def test_an_upload_is_indexed_once_when_a_second_look_finds_it_as_it_was():
    seen, asked = Seen(), []
    for number, listing in enumerate(["a", "ab", "abc", "abc", "abc", "abc", "ab", "ab"]):
        seen, settled = look(seen, listing, NOON + 30 * number)
        asked.append(settled)
    assert asked == [False, False, False, True, False, False, False, True]


def test_images_that_never_stop_coming_are_indexed_now_and_then():
    seen, asked, steps = Seen(), [], int(LONGEST_UPLOAD.total_seconds() / 30)
    for number in range(2 * steps + 3):
        seen, settled = look(seen, str(number), NOON + 30 * number)
        asked.append(settled)
    assert [number for number, settled in enumerate(asked) if settled] == [steps, 2 * steps + 1]


@pytest.fixture
def own_loop(loop, stand_in_environment):
    return loop.model_copy(update={"bucket": f"uploads-{uuid.uuid4().hex[:8]}"})


@pytest.mark.slow
def test_the_sensor_asks_for_an_index_only_where_there_is_one_and_it_is_old(own_loop, instance):
    store, cursors = ObjectStore(aws=Aws()), [None]
    store.ensure_bucket(own_loop.bucket)

    def tick() -> int:
        with dg.build_sensor_context(instance, cursor=cursors[-1], resources={"store": store}) as context:
            decision = uploads_sensor(own_loop)(context)
        if isinstance(decision, dg.SkipReason):
            return 0
        cursors.append(decision.cursor)
        return len(decision.run_requests)

    uri = store.write(f"{own_loop.images_uri}a.jpg", b"a")
    assert [tick(), tick()] == [0, 0], "the first index is made by hand"
    rows = [{"uri": found.uri, "etag": found.etag} for found in store.list(uri)]
    store.write_json(record_uri(own_loop, "raw_images"), {"images": rows, "rejected": []})
    assert [tick() for _ in range(5)] == [0] * 5
    store.write(uri, b"other bytes")
    assert [tick() for _ in range(5)] == [0, 1, 0, 0, 0]
