"""Contact sheets for the pages of assets."""

from collections.abc import Iterable, Sequence
from itertools import islice

import dagster as dg

from resources.loop import Loop
from resources.object_store import ObjectStore
from vision.boxes import Box
from vision.manifest import ImageLabel
from vision.masks import Mask, read_mask
from vision.pictures import contact_sheet, markdown_picture

PICTURES = 9


def contact_sheet_of(
    store: ObjectStore, loop: Loop, boxes: Iterable[tuple[str, Sequence[Box]]], title: str
) -> dg.MetadataValue:
    """The first images with their boxes; ``boxes`` gives (URI, boxes on it)."""
    items = [(store.read(uri), drawn, _key(loop, uri)) for uri, drawn in islice(boxes, PICTURES)]
    return _sheet(items, loop.labels, title)


def contact_sheet_of_labels(
    store: ObjectStore, loop: Loop, images: Sequence[ImageLabel], title: str
) -> dg.MetadataValue:
    """The first images with what the workers drew, or with what they chose in the caption."""
    shown = images[:PICTURES]
    if loop.label_form == "bounding_box":
        return contact_sheet_of(store, loop, ((image.uri, image.boxes) for image in shown), title)
    if loop.label_form == "semantic_segmentation":
        return mask_sheet(store, loop, [(image.uri, image.mask_uri) for image in shown], loop.labels, title)
    items = [(store.read(image.uri), [], f"{image.name} · {_key(loop, image.uri)}") for image in shown]
    return _sheet(items, [], title)


def mask_sheet(
    store: ObjectStore, loop: Loop, masks: Iterable[tuple[str, str]], labels: Sequence[str], title: str
) -> dg.MetadataValue:
    """All given images with their masks; ``masks`` gives the URIs of both, ``labels`` what pixels mean."""
    items = [
        (store.read(image), read_mask(store.read(mask), labels), _key(loop, image)) for image, mask in masks
    ]
    return _sheet(items, labels, title)


def _sheet(
    items: Sequence[tuple[bytes, Sequence[Box] | Mask, str]], labels: Sequence[str], title: str
) -> dg.MetadataValue:
    if not items:
        return dg.MetadataValue.md(f"{title}: none")
    return dg.MetadataValue.md(markdown_picture(contact_sheet(items, labels=labels), title))


def _key(loop: Loop, uri: str) -> str:
    return uri.removeprefix(loop.images_uri)
