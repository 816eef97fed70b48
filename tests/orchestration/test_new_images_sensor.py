"""Every image gets into exactly one batch, also when the sensor dies half-way."""

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import dagster as dg
import pytest

from assets.batches import Batch, Waiting, batch_key, open_batch, opened_batches, waiting, write_left
from assets.records import record_uri
from orchestration.partitions import batches_of
from orchestration.sensors.new_images import Cursor, new_images_sensor, next_batch, open_waiting
from resources.aws import Aws
from resources.loop import Automation, Loop, Review
from resources.object_store import ObjectStore


def images(*versions: str) -> list[dict]:
    return [{"uri": f"s3://b/{each[0]}.jpg", "etag": each, "width": 3, "height": 2} for each in versions]


def members(*versions: str) -> list[dict]:
    return waiting(images(*versions), [], 3).members


def etags(some: list[dict]) -> list[str]:
    return [member["etag"] for member in some]


def test_the_key_of_a_batch_does_not_depend_on_the_order_of_its_members():
    first = members("a1", "b1")
    assert batch_key(first) == batch_key(first[::-1])
    assert batch_key(first) != batch_key(first[:1])
    assert batch_key(first) != batch_key([member | {"attempt": 2} for member in first])


def test_only_images_that_no_batch_has_in_this_version_are_left():
    found = waiting(images("a1", "b2", "c1"), [Batch(members("a1", "b1"))], 3)
    assert etags(found.fresh) == ["b2", "c1"] and not found.again


def test_a_renamed_copy_is_not_asked_for_again_and_of_two_new_copies_one_is():
    copies = [{"uri": f"s3://b/{name}.jpg", "etag": etag} for name, etag in ("x1", "y2", "z2")]
    found = waiting(copies, [Batch([{"uri": "s3://b/old.jpg", "etag": "1"}])], 3)
    assert found.members == [copies[1]]


def test_images_that_came_back_without_a_label_are_asked_about_again_a_limited_number_of_times():
    batches, asked = [Batch(members("a1", "b1"), members("b1"))], []
    while (found := waiting(images("a1", "b1"), batches, 3)).again:
        assert waiting(images("a1", "b1"), [*batches, Batch(found.again)], 3).members == [], "at work"
        asked.append(found.again[0]["attempt"])
        batches.append(Batch(found.again, found.again))
    assert asked == [2, 3]
    assert etags(found.given_up) == ["b1"]


def test_an_image_that_was_labeled_in_any_batch_is_settled():
    batches = [Batch(members("a1"), members("a1")), Batch([members("a1")[0] | {"attempt": 2}], [])]
    assert waiting(images("a1"), batches, 3) == Waiting()


MOMENT, HOUR = timedelta(), timedelta(hours=1)


@pytest.mark.parametrize(
    ("settings", "fresh", "again", "waited", "opened"),
    [
        ({}, 2, 0, MOMENT, 2),
        ({}, 2, 1, MOMENT, 3),
        ({}, 0, 3, HOUR, 0),  # a job that fails at once is not started again at once
        ({"max_wait_minutes": 60}, 0, 3, MOMENT, 0),
        ({"max_wait_minutes": 60}, 0, 3, HOUR, 3),
        ({"batch_size": 4}, 3, 0, HOUR, 0),
        ({"batch_size": 4}, 3, 1, MOMENT, 4),
        ({"batch_size": 4}, 9, 0, MOMENT, 4),
        ({"batch_size": 4, "max_wait_minutes": 60}, 1, 0, MOMENT, 0),
        ({"batch_size": 4, "max_wait_minutes": 60}, 1, 0, HOUR, 1),
        ({"max_wait_minutes": 60}, 0, 0, HOUR, 0),
    ],
)
def test_a_batch_opens_when_it_is_full_or_an_image_has_waited_long_enough(
    settings, fresh, again, waited, opened
):
    found = Waiting(
        [{"uri": f"s3://b/{number}", "etag": f"f{number}"} for number in range(fresh)],
        [{"uri": f"s3://b/{number}", "etag": f"a{number}", "attempt": 2} for number in range(again)],
    )
    assert len(next_batch(found, Automation(**settings), waited)) == opened


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


def ticking(loop: Loop, store: ObjectStore, instance: dg.DagsterInstance) -> Callable[..., list[str]]:
    """One tick of the sensor; partitions are added and the cursor is kept as the daemon does it."""
    cursors = [None]

    def tick(minutes: int = 0, **settings) -> list[str]:
        """``minutes`` after the last one; ``settings`` are those of ``automation``."""
        sensor = new_images_sensor(loop.model_copy(update={"automation": Automation(**settings)}))
        seen = Cursor.load(cursors[-1])
        if seen.since:
            cursors.append(replace(seen, since=seen.since - 60 * minutes).dump())
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
    assert [len(batch.members) for batch in opened_batches(store, own_loop).values()] in ([2, 1], [1, 2])
    assert set(instance.get_dynamic_partitions(batches_of(own_loop).name)) == {first, second}


def test_a_batch_whose_partition_was_never_made_is_started_by_the_next_tick(tick, store, own_loop):
    list_images(store, own_loop, "a1")
    lost = open_batch(store, own_loop, members("a1"))  # and then the process died
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
    assert [member["etag"] for member in opened_batches(store, loop)[first].members] == ["a1", "b1"]
    assert tick() == []
    label("a", "b", "c")
    [second] = tick()
    assert [member["etag"] for member in opened_batches(store, loop)[second].members] == ["c1"]


def test_images_wait_for_a_full_batch_but_not_for_ever(tick, store, own_loop):
    settings = {"batch_size": 2, "max_wait_minutes": 30}
    list_images(store, own_loop, "a1", "b1", "c1", "d1", "e1")
    assert [len(tick(**settings)) for _ in range(4)] == [1, 1, 0, 0]
    assert tick(minutes=20, **settings) == []
    assert len(tick(minutes=20, **settings)) == 1
    assert sorted(len(batch.members) for batch in opened_batches(store, own_loop).values()) == [1, 2, 2]


def test_a_run_by_hand_opens_all_that_waits_in_batches_of_the_size_and_asks_for_each_once(
    tick, store, own_loop
):
    settings = {"batch_size": 2}
    list_images(store, own_loop, "a1", "b1", "c1", "d1", "e1")
    loop = own_loop.model_copy(update={"automation": Automation(**settings)})
    for _ in range(2):
        open_waiting(store, loop)
    opened = opened_batches(store, own_loop)
    assert sorted(len(batch.members) for batch in opened.values()) == [1, 2, 2]
    assert set(tick(**settings)) == set(opened) and tick(**settings) == []
    write_left(store, own_loop, next(iter(opened)), members("b1"))
    open_waiting(store, loop)
    assert set(opened_batches(store, own_loop)) == set(opened), "what came back waits for new images"


def test_loops_on_the_same_images_ask_for_runs_of_their_own(store, own_loop, instance):
    keys = {}
    for name in ("first_look", "second_look"):
        loop = own_loop.model_copy(update={"name": name})
        list_images(store, loop, "a1")
        with dg.build_sensor_context(instance, resources={"store": store}) as context:
            [request] = new_images_sensor(loop)(context).run_requests
        keys[request.run_key] = request.partition_key
    assert len(keys) == 2 and len(set(keys.values())) == 1


def test_what_a_batch_left_joins_the_next_one(tick, store, own_loop):
    list_images(store, own_loop, "a1", "b1")
    [first] = tick()
    assert tick() == []
    write_left(store, own_loop, first, members("b1"))
    assert tick() == [], "nothing new: it waits"
    list_images(store, own_loop, "a1", "b1", "c1")
    [second] = tick()
    found = opened_batches(store, own_loop)[second].members
    assert [(member["etag"], member.get("attempt")) for member in found] == [("c1", None), ("b1", 2)]
    write_left(store, own_loop, first, None)
    assert opened_batches(store, own_loop)[first].left is None
