"""Where buckets live: an index in SQLite of what there is, beside the files that hold the bytes.

A request is acknowledged after its blob is fsynced and the change of the index committed. A crash in between
leaves a blob that no row names; the next start sweeps it.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .blobs import Blobs, Piece

# Times are epoch seconds. headers, tags, checksums, outcome and pieces hold JSON, the longest last, so that
# listings need not read past it. Of a key's versions the highest sequence is the latest, and the flag says so
# again for the index that listings walk. `blob` counts how often pieces name a blob.
SCHEMA = """
CREATE TABLE IF NOT EXISTS bucket(
    name TEXT PRIMARY KEY, created REAL NOT NULL, versioning TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS configuration(
    bucket TEXT, kind TEXT, document BLOB NOT NULL, PRIMARY KEY(bucket, kind)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS object(
    bucket TEXT, key TEXT, sequence INTEGER, version TEXT NOT NULL, latest INTEGER NOT NULL,
    marker INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL, modified REAL NOT NULL,
    headers TEXT NOT NULL, tags TEXT NOT NULL, checksums TEXT NOT NULL, pieces TEXT NOT NULL,
    PRIMARY KEY(bucket, key, sequence DESC)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS listed ON object(bucket, key) WHERE latest AND NOT marker;
CREATE TABLE IF NOT EXISTS upload(
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL, started REAL NOT NULL,
    algorithm TEXT, type TEXT, headers TEXT NOT NULL, tags TEXT NOT NULL, outcome TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS upload_by_key ON upload(bucket, key, id);
CREATE TABLE IF NOT EXISTS part(
    upload TEXT, number INTEGER, size INTEGER NOT NULL, etag TEXT NOT NULL, modified REAL NOT NULL,
    checksums TEXT NOT NULL, pieces TEXT NOT NULL, PRIMARY KEY(upload, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blob(name TEXT PRIMARY KEY, uses INTEGER NOT NULL) WITHOUT ROWID;
"""


class Change:
    """One write transaction on the index, which also counts the uses of blobs."""

    def __init__(self, connection: sqlite3.Connection):
        self.execute = connection.execute
        self._executemany = connection.executemany
        self.unused: list[str] = []  # blobs that nothing names any more once this is committed

    def hold(self, pieces: Iterable[Piece]) -> None:
        self._executemany(
            "INSERT INTO blob VALUES(?, 1) ON CONFLICT DO UPDATE SET uses = uses + 1",
            [(piece.blob,) for piece in pieces],
        )

    def release(self, pieces: Iterable[Piece]) -> None:
        for piece in pieces:
            self.execute("UPDATE blob SET uses = uses - 1 WHERE name = ?", (piece.blob,))
            if self.execute("DELETE FROM blob WHERE name = ? AND uses = 0", (piece.blob,)).rowcount:
                self.unused.append(piece.blob)


class Storage:
    """Everything under one folder. Safe to use from several threads, not from several processes."""

    def __init__(self, home: Path):
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.blobs = Blobs(home / "blobs")
        self._path = home / "index.sqlite3"
        self._local = threading.local()
        self._writing = threading.Lock()  # one writer; readers never wait for it (WAL)
        self.index.execute("PRAGMA journal_mode = WAL")
        self.index.executescript(SCHEMA)
        self.blobs.sweep({name for (name,) in self.index.execute("SELECT name FROM blob")})

    @property
    def index(self) -> sqlite3.Connection:
        """This thread's connection, for reading."""
        if not hasattr(self._local, "connection"):
            connection = sqlite3.connect(self._path, isolation_level=None, timeout=30)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA synchronous = FULL")  # a commit is on disk when it returns
            connection.execute("PRAGMA wal_autocheckpoint = 4000")  # pages: 16 MB
            self._local.connection = connection
        return self._local.connection

    @contextmanager
    def change(self) -> Iterator[Change]:
        """All of it is on disk when the block is left, or none of it."""
        connection = self.index
        with self._writing:
            connection.execute("BEGIN IMMEDIATE")
            try:
                change = Change(connection)
                yield change
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        self.blobs.discard(change.unused)
