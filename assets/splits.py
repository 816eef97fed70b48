"""Train, validation and test: three sides that an image never changes."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import dagster as dg

from assets.labels import labels, read_accepted
from assets.picture_groups import read_groups
from assets.records import OWNERS, publish, read_record
from assets.training_manifest import training_manifest
from resources.loop import Loop
from resources.names import sha256
from resources.object_store import ObjectStore
from vision.manifest import FORMS, ImageLabel
from vision.splits import group_of, side_of

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


def _has_images(side: str) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        f"{side}_has_images",
        asset=f"{side}_split",
        blocking=True,
        description="With few labeled images a side can be empty: label more, or change splits.fractions.",
    )


@dg.multi_asset(
    specs=[_spec(side) for side in PURPOSES], check_specs=[_has_images(side) for side in PURPOSES]
)
def splits(
    context: dg.AssetExecutionContext, loop: dg.ResourceParam[Loop], store: ObjectStore
) -> Iterator[dg.MaterializeResult]:
    record = read_record(store, loop, "labels")
    accepted = read_accepted(store, loop, record)
    keys = {key.path[-1]: key for key in context.selected_asset_keys}
    groups = groups_of(store, loop, record["etags"])
    for side, images in divide(loop, accepted, groups).items():
        body = training_manifest(loop, images)
        uri = store.write(loop.uri(f"splits/{side}-{sha256(body)[:12]}.manifest"), body)
        etags = {image.uri: record["etags"][image.uri] for image in images}
        yield publish(
            store,
            loop,
            f"{side}_split",
            {"manifest": uri, "sha256": sha256(body), "etags": etags},
            metadata=numbers(images, accepted, FORMS[loop.label_form].noun) | {"manifest": uri},
            asset_key=keys[f"{side}_split"],
            check_results=[
                dg.AssetCheckResult(
                    asset_key=keys[f"{side}_split"], check_name=f"{side}_has_images", passed=bool(images)
                )
            ],
        )


def groups_of(store: ObjectStore, loop: Loop, etags: Mapping[str, str]) -> dict[str, str]:
    """What each image, given by its URI with its ETag, must stay together with."""
    if pattern := loop.splits.group_pattern:
        return {uri: group_of(uri, pattern) for uri in etags}
    known = read_groups(store, loop)
    return {uri: known.get(etag, uri) for uri, etag in etags.items()}


def divide(
    loop: Loop, images: Iterable[ImageLabel], groups: Mapping[str, str]
) -> dict[str, list[ImageLabel]]:
    """The images of each side. Depends on their groups and the loop's fractions alone."""
    sides: dict[str, list[ImageLabel]] = {side: [] for side in PURPOSES}
    for image in images:
        sides[side_of(groups[image.uri], loop.splits.fractions)].append(image)
    return sides


def numbers(images: list[ImageLabel], all_images: list[ImageLabel], noun: str) -> dict[str, Any]:
    return {
        "images": len(images),
        noun: sum(len(image.names) for image in images),
        "share": round(len(images) / max(len(all_images), 1), 3),
    }
