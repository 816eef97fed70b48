"""Every image gets into exactly one batch, also when the sensor dies half-way."""

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import dagster as dg
import pytest

from assets.batches import Batch, Waiting, batch_key, open_batch, opened_batches, waiting, write_left
from assets.box_answers import table
from assets.picture_groups import RECORD
from assets.records import record_uri
from orchestration.partitions import batches_of
from orchestration.sensors.new_images import Cursor, new_images_sensor, next_batch, open_waiting
from resources.aws import Aws
from resources.loop import Automation, Loop, Review
from resources.object_store import ObjectStore
from vision.boxes import Box
from vision.splits import Picture


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
    assert len(next_batch(found, Automation(**settings), waited, backwards)) == opened


def backwards(members: list[dict], count: int) -> list[dict]:
    return members[::-1][:count]


@pytest.mark.parametrize(("size", "chosen"), [(4, ["a0", "a1", "f4", "f3"]), (2, ["a0", "a1"]), (1, ["a0"])])
def test_images_asked_about_again_go_first_and_the_rest_is_chosen(size, chosen):
    found = Waiting(
        [{"uri": f"s3://b/{number}", "etag": f"f{number}"} for number in range(5)],
        [{"uri": f"s3://b/{number}", "etag": f"a{number}", "attempt": 2} for number in (1, 0)],
    )
    assert etags(next_batch(found, Automation(batch_size=size), MOMENT, backwards)) == chosen


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


@pytest.mark.slow
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


def predict(store, loop, **scores: list[float]) -> None:
    """The newest batch_predictions: the model's boxes on each image, named by ETag."""
    predictions = {
        uri_of(etag): [Box("ingredients", 0, 0, 3, 2, score) for score in found]
        for etag, found in scores.items()
    }
    uri = store.write(loop.uri("predictions/newest.csv"), table(predictions))
    record = {"predictions": uri, "model": "model", "etags": {uri_of(etag): etag for etag in scores}}
    store.write_json(record_uri(loop, "batch_predictions"), record)


def uri_of(etag: str) -> str:
    return f"s3://b/{etag[0]}.jpg"


def batches_in_order(tick, store, loop, **settings) -> list[list[str]]:
    """The ETags of one batch after the other, each labeled before the next."""
    found = []
    while keys := tick(**settings):
        [key] = keys
        assert tick(**settings) == [], "one batch at a time"
        found.append(sorted(etags(opened_batches(store, loop)[key].members)))
        write_left(store, loop, key, [])
    return found


@pytest.mark.slow
def test_images_of_which_the_model_is_unsure_are_labeled_first(tick, store, own_loop):
    list_images(store, own_loop, "a1", "b1", "c1", "d2", "e1", "f1")
    predict(store, own_loop, a1=[0.99], b1=[0.5], c1=[0.45, 0.01], d1=[0.45])  # d has other bytes now
    settings = {"batch_size": 2, "selection": "uncertainty"}
    found = batches_in_order(tick, store, own_loop, **settings)
    assert found == [["b1", "c1"], ["a1", "d2"], ["e1", "f1"]]


@pytest.mark.slow
def test_images_unlike_those_that_are_labeled_are_labeled_first(tick, store, own_loop):
    prints = {"a1": "0" * 16, "b1": "0" * 15 + "1", "c1": "f" * 16, "d1": "0" * 8 + "f" * 8}
    list_images(store, own_loop, "a1")
    pictures = [Picture(etag, etag, fingerprint) for etag, fingerprint in prints.items()]
    store.write_json(record_uri(own_loop, RECORD), pictures)
    settings = {"batch_size": 1, "selection": "diversity"}
    assert batches_in_order(tick, store, own_loop, **settings) == [["a1"]]
    list_images(store, own_loop, "a1", "b1", "c1", "d1")
    assert batches_in_order(tick, store, own_loop, **settings) == [["c1"], ["d1"], ["b1"]]


def test_so_many_batches_are_with_the_workers_and_late_images_wait_for_the_end_of_one(tick, store, own_loop):
    settings = {"batch_size": 2, "batches_at_once": 2, "max_wait_minutes": 30}
    list_images(store, own_loop, "a1", "b1", "c1", "d1", "e1")
    opened = [key for _ in range(4) for key in tick(**settings)]
    assert len(opened) == 2
    assert tick(minutes=60, **settings) == []
    write_left(store, own_loop, opened[0], [])
    [last] = tick(**settings)
    assert len(opened_batches(store, own_loop)[last].members) == 1


@pytest.mark.parametrize(
    ("settings", "most"),
    [
        ({}, None),
        ({"batch_size": 9}, None),
        ({"selection": "diversity"}, None),  # all that wait go at once: there is nothing to choose
        ({"selection": "diversity", "batch_size": 9}, 1),
        ({"selection": "diversity", "batch_size": 9, "batches_at_once": 3}, 3),
    ],
)
def test_a_choice_is_made_only_when_the_one_before_is_labeled(settings, most):
    assert Automation(**settings).most_at_work == most
