"""Contact sheets for the pages of assets."""

from collections.abc import Iterable, Sequence

import dagster as dg

from resources.loop import Loop
from resources.object_store import ObjectStore
from vision.boxes import Box
from vision.pictures import contact_sheet, markdown_picture

PICTURES = 9


def contact_sheet_of(
    store: ObjectStore, loop: Loop, boxes: Iterable[tuple[str, Sequence[Box]]], title: str
) -> dg.MetadataValue:
    """The first images with their boxes; ``boxes`` gives (URI, boxes on it)."""
    shown = list(boxes)[:PICTURES]
    if not shown:
        return dg.MetadataValue.md(f"{title}: none")
    items = [(store.read(uri), drawn, uri.removeprefix(loop.images_uri)) for uri, drawn in shown]
    return dg.MetadataValue.md(markdown_picture(contact_sheet(items, labels=loop.labels), title))
