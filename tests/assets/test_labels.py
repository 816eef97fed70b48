"""Every accepted label is kept; each image goes to one side and stays there."""

import pytest
from dagster import AssetKey, Failure
from dagster._core.errors import DagsterAssetCheckFailedError

from assets.labels import Label, class_mixes, current_labels, merge
from assets.picture_groups import group_new_images
from assets.records import publish, read_record, record_uri
from assets.splits import divide, groups_of
from resources.names import sha256
from tests.assets.conftest import numbers, version
from vision.boxes import Box
from vision.manifest import LabeledImage, augmented_manifest

SQUARE = Box("square", 1, 2, 10, 10, 0.9)
BAR = Box("bar", 3, 4, 20, 5, 0.8)


def image(uri: str, *boxes: Box, created: str = "2026-11-22T12:00:00.000000") -> LabeledImage:
    return LabeledImage(uri, 40, 30, 3, boxes, job="job", created=created)


def accept(store, loop, batch: str, *images: LabeledImage) -> None:
    """What labeled_manifest leaves behind for a batch that passed its checks."""
    body = augmented_manifest(images, loop.label_attribute, loop.labels)
    uri = store.write(loop.uri(f"labeled/{batch}.manifest"), body)
    record = {
        "manifest": uri,
        "sha256": sha256(body),
        "job": "job",
        "etags": {each.uri: f"etag of {each.uri}" for each in images},
    }
    publish(store, loop, "labeled_manifest", record, batch=batch, metadata={})
    try:
        listed = read_record(store, loop, "raw_images")["images"]
    except Failure:
        listed = []
    rows = [{"uri": uri, "etag": etag} for uri, etag in record["etags"].items()]
    list_images(store, loop, *listed, *(row for row in rows if row not in listed))


def list_images(store, loop, *rows: dict) -> None:
    store.write_json(record_uri(loop, "raw_images"), {"images": list(rows), "rejected": []})


def test_the_latest_label_of_an_image_wins_and_the_others_stay_in_its_history():
    old = Label(image("s3://b/1", SQUARE, created="2026-01-01T00:00:00"), "one", "batch-b")
    new = Label(image("s3://b/1", BAR, created="2026-02-01T00:00:00"), "one", "batch-a")
    other = Label(image("s3://b/0"), "zero", "batch-a")
    assert merge([new, other, old]) == {"zero": [other], "one": [old, new]}


def test_a_label_follows_its_bytes():
    """Renamed: moved. Deleted or with other bytes: gone. Copied: one copy has it, so it is on one side."""
    names = ["stays", "renamed", "deleted", "changed", "copied"]
    history = merge(Label(image(f"s3://b/{name}", SQUARE), f"etag of {name}", "batch") for name in names)
    now = {
        "stays": "etag of stays",
        "new name": "etag of renamed",
        "changed": "other bytes",
        "a copy": "etag of copied",
        "copied": "etag of copied",
    }
    found = current_labels(history, [{"uri": f"s3://b/{name}", "etag": etag} for name, etag in now.items()])
    assert list(found) == ["s3://b/copied", "s3://b/new name", "s3://b/stays"]
    assert all(label.image.uri == uri for uri, label in found.items())


def test_batches_are_merged_and_the_same_batches_make_the_same_version(loop, store, materialize):
    accept(store, loop, "batch-1", image("s3://b/1", SQUARE), image("s3://b/2"))
    first = materialize("labels")
    assert version(materialize("labels"), "labels") == version(first, "labels")
    accept(store, loop, "batch-2", image("s3://b/1", BAR, BAR, created="2026-12-01T00:00:00.000000"))
    second = materialize("labels")
    found = numbers(second, "labels")
    assert (found["images"], found["boxes"], found["empty_images"]) == (2, 2, 1)
    assert (found["batches"], found["labeled_again"]) == (2, 1)
    history = store.read_json(found["history"])
    assert [label["batch"] for label in history["s3://b/1"]] == ["batch-1", "batch-2"]
    assert version(second, "labels") != version(first, "labels")


def test_batches_are_compared_in_the_order_of_time_by_the_labels_that_count():
    labels = {
        "s3://b/1": Label(image("s3://b/1", SQUARE, BAR, created="2026-02-01T00:00:00"), "one", "batch-a"),
        "s3://b/2": Label(image("s3://b/2", SQUARE, created="2026-01-01T00:00:00"), "two", "batch-b"),
        "s3://b/3": Label(image("s3://b/3", SQUARE, created="2026-03-01T00:00:00"), "three", "batch-b"),
    }
    assert class_mixes(labels) == [("batch-b", {"square": 2}), ("batch-a", {"square": 1, "bar": 1})]


def test_answers_and_functions_reach_the_history_and_records_without_them_stay_readable(
    loop, store, materialize
):
    accept(store, loop, "batch-1", image("s3://b/1", SQUARE), image("s3://b/2"))
    old = store.read_json(numbers(materialize("labels"), "labels")["history"])
    assert "answers" not in old["s3://b/1"][0]
    functions = {"consolidation": {"arn": "arn:f", "sha256": ["one"]}}
    made = {
        "answers": {"prefix": "s3://b/out/", "files": {"s3://b/1": ["iteration-1/0/t.json"]}},
        "functions": functions,
    }
    record = read_record(store, loop, "labeled_manifest", "batch-1")
    publish(store, loop, "labeled_manifest", record | made, batch="batch-1", metadata={})
    new = numbers(materialize("labels"), "labels")["history"]
    assert read_record(store, loop, "labels")["history"] == new
    [[first], [second]] = store.read_json(new).values()
    assert first == old["s3://b/1"][0] | {
        "answers": ["s3://b/out/iteration-1/0/t.json"],
        "functions": functions,
    }
    assert (second["answers"], second["functions"]) == ([], functions)


def test_a_deleted_image_leaves_labels_and_splits_and_stays_in_the_history(loop, store, materialize):
    images = [image(f"s3://b/{number}", SQUARE) for number in range(30)]
    accept(store, loop, "batch-1", *images)
    sides = ("train_split", "validation_split", "test_split")
    before = numbers(materialize("labels", *sides), "labels")
    rows = read_record(store, loop, "raw_images")["images"]
    list_images(store, loop, *rows[1:])
    found = numbers(materialize("labels", *sides), "labels")
    assert (before["images"], found["images"], found["deleted_or_changed"]) == (30, 29, 1)
    assert all("s3://b/0" not in read_record(store, loop, side)["etags"] for side in sides)
    assert "s3://b/0" in store.read_json(found["history"])
    list_images(store, loop)
    with pytest.raises(Failure, match="None of the 30 labeled images is under s3://.* any more"):
        materialize("labels")


def test_without_any_label_it_says_what_to_materialize(loop, materialize):
    with pytest.raises(Failure, match="materialize labeled_manifest"):
        materialize("labels")


def test_a_label_that_the_loop_does_not_know_any_more_is_named(loop, store, materialize):
    accept(store, loop, "batch-1", image("s3://b/1", SQUARE))
    with pytest.raises(Failure, match="(?s)does not fit the loop's file.*unknown label 'square'"):
        materialize("labels", settings=loop.model_copy(update={"labels": ["bar"]}))


def sides(loop, store, uris) -> dict[str, str]:
    """The side of each image; its ETag is its URI."""
    groups = groups_of(store, loop, {uri: uri for uri in uris})
    found, held_back = divide(loop, map(image, uris), groups)
    assert not held_back
    return {each.uri: side for side, some in found.items() for each in some}


def test_images_stay_on_their_side_when_others_come(loop, store):
    uris = [f"s3://b/images/{number}.jpg" for number in range(200)]
    before, after = sides(loop, store, uris[:100]), sides(loop, store, uris)
    assert after | before == after
    assert len(after) == 200 and set(after.values()) == {"train", "validation", "test"}


def test_images_of_one_group_stay_together(loop, store):
    splits = loop.splits.model_copy(update={"group_pattern": r"/(pack-\d+)_"})
    grouped = loop.model_copy(update={"splits": splits})
    uris = [f"s3://b/pack-{pack}_{shot}.jpg" for pack in range(40) for shot in range(3)]
    found = sides(grouped, store, uris)
    for pack in range(40):
        assert len({found[f"s3://b/pack-{pack}_{shot}.jpg"] for shot in range(3)}) == 1


def row(name: str, *fingerprint: str | None) -> dict:
    """What raw_images knows of an image; before there were fingerprints it knew none."""
    return {"uri": f"s3://b/{name}", "etag": name.rpartition("/")[2]} | dict(
        zip(["difference_hash"], fingerprint, strict=False)
    )


def test_images_that_look_alike_stay_together_renamed_or_come_later(loop, store):
    one, almost_one = "00000000ffffffff", "00000000fffffff0"
    first = group_new_images(store, loop, [row("a", one), row("plain", None), row("old")])
    assert first == {"a": f"picture-{one}", "plain": "content-plain", "old": "s3://b/old"}
    later = group_new_images(
        store, loop, [row("b", almost_one), row("renamed/old"), row("renamed/plain", None)]
    )
    assert later == {"b": f"picture-{one}", "old": "s3://b/old", "plain": "content-plain"}
    found = groups_of(store, loop, {"s3://b/new/a": "a", "s3://b/b": "b", "s3://b/other": "unseen"})
    assert found == {
        "s3://b/new/a": f"picture-{one}",
        "s3://b/b": f"picture-{one}",
        "s3://b/other": "s3://b/other",
    }


def test_the_splits_have_all_images_once(loop, store, materialize):
    accept(store, loop, "batch-1", *(image(f"s3://b/{number}", SQUARE) for number in range(60)))
    result = materialize("labels", "train_split", "validation_split", "test_split")
    counts = [numbers(result, f"{side}_split")["images"] for side in ("train", "validation", "test")]
    assert sum(counts) == 60 and all(counts)


def test_an_empty_side_is_told_by_its_check_and_no_side_is_lost(loop, store, materialize, instance):
    accept(store, loop, "batch-1", image("s3://b/1", SQUARE))
    materialize("labels")
    with pytest.raises(DagsterAssetCheckFailedError, match="_has_images"):
        materialize("train_split", "validation_split", "test_split")
    sides = ("train", "validation", "test")
    keys = [AssetKey([loop.name, f"{side}_split"]) for side in sides]
    assert all(instance.get_latest_materialization_event(key) for key in keys)
    assert sum(len(read_record(store, loop, f"{side}_split")["etags"]) for side in sides) == 1


def test_a_record_that_is_missing_names_its_asset(loop, materialize):
    with pytest.raises(Failure, match="Materialize labels first: there is no s3://.*/records/labels.json"):
        materialize("train_split", "validation_split", "test_split")


def test_a_record_lies_where_its_loop_keeps_its_files(loop):
    assert record_uri(loop, "labels") == f"s3://{loop.bucket}/loops/shapes/records/labels.json"
    assert record_uri(loop, "labeling_job", "batch-1").endswith("/records/labeling_job/batch-1.json")
