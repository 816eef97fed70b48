"""Multipart uploads and their parts in the index."""

import json
import secrets
import time
from dataclasses import dataclass

from .blobs import Piece
from .errors import no_such_upload
from .storage import Change
from .versions import Connection, pieces_of

REMEMBERED = 86_400  # seconds for which the outcome of a completed upload can be asked again


@dataclass(frozen=True, slots=True)
class Upload:
    id: str
    bucket: str
    key: str
    started: float
    algorithm: str | None  # of the checksums that its parts carry
    type: str | None  # COMPOSITE or FULL_OBJECT
    headers: dict[str, str]
    tags: dict[str, str]
    outcome: dict | None = None  # once completed: what was answered


@dataclass(frozen=True, slots=True)
class Part:
    number: int
    size: int
    etag: str
    modified: float
    checksums: dict[str, str]
    pieces: list[Piece]


def start(
    change: Change,
    bucket: str,
    key: str,
    algorithm: str | None,
    kind: str | None,
    headers: dict[str, str],
    tags: dict[str, str],
) -> Upload:
    upload = Upload(secrets.token_hex(32), bucket, key, time.time(), algorithm, kind, headers, tags)
    change.execute(
        "INSERT INTO upload VALUES(?, ?, ?, ?, ?, ?, ?, ?, NULL)",
        (upload.id, bucket, key, upload.started, algorithm, kind, json.dumps(headers), json.dumps(tags)),
    )
    return upload


def find(connection: Connection, bucket: str, key: str, upload_id: str, completed: bool = False) -> Upload:
    """Raises NoSuchUpload; for one that is completed too, unless ``completed``."""
    row = connection.execute(
        "SELECT * FROM upload WHERE id = ? AND bucket = ? AND key = ?", (upload_id, bucket, key)
    ).fetchone()
    if row is None or (row["outcome"] and not completed):
        raise no_such_upload(upload_id)
    return Upload(
        row["id"],
        row["bucket"],
        row["key"],
        row["started"],
        row["algorithm"],
        row["type"],
        json.loads(row["headers"]),
        json.loads(row["tags"]),
        json.loads(row["outcome"]) if row["outcome"] else None,
    )


def put_part(change: Change, upload: Upload, part: Part) -> None:
    """Add a part, or replace the one of the same number."""
    change.hold(part.pieces)
    _drop_parts(change, "upload = ? AND number = ?", upload.id, part.number)
    change.execute(
        "INSERT INTO part VALUES(?, ?, ?, ?, ?, ?, ?)",
        (
            upload.id,
            part.number,
            part.size,
            part.etag,
            part.modified,
            json.dumps(part.checksums),
            json.dumps(part.pieces),
        ),
    )


def parts_of(connection: Connection, upload: Upload, after: int = 0) -> list[Part]:
    rows = connection.execute(
        "SELECT * FROM part WHERE upload = ? AND number > ? ORDER BY number", (upload.id, after)
    )
    return [
        Part(
            row["number"],
            row["size"],
            row["etag"],
            row["modified"],
            json.loads(row["checksums"]),
            pieces_of(row),
        )
        for row in rows
    ]


def complete(change: Change, upload: Upload, outcome: dict) -> None:
    """Let go of the parts; what the object uses of them it holds itself. The outcome stays for a day."""
    _drop_parts(change, "upload = ?", upload.id)
    change.execute("UPDATE upload SET outcome = ? WHERE id = ?", (json.dumps(outcome), upload.id))


def forget(change: Change, upload_id: str) -> None:
    _drop_parts(change, "upload = ?", upload_id)
    change.execute("DELETE FROM upload WHERE id = ?", (upload_id,))


def forget_old_outcomes(change: Change) -> None:
    change.execute(
        "DELETE FROM upload WHERE outcome IS NOT NULL AND started < ?", (time.time() - REMEMBERED,)
    )


def _drop_parts(change: Change, condition: str, *values: object) -> None:
    for row in change.execute(f"DELETE FROM part WHERE {condition} RETURNING pieces", values).fetchall():
        change.release(pieces_of(row))
