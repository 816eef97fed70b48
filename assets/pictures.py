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
        masks = (read_mask(store.read(image.mask_uri), loop.labels) for image in shown)
        items = [
            (store.read(image.uri), mask, _key(loop, image.uri))
            for image, mask in zip(shown, masks, strict=True)
        ]
        return _sheet(items, loop.labels, title)
    items = [(store.read(image.uri), [], f"{image.name} · {_key(loop, image.uri)}") for image in shown]
    return _sheet(items, [], title)


def _sheet(
    items: Sequence[tuple[bytes, Sequence[Box] | Mask, str]], labels: Sequence[str], title: str
) -> dg.MetadataValue:
    if not items:
        return dg.MetadataValue.md(f"{title}: none")
    return dg.MetadataValue.md(markdown_picture(contact_sheet(items, labels=labels), title))


def _key(loop: Loop, uri: str) -> str:
    return uri.removeprefix(loop.images_uri)
