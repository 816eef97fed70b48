"""Boxes consolidated by what is known of the workers, and that knowledge from call to call."""

import json
import random
import threading

import pytest

from tests.lambdas.test_boxes import LABELS, answer, box, payload
from tests.lambdas.test_handler import get, labels_of, put, request

PROFILES = "s3://consolidation/loops/cats/labeling/worker-profiles.json"


@pytest.fixture
def quality(folders):
    from worker_quality import WorkerQuality

    return WorkerQuality


@pytest.fixture
def run(consolidation):
    """Labels of the objects of a payload."""

    def run(items, quality):
        results = consolidation.consolidate(items, "animals", LABELS, quality=quality)
        return [result["consolidatedAnnotation"]["content"]["animals"] for result in results]

    return run


def scene(rng, workers, images=60):
    """Two cats per image; ``workers`` are functions of (rng, left, top) that give the boxes drawn for one."""
    items, truth = [], []
    for index in range(images):
        cats = [
            (rng.randrange(20, 100), rng.randrange(20, 180)),
            (rng.randrange(220, 300), rng.randrange(20, 180)),
        ]
        answers = [
            answer(name, *(drawn for cat in cats for drawn in draw(rng, *cat)))
            for name, draw in workers.items()
        ]
        items += payload(*answers, object_id=str(index))
        truth.append(cats)
    return items, truth


def careful(rng, left, top):
    return [box(left + rng.randint(-2, 2), top + rng.randint(-2, 2), 60, 60)]


def too_large(rng, left, top):
    return [box(left - 9 + rng.randint(-2, 2), top - 9 + rng.randint(-2, 2), 78, 78)]


def shaky(rng, left, top):
    return [box(left + rng.randint(-15, 15), top + rng.randint(-15, 15), 60, 60)]


def anywhere(rng, left, top):
    return [box(rng.randrange(300), rng.randrange(200), 40, 40, rng.choice(LABELS))]


def error(labels, truth):
    """Mean distance of the edges from the truth, in pixels."""
    distances = []
    for label, cats in zip(labels, truth, strict=True):
        for (left, top), found in zip(cats, label["annotations"], strict=True):
            edges = (found["left"], found["top"], found["width"], found["height"])
            distances += [abs(one - other) for one, other in zip(edges, (left, top, 60, 60), strict=True)]
    return sum(distances) / len(distances)


def test_steady_hands_count_for_more_than_shaky_ones(run, quality):
    team = {"ann": careful, "bob": careful, "eve": shaky, "fay": too_large, "gus": shaky}
    items, truth = scene(random.Random(1), team)
    labels = run(items, quality({}))
    assert error(labels, truth) < 0.75 * error(run(items, None), truth)
    assert {label["consensus"]["method"] for label in labels} == {"worker_quality"}


def test_a_worker_who_draws_anywhere_makes_no_object_and_no_doubt(run, quality):
    team = {"ann": careful, "bob": careful, "cid": careful, "eve": careful, "gus": anywhere}
    items, _ = scene(random.Random(2), team)
    objects = [each for label in run(items, quality({})) for each in label["objects"]]
    assert len(objects) == 120
    assert min(each["confidence"] for each in objects) > 0.95, "votes say 0.8: four of five"


def test_few_answers_of_unknown_workers_are_votes_and_of_known_ones_are_not(run, quality):
    team = {"ann": careful, "bob": careful, "gus": anywhere}
    items, _ = scene(random.Random(3), team)
    first = quality({})
    labels = run(items, first)
    assert {label["consensus"]["method"] for label in labels} == {"votes"}
    expected = run(items, None)
    for label in labels:
        del label["consensus"]["method"]
    assert labels == expected
    later = run(items, quality(first.evidence))
    assert {label["consensus"]["method"] for label in later} == {"worker_quality"}
    assert min(each["confidence"] for label in later for each in label["objects"]) > 0.9


def test_a_worker_who_takes_cats_for_dogs_is_understood(run, quality):
    def confused(rng, left, top):
        return [box(left, top, 60, 60, "dog")]

    team = {"ann": careful, "bob": careful, "cid": careful, "eve": confused, "fay": careful}
    items, _ = scene(random.Random(4), team)
    learned = quality({})
    run(items, learned)
    said = learned.evidence["eve"]["boxes"]["labels"]["cat"]
    assert said["dog"] > 100 and said.get("cat", 0) == 0
    [label] = run(
        payload(
            answer("ann"),
            answer("eve", box(50, 50, 60, 60, "dog")),
            answer("bob", box(50, 50, 60, 60, "cat")),
        ),
        quality(learned.evidence),
    )
    assert [each["class_id"] for each in label["annotations"]] == [0]


def test_the_order_of_answers_and_workers_changes_nothing(run, quality):
    rng = random.Random(5)
    items, _ = scene(rng, {name: shaky for name in "abcde"}, images=20)
    expected = run(items, quality({}))
    for item in items:
        rng.shuffle(item["annotations"])
    assert run(items, quality({})) == expected


def test_images_that_nobody_drew_on_and_a_single_image_are_no_trouble(run, quality):
    empty = payload(*(answer(name) for name in "abcde"))
    assert run(empty, quality({}))[0]["annotations"] == []
    full = payload(*(answer(name, box(10, 10, 50, 50)) for name in "abcde"))
    [label] = run(full, quality({}))
    assert label["annotations"] == [{"class_id": 0, "left": 10, "top": 10, "width": 50, "height": 50}]
    assert label["objects"][0]["confidence"] > 0.9


@pytest.fixture
def profiles(folders, s3):
    from profiles import Profiles
    from s3 import Files

    s3.delete_object(Bucket="consolidation", Key=PROFILES.removeprefix("s3://consolidation/"))
    return lambda: Profiles(Files("us-east-1"), PROFILES)


def test_calls_at_the_same_time_lose_nothing_of_each_other(profiles):
    def keep(number):
        profiles().keep(
            f"s3://payload/{number}", {"ann": {"boxes": {"images": 1.0, "labels": {"cat": {"dog": 2}}}}}
        )

    threads = [threading.Thread(target=keep, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert profiles().known("another")["ann"]["boxes"] == {"images": 8, "labels": {"cat": {"dog": 16}}}


def test_a_repeated_call_neither_counts_twice_nor_learns_from_itself(
    consolidation, profiles, s3, monkeypatch
):
    monkeypatch.setenv("CONSOLIDATION", "worker_quality")
    monkeypatch.setenv("WORKER_PROFILES", PROFILES)
    items, _ = scene(random.Random(6), {"ann": careful, "bob": careful, "eve": shaky})
    event = request(s3, items)
    first = consolidation.handle(event, None)
    kept = get(s3, PROFILES)["Body"].read()
    assert consolidation.handle(event, None) == first
    assert get(s3, PROFILES)["Body"].read() == kept
    assert {label["consensus"]["method"] for label in labels_of(first).values()} == {"votes"}


def test_answers_that_are_consolidated_once_more_teach_nothing_new(consolidation, profiles, s3, monkeypatch):
    monkeypatch.setenv("CONSOLIDATION", "worker_quality")
    monkeypatch.setenv("WORKER_PROFILES", PROFILES)
    items, _ = scene(random.Random(6), {"ann": careful, "bob": careful, "eve": shaky})
    consolidation.handle(request(s3, items), None)
    kept = get(s3, PROFILES)["Body"].read()
    assert len(consolidation.handle(request(s3, items[:5]) | {"learn": False}, None)) == 5
    assert get(s3, PROFILES)["Body"].read() == kept


def test_old_calls_are_added_up_and_fade(profiles, monkeypatch):
    import profiles as module

    monkeypatch.setattr(module, "RECENT", 2)
    monkeypatch.setattr(module, "MEMORY", 100.0)
    for number in range(5):
        profiles().keep(f"s3://payload/{number}", {"ann": {"boxes": {"images": 50.0, "found": 40.0}}})
    known = profiles().known("another")["ann"]["boxes"]
    assert known == {"images": 200.0, "found": 160.0}, "two recent calls and a hundred older images"


def test_something_else_in_the_profiles_place_is_named(profiles, s3):
    put(s3, PROFILES, json.dumps({"version": 7}).encode())
    with pytest.raises(ValueError, match="worker-profiles.json holds no worker profiles of version 1"):
        profiles().known("s3://payload/1")


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"CONSOLIDATION": "average"}, "CONSOLIDATION is 'average': votes or worker_quality"),
        ({"CONSOLIDATION": "worker_quality"}, "needs the S3 URI of a file in .* WORKER_PROFILES"),
    ],
)
def test_variables_that_cannot_be_meant_are_named(consolidation, s3, monkeypatch, variables, message):
    monkeypatch.delenv("WORKER_PROFILES", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=message):
        consolidation.handle(request(s3, []), None)
