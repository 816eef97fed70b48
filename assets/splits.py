"""Train, validation and test: three sides that an image never changes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import dagster as dg

from assets.labels import labels, read_accepted
from assets.picture_groups import read_fingerprints, read_groups
from assets.records import OWNERS, publish, read_record
from assets.split_checks import SHOWN, check_side, labels_per_side, side_checks
from assets.training_manifest import training_manifest
from resources.loop import Loop
from resources.names import sha256
from resources.object_store import ObjectStore
from vision.manifest import FORMS, ImageLabel
from vision.splits import group_of, sides_of

PURPOSES = {
    "train": "What the model learns from.",
    "validation": "What training compares its epochs by.",
    "test": "What no training ever saw: `evaluation` measures on it.",
}


def _spec(side: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        f"{side}_split",
        deps=[labels],
        description=f"{PURPOSES[side]} An augmented manifest of labeled images.\n\n"
        "The side of an image is decided by a hash of its group: the images that look like it or, with "
        "splits.group_pattern, those with the same text in their keys. So it stays where it is when other "
        "images come or go.",
        group_name="labels",
        kinds={"s3", "json"},
        owners=OWNERS,
        code_version="1",
    )


@dg.multi_asset(
    specs=[_spec(side) for side in PURPOSES],
    check_specs=[spec for side in PURPOSES for spec in side_checks(side)],
)
def splits(
    context: dg.AssetExecutionContext, loop: dg.ResourceParam[Loop], store: ObjectStore
) -> Iterator[dg.MaterializeResult]:
    labeled = read_record(store, loop, "labels")
    etags = labeled["etags"]
    frozen = frozen_test(store, loop, etags) if loop.splits.freeze_test else None
    sides, held_back = divide(
        loop, read_accepted(store, loop, labeled), groups_of(store, loop, etags), frozen
    )
    fingerprints = read_fingerprints(store, loop)
    report = labels_per_side(sides, loop.labels)
    keys = {key.path[-1]: key for key in context.selected_asset_keys}
    for side, images in sides.items():
        record = write_split(store, loop, side, images, etags)
        shown = numbers(images, len(etags), FORMS[loop.label_form].noun) | {"labels_per_side": report}
        if frozen is not None:
            shown |= {"held_back": len(held_back), "held_back_images": held_back[:SHOWN]}
        yield publish(
            store,
            loop,
            f"{side}_split",
            record,
            # The evaluation looks its images up; a training does not ask what they are called.
            version=None if side == "test" else record["content"],
            metadata=shown | {"version": record["sha256"][:12], "manifest": record["manifest"]},
            asset_key=keys[f"{side}_split"],
            check_results=[
                dg.AssetCheckResult(asset_key=keys[f"{side}_split"], **result)
                for result in check_side(side, sides, loop.labels, etags, fingerprints)
            ],
        )


def write_split(
    store: ObjectStore, loop: Loop, side: str, images: list[ImageLabel], etags: Mapping[str, str]
) -> dict[str, Any]:
    """Returns the record, which is kept under its version too: for `splits.freeze_test`, and to tell which
    bytes a model of then has learned from. Its ``content`` stands for pictures and labels, and stays the same
    when images are renamed.
    """
    body = training_manifest(loop, images)
    version = loop.uri(f"splits/{side}-{sha256(body)[:12]}")
    record = {
        "manifest": store.update(f"{version}.manifest", body),
        "sha256": sha256(body),
        "content": content_of(loop, images, etags),
        "etags": {image.uri: etags[image.uri] for image in images},
    }
    store.update_json(f"{version}.json", record)
    return record


def content_of(loop: Loop, images: Iterable[ImageLabel], etags: Mapping[str, str]) -> str:
    """The hash of the manifest with every image under the name of its bytes."""
    named = (replace(image, uri=etags[image.uri]) for image in images)
    return sha256(training_manifest(loop, sorted(named, key=lambda image: image.uri)))


def frozen_test(store: ObjectStore, loop: Loop, etags: Mapping[str, str]) -> list[ImageLabel]:
    """The frozen test split: the labels it had, under the URIs that their images have now.

    An image that was deleted, or whose bytes changed, leaves it. Raises dg.Failure.
    """
    version = loop.uri(f"splits/test-{loop.splits.freeze_test}.json")
    try:
        record = store.read_json(version)
    except FileNotFoundError as error:
        kept = [each.uri for each in store.list(loop.uri("splits/test-")) if each.uri.endswith(".json")]
        raise dg.Failure(
            f"splits.freeze_test: there is no {version}. The versions of the test split are "
            f"{[uri[-17:-5] for uri in kept]}.",
            allow_retries=False,
        ) from error
    now = {etag: uri for uri, etag in etags.items()}
    places = ((image, now.get(record["etags"][image.uri])) for image in read_accepted(store, loop, record))
    return sorted((replace(image, uri=uri) for image, uri in places if uri), key=lambda image: image.uri)


def groups_of(store: ObjectStore, loop: Loop, etags: Mapping[str, str]) -> dict[str, str]:
    """What each image, given by its URI with its ETag, must stay together with."""
    if pattern := loop.splits.group_pattern:
        return {uri: group_of(uri, pattern) for uri in etags}
    known = read_groups(store, loop)
    return {uri: known.get(etag, uri) for uri, etag in etags.items()}


def divide(
    loop: Loop,
    images: Iterable[ImageLabel],
    groups: Mapping[str, str],
    frozen: list[ImageLabel] | None = None,
) -> tuple[dict[str, list[ImageLabel]], list[str]]:
    """The images of each side, and the URIs of those that a frozen test split holds back from all sides.

    Depends on their groups, the loop's fractions and the frozen test split alone.
    """
    tested = None if frozen is None else {image.uri: image for image in frozen}
    placed = sides_of(groups, loop.splits.fractions, tested)
    sides: dict[str, list[ImageLabel]] = {side: [] for side in PURPOSES}
    held_back = []
    for image in images:
        side = placed[image.uri]
        if side is None:
            held_back.append(image.uri)
        else:
            sides[side].append(image)
    return sides | ({"test": frozen} if frozen is not None else {}), held_back


def numbers(images: list[ImageLabel], all_images: int, noun: str) -> dict[str, Any]:
    return {
        "images": len(images),
        noun: sum(len(image.names) for image in images),
        "share": round(len(images) / max(all_images, 1), 3),
    }
