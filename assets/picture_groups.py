"""Which images look alike and must stay on one side: decided when an image is first seen, and kept for good.

The record knows images by the ETag of their bytes, so a renamed image stays where it was, and forgets none:
one that comes back, or another that looks like it, joins its old group.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from assets.records import record_uri
from resources.loop import Loop
from resources.object_store import ObjectStore
from vision.splits import Picture, group_pictures

RECORD = "picture_groups"


def read_pictures(store: ObjectStore, loop: Loop) -> list[Picture]:
    """Every picture that was ever seen, in the order in which they came."""
    try:
        return [Picture(*row) for row in store.read_json(record_uri(loop, RECORD))]
    except FileNotFoundError:
        return []


def read_groups(store: ObjectStore, loop: Loop) -> dict[str, str]:
    """The group of each ETag."""
    return {picture.etag: picture.group for picture in read_pictures(store, loop)}


def read_fingerprints(store: ObjectStore, loop: Loop) -> dict[str, str]:
    """By ETag, of the pictures that are not too plain to have one."""
    pictures = read_pictures(store, loop)
    return {each.etag: each.difference_hash for each in pictures if each.difference_hash}


def group_new_images(store: ObjectStore, loop: Loop, images: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Give the images that `raw_images` lists for the first time their groups; returns those of all it lists.

    Images that were indexed before there were fingerprints stay groups of their own, named by their URIs as
    they were then: no image changes sides for a new version of this program.
    """
    pictures, images = read_pictures(store, loop), list(images)
    seen = {picture.etag for picture in pictures}
    new = [image for image in images if image["etag"] not in seen]
    if new:
        pictures += [Picture(row["etag"], row["uri"], None) for row in new if "difference_hash" not in row]
        pictures += group_pictures(
            ((row["etag"], row["difference_hash"]) for row in new if "difference_hash" in row), pictures
        )
        store.write_json(record_uri(loop, RECORD), pictures)
    groups = {picture.etag: picture.group for picture in pictures}
    return {image["etag"]: groups[image["etag"]] for image in images}
