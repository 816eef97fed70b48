"""Where an image's bytes lie now. A label belongs to the bytes that the workers saw, under whatever key."""

from collections.abc import Iterable, Mapping
from typing import Any

Places = Mapping[str, list[str]]  # the URIs that have this content, by ETag


def places(images: Iterable[Mapping[str, Any]]) -> Places:
    """Of the images as ``raw_images`` lists them."""
    found: dict[str, list[str]] = {}
    for image in images:
        found.setdefault(image["etag"], []).append(image["uri"])
    return found


def place_of(where: Places, uri: str, etag: str) -> str | None:
    """``uri`` if it still has the content, else the first image that has it; None when it is gone."""
    uris = where.get(etag, [])
    return uri if uri in uris else next(iter(uris), None)
