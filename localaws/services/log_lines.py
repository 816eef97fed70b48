"""The tables behind CloudWatch Logs: lines come by the thousand, so they are rows and not documents."""

import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from localaws.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS log_stream (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    log_group TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    first INTEGER,
    last INTEGER,
    ingested INTEGER,
    bytes INTEGER NOT NULL DEFAULT 0,
    UNIQUE (log_group, name)
);
CREATE TABLE IF NOT EXISTS log_line (
    number INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice: the tokens of readers are made of it
    stream INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    ingested INTEGER NOT NULL,
    message TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS log_line_stream ON log_line (stream, number);
"""
OVERHEAD = 26  # bytes that AWS counts for each event beside its message
MOST_EVENTS, MOST_BYTES = 10_000, 2**20  # AWS's limits, on a batch and on a page


def milliseconds() -> int:
    """CloudWatch's clock: since the epoch."""
    return int(time.time() * 1000)


def size_of(messages: Iterable[str]) -> int:
    return sum(len(message.encode()) + OVERHEAD for message in messages)


class Line(NamedTuple):
    """``number`` counts up in the order of arrival, which is the order of reading too."""

    number: int
    timestamp: int
    ingested: int
    message: str
    stream: str


class LogLines:
    """Streams by (group, name), and the lines in them."""

    def __init__(self, store: Store):
        self.store = store
        store.connection.executescript(SCHEMA)

    def find_stream(self, group: str, name: str) -> int | None:
        row = self.store.connection.execute(
            "SELECT id FROM log_stream WHERE log_group = ? AND name = ?", (group, name)
        ).fetchone()
        return row[0] if row else None

    def add_stream(self, group: str, name: str) -> int:
        with self.store.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO log_stream (log_group, name, created) VALUES (?, ?, ?)",
                (group, name, milliseconds()),
            )
            return cursor.lastrowid

    def streams(self, group: str, prefix: str = "") -> list[dict]:
        """As CloudWatch describes streams, but for their ARN."""
        names = (
            "logStreamName",
            "creationTime",
            "firstEventTimestamp",
            "lastEventTimestamp",
            "lastIngestionTime",
        )
        rows = self.store.connection.execute(
            "SELECT name, created, first, last, ingested FROM log_stream "
            "WHERE log_group = ? AND substr(name, 1, ?) = ?",
            (group, len(prefix), prefix),
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    def stored_bytes(self, group: str) -> int:
        return self.store.connection.execute(
            "SELECT coalesce(sum(bytes), 0) FROM log_stream WHERE log_group = ?", (group,)
        ).fetchone()[0]

    def delete_streams(self, streams: Iterable[int]) -> None:
        with self.store.transaction() as connection:
            for stream in streams:
                connection.execute("DELETE FROM log_line WHERE stream = ?", (stream,))
                connection.execute("DELETE FROM log_stream WHERE id = ?", (stream,))

    def delete_before(self, group: str, moment: int) -> None:
        with self.store.transaction() as connection:
            connection.execute(
                "DELETE FROM log_line WHERE timestamp < ? "
                "AND stream IN (SELECT id FROM log_stream WHERE log_group = ?)",
                (moment, group),
            )

    def append(self, stream: int, events: list[tuple[int, str]]) -> None:
        """``events`` are (timestamp, message). One commit for all of them."""
        if not events:
            return
        now, times = milliseconds(), [timestamp for timestamp, _ in events]
        with self.store.transaction() as connection:
            connection.executemany(
                "INSERT INTO log_line (stream, timestamp, ingested, message) VALUES (?, ?, ?, ?)",
                [(stream, timestamp, now, message) for timestamp, message in events],
            )
            connection.execute(
                "UPDATE log_stream SET first = min(ifnull(first, ?1), ?1), last = max(ifnull(last, ?2), ?2), "
                "ingested = ?3, bytes = bytes + ?4 WHERE id = ?5",
                (min(times), max(times), now, size_of(message for _, message in events), stream),
            )

    def last_number(self, stream: int) -> int:
        """Of the newest line, 0 where there is none."""
        return self.store.connection.execute(
            "SELECT coalesce(max(number), 0) FROM log_line WHERE stream = ?", (stream,)
        ).fetchone()[0]

    def read(
        self, stream: int, *, after: int | None = None, before: int | None = None, window, limit
    ) -> list[Line]:
        """The lines next to a number, either way, by number. ``window`` is (from, until) in timestamps."""
        comparison, order = ("number > ?", "") if before is None else ("number < ?", "DESC")
        rows = self.store.connection.execute(
            "SELECT number, timestamp, log_line.ingested, message, name FROM log_line "
            "JOIN log_stream ON log_stream.id = stream "
            f"WHERE stream = ? AND {comparison} AND timestamp >= ? AND timestamp < ? ORDER BY number {order}",
            (stream, after if before is None else before, *window),
        )
        return sorted(one_page(map(Line._make, rows), limit))

    def search(self, group: str, *, prefix: str, names: list[str], after: int, window) -> Iterator[Line]:
        """All lines of a group, or of the streams with that prefix or those names, as they arrived."""
        listed = ", ".join("?" * len(names))
        rows = self.store.connection.execute(
            "SELECT number, timestamp, log_line.ingested, message, name FROM log_line "
            "JOIN log_stream ON log_stream.id = stream "
            f"WHERE log_group = ? AND substr(name, 1, ?) = ? AND (? OR name IN ({listed})) "
            "AND number > ? AND timestamp >= ? AND timestamp < ? ORDER BY number",
            (group, len(prefix), prefix, not names, *names, after, *window),
        )
        return map(Line._make, rows)


def one_page(lines: Iterable[Line], limit: int) -> Iterator[Line]:
    """As many lines as one answer may hold, and not a single one taken from ``lines`` beyond them."""
    count = size = 0
    for line in lines:
        yield line
        count, size = count + 1, size + size_of([line.message])
        if count >= limit or size >= MOST_BYTES:
            return
