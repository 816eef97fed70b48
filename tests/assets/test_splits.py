"""No side sees another's images, every side's labels are counted, and a frozen test split stays as it was."""

import pytest
from dagster import AssetCheckSeverity, Failure

from assets.picture_groups import group_new_images
from assets.records import publish, read_record
from assets.split_checks import check_side, labels_per_side, side_checks
from resources.names import sha256
from tests.assets.conftest import numbers, version
from tests.assets.test_labels import BAR, SQUARE, image
from vision.manifest import LabeledImage, augmented_manifest

SIDES = ("train_split", "validation_split", "test_split")
NOW = "2026-12-01T00:00:00.000000"


def put_labels(store, loop, images: dict[str, LabeledImage]) -> None:
    """What `labels` leaves behind; the images are given by their ETags."""
    images = dict(sorted(images.items(), key=lambda each: each[1].uri))
    body = augmented_manifest(images.values(), loop.label_attribute, loop.labels)
    uri = store.write(loop.uri(f"labels/{sha256(body)[:12]}.manifest"), body)
    etags = {each.uri: etag for etag, each in images.items()}
    publish(store, loop, "labels", {"manifest": uri, "sha256": sha256(body), "etags": etags}, metadata={})


def test_a_frozen_test_split_keeps_images_and_labels_while_everything_else_moves(loop, store, materialize):
    images = {f"etag-{number}": image(f"s3://b/{number:03}", SQUARE) for number in range(40)}
    put_labels(store, loop, images)
    first = numbers(materialize(*SIDES), "test_split")
    before = read_record(store, loop, "test_split")
    deleted, renamed, again, *others = sorted(before["etags"].values())

    del images[deleted]
    images[renamed] = image("s3://b/renamed", SQUARE)
    images[again] = image(images[again].uri, BAR, BAR, created=NOW)
    images |= {f"new-{number}": image(f"s3://b/new/{number:03}", BAR) for number in range(40)}
    put_labels(store, loop, images)
    splits = loop.splits.model_copy(update={"freeze_test": first["version"]})
    frozen = numbers(materialize(*SIDES, settings=loop.model_copy(update={"splits": splits})), "test_split")

    after = read_record(store, loop, "test_split")
    assert sorted(after["etags"].values()) == sorted([renamed, again, *others])
    assert after["etags"]["s3://b/renamed"] == renamed
    assert (frozen["images"], frozen["boxes"]) == (len(others) + 2, len(others) + 2)  # labels as they were
    assert frozen["held_back"] > 0 and all("/new/" in uri for uri in frozen["held_back_images"])
    on_sides = [uri for side in SIDES for uri in read_record(store, loop, side)["etags"]]
    assert len(on_sides) == len(set(on_sides)) == len(images) - frozen["held_back"]


def test_a_renamed_image_is_the_same_to_a_training_and_a_corrected_label_is_not(loop, store, materialize):
    images = {f"etag-{number}": image(f"s3://b/{number:03}", SQUARE) for number in range(40)}
    group_new_images(store, loop, [{"uri": each.uri, "etag": etag} for etag, each in images.items()])
    put_labels(store, loop, images)
    sides = ("train_split", "validation_split")
    result = materialize(*SIDES)
    before = [version(result, side) for side in sides]
    etag = next(iter(read_record(store, loop, "train_split")["etags"].values()))

    images[etag] = image("s3://b/renamed", SQUARE)
    put_labels(store, loop, images)
    result = materialize(*SIDES)
    assert "s3://b/renamed" in read_record(store, loop, "train_split")["etags"]
    assert [version(result, side) for side in sides] == before

    images[etag] = image("s3://b/renamed", BAR)
    put_labels(store, loop, images)
    result = materialize(*SIDES)
    assert [version(result, side) == old for side, old in zip(sides, before, strict=True)] == [False, True]


def test_a_version_that_was_never_there_is_told_with_those_that_were(loop, store, materialize):
    put_labels(store, loop, {f"etag-{number}": image(f"s3://b/{number}", SQUARE) for number in range(40)})
    kept = numbers(materialize(*SIDES), "test_split")["version"]
    splits = loop.splits.model_copy(update={"freeze_test": "0123456789ab"})
    with pytest.raises(Failure, match=f"freeze_test: there is no s3://.*test-0123456789ab.*{kept}"):
        materialize(*SIDES, settings=loop.model_copy(update={"splits": splits}))


ETAGS = {f"s3://b/{name}": name for name in "abc"}
FINGERPRINTS = {"a": "00000000ffffffff", "b": "00000000fffffffe"}


def outcome(side: str, etags=ETAGS, fingerprints=FINGERPRINTS) -> dict[str, tuple]:
    sides = {
        "train": [image("s3://b/a", SQUARE)],
        "validation": [],
        "test": [image("s3://b/b", BAR), image("s3://b/c", SQUARE)],
    }
    results = check_side(side, sides, ["square", "bar"], etags, fingerprints)
    assert [result["check_name"] for result in results] == [spec.name for spec in side_checks(side)]
    return {
        result["check_name"]: (result["severity"], result["metadata"]["examples"])
        for result in results
        if not result["passed"] and "metadata" in result
    }


def test_a_label_without_an_object_on_a_side_is_told():
    assert outcome("train") == {"train_has_every_label": (AssetCheckSeverity.WARN, ["bar"])}


def test_look_alikes_on_two_sides_are_told_and_the_same_bytes_block():
    alike = (AssetCheckSeverity.WARN, ["s3://b/a and s3://b/b: 1 bits apart"])
    assert outcome("test") == {"no_look_alikes_on_two_sides": alike}
    same = outcome("test", etags=ETAGS | {"s3://b/c": "a"}, fingerprints={})
    assert same == {"no_image_on_two_sides": (AssetCheckSeverity.ERROR, ["s3://b/c"])}
    blocking = [spec.name for spec in side_checks("test") if spec.blocking]
    assert blocking == ["test_has_images", "no_image_on_two_sides"]


def test_the_labels_of_every_side_are_shown():
    sides = {"train": [image("s3://b/1", SQUARE, SQUARE)], "validation": [], "test": [image("s3://b/2", BAR)]}
    rows = [record.data for record in labels_per_side(sides, ["square", "bar"]).records]
    assert rows == [
        {"label": "square", "train": 2, "validation": 0, "test": 0},
        {"label": "bar", "train": 0, "validation": 0, "test": 1},
    ]


def test_pictures_that_look_alike_are_on_one_side_in_the_splits_too(loop, store, materialize):
    names = [f"etag-{number}" for number in range(40)]
    put_labels(store, loop, {name: image(f"s3://b/{name}", SQUARE) for name in names})
    rows = [
        {"uri": f"s3://b/{name}", "etag": name, "difference_hash": "00000000ffffffff"} for name in names[:20]
    ]
    group_new_images(store, loop, rows)
    result = materialize(*SIDES)
    found = [{*read_record(store, loop, side)["etags"].values()} & {*names[:20]} for side in SIDES]
    assert sorted(map(len, found)) == [0, 0, 20]
    [check] = [
        each
        for each in result.get_asset_check_evaluations()
        if each.check_name == "no_look_alikes_on_two_sides"
    ]
    assert check.passed
