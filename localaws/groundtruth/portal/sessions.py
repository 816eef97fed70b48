"""Who is at the door: sessions of workers as rows, and a brake on guessing passwords."""

import hashlib
import secrets
import threading
import time
from dataclasses import dataclass

from localaws.groundtruth.cognito import Person
from localaws.groundtruth.portal.signing import Signer
from localaws.store import Store

LIFETIME = 8 * 3600  # seconds
SCHEMA = """
CREATE TABLE IF NOT EXISTS session (
    id_hash TEXT PRIMARY KEY,
    worker TEXT NOT NULL,
    username TEXT NOT NULL,
    pool TEXT NOT NULL,
    client TEXT NOT NULL,
    expires_at REAL NOT NULL
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Session:
    worker: str
    username: str
    pool: str
    client: str
    csrf_token: str


def worker_id(region: str, sub: str) -> str:
    """The name that Ground Truth gives a worker of a private workforce."""
    return f"private.{region}.{hashlib.sha256(sub.encode()).hexdigest()[:16]}"


class Sessions:
    """A session is known by an id of 256 bits that only the browser has: the table holds its hash."""

    def __init__(self, store: Store, signer: Signer):
        self.store = store
        self.signer = signer
        store.connection.executescript(SCHEMA)

    def open(self, worker: str, person: Person, pool: str, client: str) -> tuple[str, Session]:
        """The id for the cookie, and the session."""
        session_id = secrets.token_urlsafe(32)
        now = time.time()
        row = (_hash(session_id), worker, person.username, pool, client, now + LIFETIME)
        with self.store.transaction() as connection:
            connection.execute("DELETE FROM session WHERE expires_at < ?", (now,))
            connection.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?, ?)", row)
        return session_id, Session(worker, person.username, pool, client, self._csrf(session_id))

    def find(self, session_id: str) -> Session | None:
        row = self.store.connection.execute(
            "SELECT worker, username, pool, client FROM session WHERE id_hash = ? AND expires_at > ?",
            (_hash(session_id), time.time()),
        ).fetchone()
        return Session(*row, self._csrf(session_id)) if row else None

    def close(self, session_id: str) -> None:
        with self.store.transaction() as connection:
            connection.execute("DELETE FROM session WHERE id_hash = ?", (_hash(session_id),))

    def _csrf(self, session_id: str) -> str:
        return self.signer.derive("csrf", session_id)


class Throttle:
    """At most ``attempts`` failures per name within ``seconds``; then the name waits.

    Kept in memory: what a restart forgets, the next guesses count again.
    """

    def __init__(self, attempts: int = 10, seconds: float = 300.0):
        self.attempts = attempts
        self.seconds = seconds
        self.failures: dict[str, list[float]] = {}
        self.lock = threading.Lock()

    def enter(self, name: str) -> bool:
        """Whether another attempt is allowed now. It counts as a failure until ``succeed`` says otherwise, so
        that attempts made at the same time are counted too."""
        now = time.monotonic()
        with self.lock:
            for known in [known for known, times in self.failures.items() if now - times[-1] > self.seconds]:
                del self.failures[known]
            recent = [moment for moment in self.failures.get(name, []) if now - moment <= self.seconds]
            if len(recent) >= self.attempts:
                return False
            self.failures[name] = [*recent, now]
            return True

    def succeed(self, name: str) -> None:
        with self.lock:
            self.failures.pop(name, None)


def _hash(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()
