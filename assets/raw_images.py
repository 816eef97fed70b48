"""The images as they lie in S3."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import dagster as dg

from assets.picture_groups import group_new_images
from assets.records import OWNERS, publish, record_uri
from assets.tables import table
from resources.loop import Loop
from resources.object_store import ObjectStore, StoredObject
from vision.images import MAX_BYTES, ImageProblem, inspect_image, limit_problems

ROWS_SHOWN = 50


CHECKS = {
    "files_are_images": "Warns of files that Ground Truth could not show to a worker; they are left out.",
    "images_are_upright": "Warns of images that EXIF turns: workers and models see the stored pixels, so "
    "these lie on their sides or stand on their heads. Turn the pixels themselves before they are labeled.",
}


@dg.asset(
    check_specs=[
        dg.AssetCheckSpec(name, asset="raw_images", description=text) for name, text in CHECKS.items()
    ],
    group_name="images",
    kinds={"s3", "python"},
    owners=OWNERS,
    code_version="1",
)
def raw_images(loop: dg.ResourceParam[Loop], store: ObjectStore) -> dg.MaterializeResult:
    """Every usable image under the loop's prefix in S3: key, version, size in pixels and EXIF orientation.

    Each image is read to its last pixel once, and again only when its bytes change. Images that look alike
    become a group, which `train_split`, `validation_split` and `test_split` never tear apart.

    Files that Ground Truth could not show to a worker (empty, cut off, no JPEG or PNG, over its limits) are
    listed as rejected with the reason; the others go on.
    """
    try:
        previous = store.read_json(record_uri(loop, "raw_images"))
    except FileNotFoundError:
        previous = {"images": [], "rejected": []}
    known = {(row["uri"], row["etag"]): row for row in previous["images"] + previous["rejected"]}
    found = list_images(store, loop)
    rows = list(describe_images(store, found, known))
    record = {
        "images": [row for row in rows if "reason" not in row],
        "rejected": [row for row in rows if "reason" in row],
    }
    rejected_uri = loop.uri("rejected.json")
    if not known or record["rejected"] != previous["rejected"]:
        store.write_json(rejected_uri, record["rejected"])
    if not record["images"]:
        raise dg.Failure(nothing_to_label(loop, record["rejected"]), allow_retries=False)
    groups = group_new_images(store, loop, record["images"])
    return publish(
        store,
        loop,
        "raw_images",
        record,
        metadata=numbers(record)
        | {
            "near_duplicates": len(groups) - len(set(groups.values())),
            "images_read_now": sum((stored.uri, stored.etag) not in known for stored in found),
            "rejected_uri": rejected_uri,
        },
        check_results=checks(record),
    )


def list_images(store: ObjectStore, loop: Loop) -> list[StoredObject]:
    """Without what the S3 console makes of a folder."""
    return [stored for stored in store.list(loop.images_uri) if not stored.key.endswith("/")]


def describe_images(
    store: ObjectStore, found: Iterable[StoredObject], known: dict[tuple[str, str], dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """A row per object, in the same order: what is known of this version of it, or what reading it tells."""

    def describe(stored: StoredObject) -> dict[str, Any]:
        return known.get((stored.uri, stored.etag)) or describe_image(store, stored)

    with ThreadPoolExecutor(max_workers=8) as readers:
        yield from readers.map(describe, found)


def describe_image(store: ObjectStore, stored: StoredObject) -> dict[str, Any]:
    """``{"uri", "etag"}`` and what ImageFacts has, or ``"reason"``."""
    row = {"uri": stored.uri, "etag": stored.etag}
    if stored.size > MAX_BYTES:
        return row | {"reason": f"{stored.size:,} bytes; Ground Truth takes at most {MAX_BYTES:,}"}
    try:
        facts = inspect_image(store.read(stored.uri))
    except ImageProblem as problem:
        return row | {"reason": str(problem)}
    except FileNotFoundError:
        return row | {"reason": "deleted while the images were listed"}
    problems = limit_problems(facts)
    return row | ({"reason": "; ".join(problems)} if problems else asdict(facts))


def nothing_to_label(loop: Loop, rejected: list[dict[str, Any]]) -> str:
    if not rejected:
        return (
            f"There is no object under {loop.images_uri} (bucket {loop.bucket}): upload images there, "
            "or correct `bucket` and `images` in the loop's file."
        )
    first = "; ".join(f"{row['uri']}: {row['reason']}" for row in rejected[:3])
    return f"No object under {loop.images_uri} is a usable image ({len(rejected)} rejected). {first}"


def numbers(record: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    images, rejected = record["images"], record["rejected"]
    return {
        "images": len(images),
        "rejected": len(rejected),
        "megabytes": round(sum(row["bytes"] for row in images) / 1e6, 1),
        # Boxes are drawn on the stored pixels, so these look turned to the workers.
        "turned_by_exif": sum(row["orientation"] != 1 for row in images),
        "rejected_images": table(
            {"image": "string", "reason": "string"},
            ({"image": row["uri"], "reason": row["reason"]} for row in rejected[:ROWS_SHOWN]),
        ),
    }


def checks(record: dict[str, list[dict[str, Any]]]) -> list[dg.AssetCheckResult]:
    rejected = [f"{row['uri']}: {row['reason']}" for row in record["rejected"]]
    turned = [f"{row['uri']}: {row['orientation']}" for row in record["images"] if row["orientation"] != 1]
    return [
        dg.AssetCheckResult(
            check_name=name,
            passed=not examples,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={what: len(examples), "examples": examples[:ROWS_SHOWN]},
        )
        for name, what, examples in (
            ("files_are_images", "rejected", rejected),
            ("images_are_upright", "turned_by_exif", turned),
        )
    ]
