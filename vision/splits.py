"""Which side an image is on: decided by a hash of its group, so that it never changes by itself."""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from vision.likeness import Album

# In this order along the line from 0 to 1: while the share of test stays, its images stay.
SIDES = ("test", "validation", "train")


def side_of(group: str, fractions: Mapping[str, float]) -> str:
    """Return "train", "validation" or "test" for a group of images that belong together.

    Depends on the name of the group alone, not on the other images. More validation takes from train and
    leaves test as it was; more test takes from validation, which takes from train. Raises ValueError when the
    shares make no whole.
    """
    unknown = sorted(set(fractions) - set(SIDES))
    if unknown:
        raise ValueError(f"unknown sides {unknown}; there are train, validation and test")
    if any(share < 0 for share in fractions.values()) or not math.isclose(sum(fractions.values()), 1):
        raise ValueError(f"the shares of the sides must be positive and add up to 1: {dict(fractions)}")
    position = int.from_bytes(hashlib.sha256(group.encode()).digest()[:8], "big") / 2**64
    end = 0.0
    for side in SIDES:
        end += fractions.get(side, 0)
        if position < end:
            return side
    return [side for side in SIDES if fractions.get(side)][-1]  # the shares add up to 1 but for rounding


def group_of(uri: str, pattern: str | None = None) -> str:
    """What an image must stay together with: the part of its URI that ``pattern`` names.

    ``pattern`` is a regular expression, searched in the URI; its first parenthesis (or all of it) is the
    group, as ``/(pack-[0-9]+)_`` for several photographs of one pack. Images that it does not match, and all
    images without a pattern, are groups of their own.
    """
    match = re.search(pattern, uri) if pattern else None
    if not match:
        return uri
    return (match.group(1) if match.re.groups else match.group(0)) or uri


def sides_of(
    groups: Mapping[str, str], fractions: Mapping[str, float], frozen: Collection[str] | None = None
) -> dict[str, str | None]:
    """The side of each image, which are given with their groups.

    ``frozen`` are the images of a test split that stays as it is. What would be new on test, and the rest of
    the groups of the frozen images, is on no side then: a model that learned from it could never be measured
    on the test split again once that thaws.
    """
    if frozen is None:
        return {uri: side_of(group, fractions) for uri, group in groups.items()}
    tested = {groups[uri] for uri in frozen}
    sides: dict[str, str | None] = {}
    for uri, group in groups.items():
        side = None if group in tested else side_of(group, fractions)
        sides[uri] = "test" if uri in frozen else None if side == "test" else side
    return sides


def strata(sides: Mapping[str, Iterable[Iterable[str]]], labels: Iterable[str]) -> list[dict[str, str | int]]:
    """How many objects of each label every side has; ``sides`` have the labels of each image's objects."""
    counts = {side: Counter(name for names in images for name in names) for side, images in sides.items()}
    return [{"label": label} | {side: counts[side][label] for side in counts} for label in labels]


class Picture(NamedTuple):
    """Content, known by the ETag of its bytes, with its group and, unless too plain, its fingerprint."""

    etag: str
    group: str
    difference_hash: str | None


def group_pictures(
    pictures: Iterable[tuple[str, str | None]], known: Iterable[Picture] = ()
) -> list[Picture]:
    """Give the pictures, as (ETag, fingerprint), that are not ``known`` yet a group for good.

    Pictures that look alike are one group, which has its name from the first. One that is alike to pictures
    of several groups joins the most alike, and the groups stay as they are: nothing ever changes sides.
    """
    known = list(known)
    seen = {picture.etag for picture in known}
    album = Album((each.group, each.difference_hash) for each in known if each.difference_hash)
    new = []
    for etag, fingerprint in sorted(dict(pictures).items()):  # an order that has nothing to do with keys
        if etag in seen:
            continue
        if fingerprint is None:
            group = f"content-{etag}"
        else:
            alike = album.alike(fingerprint)
            group = alike[0][1] if alike else f"picture-{fingerprint}"
            album.add(group, fingerprint)
        seen.add(etag)
        new.append(Picture(etag, group, fingerprint))
    return new
