"""What all listings share: prefixes, delimiters, pages."""

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from sqlite3 import Row
from urllib.parse import quote

from .errors import invalid_argument
from .messages import Request, Response

MOST_LISTED = 1000
LAST = chr(0x10FFFF)
# Keys are ordered by code point: S3's order, and SQLite's, which compares UTF-8. This is longer than any key.
END = LAST * 257


class Group(str):
    """A common prefix: what keys share up to the first delimiter behind the asked prefix."""


@dataclass(frozen=True)
class Page:
    """A stretch of a listing: its rows, its groups, and the first entry behind it (None at the end)."""

    rows: list[Row]
    groups: list[Group]
    last: Row | Group | None
    following: Row | Group | None


class Asked:
    """What a request wants listed, and how."""

    def __init__(self, request: Request, limit: str):
        """``limit`` is the parameter that bounds a page. Raises InvalidArgument."""
        self.bucket = request.bucket
        self.prefix = request.query.get("prefix", "")
        self.delimiter = request.query.get("delimiter", "")
        self.encoding = request.query.get("encoding-type") or None
        if self.encoding not in (None, "url"):
            raise invalid_argument(
                "encoding-type", self.encoding, "Invalid Encoding Method specified in Request"
            )
        self._limit = limit
        self._most = request.number(limit, MOST_LISTED, MOST_LISTED)

    def page(self, rows_between: Callable[[str, str], Iterable[Row]], start: str) -> Page:
        """``rows_between(first, end)`` yields rows by key from first to before end. ``start`` bounds all."""
        end = successor(self.prefix)
        entries = walk(
            lambda key: rows_between(key, end), self.prefix, self.delimiter, max(start, self.prefix)
        )
        found = list(islice(entries, self._most + 1 if self._most else 0))
        following = found.pop() if len(found) > self._most else None
        groups = [entry for entry in found if isinstance(entry, Group)]
        rows = [entry for entry in found if not isinstance(entry, Group)]
        return Page(rows, groups, found[-1] if found else None, following)

    def behind(self, marker: str) -> str:
        """Where to go on behind a marker, which may be the group that the page before ended with."""
        cut = marker.find(self.delimiter, len(self.prefix)) if self.delimiter else -1
        if cut >= 0 and cut + len(self.delimiter) == len(marker) and marker.startswith(self.prefix):
            return successor(marker)
        return just_behind(marker) if marker else ""

    def encode(self, text: str | None) -> str | None:
        return quote(text) if self.encoding and text is not None else text

    def answer(
        self, root: str, page: Page, result: Mapping[str, object], bucket_as: str = "Name"
    ) -> Response:
        maximum = "MaxUploads" if self._limit == "max-uploads" else "MaxKeys"
        common = {
            bucket_as: self.bucket,
            "Prefix": self.encode(self.prefix),
            "Delimiter": self.encode(self.delimiter) or None,
            maximum: self._most,
            "EncodingType": self.encoding,
            "IsTruncated": page.following is not None,
            "CommonPrefixes": [{"Prefix": self.encode(group)} for group in page.groups],
        }
        return Response.document(root, common | dict(result))


def walk(
    rows_from: Callable[[str], Iterable[Row]], prefix: str, delimiter: str, start: str
) -> Iterator[Row | Group]:
    """Rows in the order of their keys; in place of those that share a group the group, at one seek each."""
    while True:
        for row in rows_from(start):
            cut = row["key"].find(delimiter, len(prefix)) if delimiter else -1
            if cut >= 0:
                group = Group(row["key"][: cut + len(delimiter)])
                yield group
                start = successor(group)
                break
            yield row
        else:
            return


def successor(prefix: str) -> str:
    """The first string that sorts behind all strings with this prefix."""
    stem = prefix.rstrip(LAST)
    if not stem:
        return END
    following = ord(stem[-1]) + 1
    return stem[:-1] + chr(0xE000 if following == 0xD800 else following)  # there are no surrogates in UTF-8


def just_behind(key: str) -> str:
    """The first string that sorts behind this one."""
    return key + "\0"


def key_of(entry: Row | Group) -> str:
    return entry if isinstance(entry, Group) else entry["key"]


def to_token(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def from_token(token: str) -> str:
    """Raises InvalidArgument."""
    try:
        return base64.b64decode(token, altchars="-_", validate=True).decode()
    except (binascii.Error, ValueError):
        message = "The continuation token provided is incorrect"
        raise invalid_argument("continuation-token", token, message) from None
