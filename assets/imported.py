"""Batches that came with their labels: nobody is asked about them.

Beside the members of such a batch lies the manifest that a labeling job would have put out, and the batch
goes on from there like any other.
"""

from collections.abc import Sequence
from dataclasses import replace

from assets.batches import Member, identity, members_uri
from assets.training_manifest import training_manifest
from resources.loop import Loop
from resources.names import content_hash, sha256
from resources.object_store import ObjectStore
from vision.manifest import LabeledImage

IMPORTED = "imported"


def is_imported(batch: str) -> bool:
    return batch.startswith(f"{IMPORTED}-")


def imported_uri(loop: Loop, batch: str) -> str:
    return loop.uri(f"batches/{batch}/{IMPORTED}.manifest")


def imported_key(loop: Loop, members: Sequence[Member], images: Sequence[LabeledImage]) -> str:
    """Named by images and labels: the same again is the same batch, a corrected label makes another."""
    body = training_manifest(loop, images)
    return f"{IMPORTED}-{content_hash([sorted(map(identity, members)), sha256(body)])[:12]}"


def open_imported(
    store: ObjectStore,
    loop: Loop,
    batch: str,
    members: Sequence[Member],
    images: Sequence[LabeledImage],
    *,
    source: str,
    created: str,
) -> None:
    """Fix the members and the labels of a batch; those of one that is there already stay.

    ``source`` and ``created`` (UTC, ISO 8601) are kept with every label as where it is from.
    """
    if store.exists(members_uri(loop, batch)):
        return
    noted = [replace(image, job=f"{IMPORTED}/{source}", created=created) for image in images]
    store.write(imported_uri(loop, batch), training_manifest(loop, noted))
    store.write_json(members_uri(loop, batch), list(members))
