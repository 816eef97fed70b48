"""Documents by kind and name in one SQLite file: what the stand-in's control planes remember."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS document (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    created REAL NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS document_created ON document (kind, created);
"""


class Taken(Exception):
    """A document of this kind and name exists already."""


class Store:
    """JSON documents by (kind, name). What a method has returned from is on disk (WAL, synchronous FULL).

    Threads may share a store: each has a connection of its own, writers take turns, readers never wait.
    Rooms may keep tables of their own beside the documents, through ``connection`` and ``transaction``.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._local = threading.local()
        self._writing = threading.RLock()
        self.connection.executescript(SCHEMA)

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, in autocommit mode: for reading, and for a room's schema at start."""
        if not hasattr(self._local, "connection"):
            self._local.connection = sqlite3.connect(self.path, isolation_level=None, timeout=30)
            self._local.connection.execute("PRAGMA synchronous = FULL")
        return self._local.connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, one writer at a time; a transaction inside a transaction is part of it."""
        with self._writing:
            connection = self.connection
            if connection.in_transaction:
                yield connection
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # A full disk has rolled back already, and a second ROLLBACK would hide the first error.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def add(self, kind: str, name: str, document: dict) -> None:
        """Raises Taken where the name is in use: two callers can never both create it."""
        try:
            with self.transaction() as connection:
                connection.execute(
                    "INSERT INTO document VALUES (?, ?, ?, ?)", (kind, name, time.time(), _encode(document))
                )
        except sqlite3.IntegrityError:
            raise Taken(f"{kind} {name} exists already") from None

    def find(self, kind: str, name: str) -> dict | None:
        row = self.connection.execute(
            "SELECT body FROM document WHERE kind = ? AND name = ?", (kind, name)
        ).fetchone()
        return json.loads(row[0]) if row else None

    def update(self, kind: str, name: str, **changes) -> dict:
        """Merge top-level keys and return the whole document; KeyError where there is none."""
        with self.transaction():
            document = self.find(kind, name)
            if document is None:
                raise KeyError(f"there is no {kind} {name}")
            document |= changes
            self._write(kind, name, document)
            return self.find(kind, name)

    def update_if(self, kind: str, name: str, expected: dict, **changes) -> bool:
        """Merge ``changes`` only while every top-level key of ``expected`` still has that value."""
        with self.transaction():
            document = self.find(kind, name)
            if document is None or any(document.get(key) != value for key, value in expected.items()):
                return False
            self._write(kind, name, document | changes)
            return True

    def replace(self, kind: str, name: str, document: dict) -> None:
        """Write the whole document, whether or not there was one; its time of creation stays."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO document VALUES (?, ?, ?, ?) "
                "ON CONFLICT (kind, name) DO UPDATE SET body = excluded.body",
                (kind, name, time.time(), _encode(document)),
            )

    def delete(self, kind: str, name: str) -> bool:
        """True where there was one."""
        with self.transaction() as connection:
            cursor = connection.execute("DELETE FROM document WHERE kind = ? AND name = ?", (kind, name))
            return cursor.rowcount > 0

    def all(self, kind: str, prefix: str = "") -> list[dict]:
        """Documents whose name starts with ``prefix``, by name."""
        # Not LIKE: names may hold its wildcards. "\U0010ffff" sorts behind every character.
        rows = self.connection.execute(
            "SELECT body FROM document WHERE kind = ? AND name >= ? AND name < ? ORDER BY name",
            (kind, prefix, prefix + "\U0010ffff"),
        )
        return [json.loads(body) for (body,) in rows]

    def newest(self, kind: str) -> list[dict]:
        """All documents of a kind, the last created first."""
        rows = self.connection.execute(
            "SELECT body FROM document WHERE kind = ? ORDER BY created DESC, name DESC", (kind,)
        )
        return [json.loads(body) for (body,) in rows]

    def _write(self, kind: str, name: str, document: dict) -> None:
        self.connection.execute(
            "UPDATE document SET body = ? WHERE kind = ? AND name = ?", (_encode(document), kind, name)
        )


def _encode(document: dict) -> str:
    """Moments are kept as seconds since the epoch, as AWS's JSON writes them."""
    return json.dumps(document, default=_seconds)


def _seconds(value: object) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"a document cannot hold {type(value).__name__}: {value!r}")
