"""Objects and their versions in the index."""

import json
import secrets
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from .blobs import Piece
from .errors import S3Error, no_such_bucket, no_such_key, no_such_version
from .storage import Change

UNVERSIONED = "null"  # the version id of objects that were put while the bucket kept no versions

Connection = sqlite3.Connection | Change


@dataclass(frozen=True, slots=True)
class Content:
    """What an object is, apart from its name."""

    size: int
    etag: str
    pieces: Sequence[Piece]
    headers: dict[str, str] = field(default_factory=dict)  # as given at its PUT, to be given back
    tags: dict[str, str] = field(default_factory=dict)
    checksums: dict[str, str] = field(default_factory=dict)  # algorithm -> base64


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object; a delete marker has no content."""

    key: str
    sequence: int
    id: str
    modified: float
    content: Content | None

    @property
    def headers(self) -> dict[str, str]:
        """Those that name this version in a response."""
        return {} if self.id == UNVERSIONED else {"x-amz-version-id": self.id}


@dataclass(frozen=True, slots=True)
class Removed:
    """What a deletion did. ``version`` is None in a bucket that keeps no versions."""

    version: str | None
    marker: bool  # a delete marker was made, or removed


def pieces_of(row: sqlite3.Row) -> list[Piece]:
    return [Piece(*piece) for piece in json.loads(row["pieces"])]


def _version(row: sqlite3.Row) -> Version:
    content = None
    if not row["marker"]:
        content = Content(
            row["size"],
            row["etag"],
            pieces_of(row),
            json.loads(row["headers"]),
            json.loads(row["tags"]),
            json.loads(row["checksums"]),
        )
    return Version(row["key"], row["sequence"], row["version"], row["modified"], content)


def find_bucket(connection: Connection, name: str) -> sqlite3.Row:
    """The bucket's row. Raises NoSuchBucket."""
    row = connection.execute("SELECT * FROM bucket WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise no_such_bucket(name)
    return row


def latest(connection: Connection, bucket: str, key: str) -> Version | None:
    """The newest version, None if there is none or if it is a delete marker."""
    row = connection.execute(
        "SELECT * FROM object WHERE bucket = ? AND key = ? ORDER BY sequence DESC LIMIT 1", (bucket, key)
    ).fetchone()
    return None if row is None or row["marker"] else _version(row)


def find(connection: Connection, bucket: str, key: str, version: str | None = None) -> Version:
    """A version with content. Raises NoSuchBucket, NoSuchKey, NoSuchVersion, MethodNotAllowed (a marker)."""
    row = connection.execute(
        "SELECT * FROM object WHERE bucket = ? AND key = ? AND (? IS NULL OR version = ?) "
        "ORDER BY sequence DESC LIMIT 1",
        (bucket, key, version, version),
    ).fetchone()
    if row is None:
        find_bucket(connection, bucket)
        raise no_such_key(key) if version is None else no_such_version(key, version)
    found = _version(row)
    if found.content is None:
        headers = found.headers | {"x-amz-delete-marker": "true"}
        if version is None:
            raise no_such_key(key, headers)
        message = "The specified method is not allowed against this resource."
        raise S3Error("MethodNotAllowed", message, 405, headers | {"allow": "DELETE"}, Method="GET")
    return found


def append(change: Change, bucket: sqlite3.Row, key: str, content: Content | None) -> Version:
    """Make ``content``, or a delete marker, the latest version. Its pieces must be held already."""
    name = bucket["name"]
    version = secrets.token_hex(16) if bucket["versioning"] == "Enabled" else UNVERSIONED
    newest = change.execute(
        "SELECT sequence FROM object WHERE bucket = ? AND key = ? ORDER BY sequence DESC LIMIT 1", (name, key)
    ).fetchone()
    sequence, modified = newest["sequence"] + 1 if newest else 1, time.time()
    if newest:
        if version == UNVERSIONED:
            _erase(change, name, key, UNVERSIONED)
        change.execute("UPDATE object SET latest = 0 WHERE bucket = ? AND key = ? AND latest", (name, key))
    stored = content or Content(0, "", [])
    documents = (json.dumps(part) for part in (stored.headers, stored.tags, stored.checksums, stored.pieces))
    change.execute(
        "INSERT INTO object VALUES(?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)",
        (name, key, sequence, version, content is None, stored.size, stored.etag, modified, *documents),
    )
    return Version(key, sequence, version, modified, content)


def remove(change: Change, bucket: sqlite3.Row, key: str, version: str | None) -> Removed:
    """Delete one version for good; without ``version`` the object, in the way of its bucket's versioning."""
    if version is None:
        if bucket["versioning"]:
            return Removed(append(change, bucket, key, None).id, marker=True)
        _erase(change, bucket["name"], key, UNVERSIONED)
        return Removed(None, marker=False)
    was_marker = _erase(change, bucket["name"], key, version)
    change.execute(
        "UPDATE object SET latest = 1 WHERE bucket = ? AND key = ? AND sequence = "
        "(SELECT max(sequence) FROM object WHERE bucket = ? AND key = ?)",
        (bucket["name"], key, bucket["name"], key),
    )
    return Removed(version, was_marker)


def replace_tags(change: Change, bucket: str, version: Version, tags: dict[str, str]) -> None:
    change.execute(
        "UPDATE object SET tags = ? WHERE bucket = ? AND key = ? AND sequence = ?",
        (json.dumps(tags), bucket, version.key, version.sequence),
    )


def _erase(change: Change, bucket: str, key: str, version: str) -> bool:
    """Delete a row and let go of its bytes; says whether it was a delete marker."""
    row = change.execute(
        "DELETE FROM object WHERE bucket = ? AND key = ? AND version = ? RETURNING marker, pieces",
        (bucket, key, version),
    ).fetchone()
    if row is None:
        return False
    change.release(pieces_of(row))
    return bool(row["marker"])
