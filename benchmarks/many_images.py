"""A loop that has many images already: all uploaded, indexed, labeled in batches of 1,000 and split."""

import hashlib
import io
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image

from assets.batches import open_batch, write_left
from assets.records import publish, record_uri
from localaws.services.s3 import versions
from localaws.services.s3.blobs import Piece
from localaws.services.s3.storage import Storage
from resources.loop import Loop
from resources.names import sha256
from resources.object_store import ObjectStore
from vision.boxes import Box
from vision.images import inspect_image
from vision.manifest import LabeledImage, augmented_manifest

BATCH = 1_000
WIDTH, HEIGHT = 27, 24  # pixels


def picture(seed: int) -> bytes:
    """A PNG that looks like no other."""
    file = io.BytesIO()
    pixels = Random(seed).randbytes(WIDTH * HEIGHT // 9)
    small = Image.frombytes("L", (WIDTH // 3, HEIGHT // 3), pixels)
    small.resize((WIDTH, HEIGHT), Image.Resampling.NEAREST).save(file, "PNG")
    return file.getvalue()


def put_images(stand_in: Path, loop: Loop, number: int) -> list[dict[str, Any]]:
    """Put images into the storage of a stand-in that does not run, as its PutObject does but many in one
    transaction; returns the rows that `raw_images` has of them.
    """
    storage, rows = Storage(stand_in / "s3"), []

    def write(index: int) -> tuple[str, bytes, str]:
        body, blob = picture(index), storage.blobs.create()
        blob.write(body)
        blob.finish()
        return f"{loop.images}old-{index:06}.png", body, blob.name

    with storage.change() as change, ThreadPoolExecutor(32) as writers:  # they wait for the disk
        change.execute("INSERT INTO bucket VALUES(?, ?, NULL)", (loop.bucket, time.time()))
        bucket = versions.find_bucket(change, loop.bucket)
        for key, body, blob in writers.map(write, range(number)):
            etag, pieces = hashlib.md5(body).hexdigest(), [Piece(blob, 0, len(body))]
            change.hold(pieces)
            versions.append(change, bucket, key, versions.Content(len(body), etag, pieces))
            rows.append({"uri": f"s3://{loop.bucket}/{key}", "etag": etag} | asdict(inspect_image(body)))
    return rows


def write_history(store: ObjectStore, loop: Loop, rows: list[dict[str, Any]]) -> None:
    """What the loop has noted of these images: the index, and the batches with their labels."""
    store.ensure_bucket(loop.bucket)
    store.write_json(record_uri(loop, "raw_images"), {"images": rows, "rejected": []})
    for start in range(0, len(rows), BATCH):
        members = [{"uri": row["uri"], "etag": row["etag"]} for row in rows[start : start + BATCH]]
        label(store, loop, open_batch(store, loop, members), members)


def label(store: ObjectStore, loop: Loop, batch: str, members: Iterable[dict[str, Any]]) -> None:
    """The batch as `labeled_manifest` leaves it when the workers have drawn a box on each image."""
    members = list(members)
    images = [
        LabeledImage(row["uri"], WIDTH, HEIGHT, 1, (Box(name, 2, 2, 9, 9, 0.9),), job="job")
        for row, name in zip(members, _in_turns(loop.labels), strict=False)
    ]
    body = augmented_manifest(images, loop.label_attribute, loop.labels)
    record = {
        "manifest": store.write(loop.uri(f"labeled/{batch}.manifest"), body),
        "sha256": sha256(body),
        "job": "job",
        "etags": {row["uri"]: row["etag"] for row in members},
    }
    write_left(store, loop, batch, [])
    publish(store, loop, "labeled_manifest", record, batch=batch, metadata={})


def _in_turns(labels: list[str]) -> Iterator[str]:
    while True:
        yield from labels
