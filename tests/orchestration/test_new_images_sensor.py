"""Every image gets into exactly one batch, also when the sensor dies half-way."""

import json
import uuid
from collections.abc import Callable

import dagster as dg
import pytest

from assets.batches import batch_key, open_batch, opened_batches, unbatched
from assets.records import record_uri
from orchestration.partitions import batches_of
from orchestration.sensors.new_images import new_images_sensor
from resources.aws import Aws
from resources.loop import Loop, Review
from resources.object_store import ObjectStore


def images(*versions: str) -> list[dict]:
    return [{"uri": f"s3://b/{each[0]}.jpg", "etag": each, "width": 3, "height": 2} for each in versions]


def test_the_key_of_a_batch_does_not_depend_on_the_order_of_its_members():
    first = unbatched(images("a1", "b1"), [])
    assert batch_key(first) == batch_key(first[::-1])
    assert batch_key(first) != batch_key(first[:1])


def test_only_images_that_no_batch_has_in_this_version_are_left():
    batched = unbatched(images("a1", "b1"), [])
    assert [member["etag"] for member in unbatched(images("a1", "b2", "c1"), batched)] == ["b2", "c1"]


def test_a_renamed_copy_is_not_asked_for_again_and_of_two_new_copies_one_is():
    copies = [{"uri": f"s3://b/{name}.jpg", "etag": etag} for name, etag in ("x1", "y2", "z2")]
    assert unbatched(copies, [{"uri": "s3://b/old.jpg", "etag": "1"}]) == [copies[1]]


@pytest.fixture
def own_loop(loop, stand_in_environment) -> Loop:
    return loop.model_copy(update={"bucket": f"sensor-{uuid.uuid4().hex[:8]}"})


@pytest.fixture
def store(own_loop) -> ObjectStore:
    store = ObjectStore(aws=Aws())
    store.ensure_bucket(own_loop.bucket)
    return store


@pytest.fixture
def tick(own_loop, store, instance):
    return ticking(own_loop, store, instance)


def ticking(loop: Loop, store: ObjectStore, instance: dg.DagsterInstance) -> Callable[[], list[str]]:
    """One tick of the sensor; partitions are added and the cursor is kept as the daemon does it."""
    sensor, cursors = new_images_sensor(loop), [None]

    def tick() -> list[str]:
        with dg.build_sensor_context(instance, cursor=cursors[-1], resources={"store": store}) as context:
            decision = sensor(context)
        if isinstance(decision, dg.SkipReason):
            return []
        cursors.append(decision.cursor)
        for request in decision.dynamic_partitions_requests:
            instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
        return [request.partition_key for request in decision.run_requests]

    return tick


def list_images(store, loop, *versions: str) -> None:
    store.write_json(record_uri(loop, "raw_images"), {"images": images(*versions), "rejected": []})


def test_nothing_happens_before_the_images_are_listed(tick):
    assert tick() == []


def test_new_images_become_one_batch_and_old_ones_stay_in_theirs(tick, store, own_loop, instance):
    list_images(store, own_loop, "a1", "b1")
    [first] = tick()
    assert tick() == []
    list_images(store, own_loop, "a1", "b1", "c1")
    [second] = tick()
    assert [len(members) for members in opened_batches(store, own_loop).values()] in ([2, 1], [1, 2])
    assert set(instance.get_dynamic_partitions(batches_of(own_loop).name)) == {first, second}


def test_a_batch_whose_partition_was_never_made_is_started_by_the_next_tick(tick, store, own_loop):
    list_images(store, own_loop, "a1")
    lost = open_batch(store, own_loop, unbatched(images("a1"), []))  # and then the process died
    list_images(store, own_loop, "a1", "b1")
    assert len(tick()) == 2
    assert lost in opened_batches(store, own_loop)


def test_images_that_go_away_open_no_batch(tick, store, own_loop):
    list_images(store, own_loop, "a1", "b1")
    assert len(tick()) == 1
    list_images(store, own_loop, "a1")
    assert tick() == []


def test_a_review_takes_only_images_that_have_a_label_and_later_ones_when_they_get_theirs(
    own_loop, store, instance
):
    review = Review(kind="verification", loop="labeled", attribute="boxes")
    loop = own_loop.model_copy(update={"name": "second_look", "review": review})
    tick = ticking(loop, store, instance)

    def label(*names: str) -> None:
        lines = [{"source-ref": f"s3://b/{name}.jpg", "boxes": {"annotations": []}} for name in names]
        body = "".join(json.dumps(line) + "\n" for line in lines).encode()
        uri = store.write(loop.uri(f"labels-{len(names)}.manifest"), body)
        reviewed = loop.model_copy(update={"name": "labeled"})
        store.write_json(record_uri(reviewed, "labels"), {"manifest": uri})

    list_images(store, loop, "a1", "b1", "c1")
    assert tick() == [], "nothing is labeled yet"
    label("a", "b")
    [first] = tick()
    assert [member["etag"] for member in opened_batches(store, loop)[first]] == ["a1", "b1"]
    assert tick() == []
    label("a", "b", "c")
    [second] = tick()
    assert [member["etag"] for member in opened_batches(store, loop)[second]] == ["c1"]
