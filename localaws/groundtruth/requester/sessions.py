"""Sessions of requesters: like those of workers a row each, found by a hash, and of no use to a worker."""

import hashlib
import secrets
import time

from localaws.store import Store

LIFETIME = 8 * 3600  # seconds
SCHEMA = """
CREATE TABLE IF NOT EXISTS requester_session (
    id_hash TEXT PRIMARY KEY,
    arn TEXT NOT NULL,
    expires_at REAL NOT NULL
) WITHOUT ROWID;
"""


class RequesterSessions:
    def __init__(self, store: Store):
        self.store = store
        store.connection.executescript(SCHEMA)

    def open(self, arn: str) -> str:
        """A new session of that principal; the id that goes into the cookie."""
        session_id, now = secrets.token_urlsafe(32), time.time()
        with self.store.transaction() as connection:
            connection.execute("DELETE FROM requester_session WHERE expires_at < ?", (now,))
            connection.execute(
                "INSERT INTO requester_session VALUES (?, ?, ?)", (_hash(session_id), arn, now + LIFETIME)
            )
        return session_id

    def find(self, session_id: str) -> str | None:
        """The ARN of the session's principal; None for one that is unknown or over."""
        row = self.store.connection.execute(
            "SELECT arn FROM requester_session WHERE id_hash = ? AND expires_at > ?",
            (_hash(session_id), time.time()),
        ).fetchone()
        return row[0] if row else None


def _hash(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()
