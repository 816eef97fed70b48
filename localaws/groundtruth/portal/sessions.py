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

    def task_token(self, session: Session, lease: str) -> str:
        """The CSRF token of one task: worth nothing in another session, nor for another lease."""
        return self.signer.derive("task", f"{session.csrf_token}\n{lease}")

    def _csrf(self, session_id: str) -> str:
        return self.signer.derive("csrf", session_id)


class Throttle:
    """At most ``attempts`` failures per name within ``seconds``; then the name waits. With ``in_all`` of them
    under whatever names, everybody waits: one password may be tried on many names as well.

    Kept in memory: what a restart forgets, the next guesses count again.
    """

    def __init__(self, attempts: int = 10, in_all: int = 200, seconds: float = 300.0):
        self.attempts = attempts
        self.in_all = in_all
        self.seconds = seconds
        self.failures: list[tuple[float, str]] = []  # moment and name, the oldest first
        self.lock = threading.Lock()

    def enter(self, name: str) -> bool:
        """Whether another attempt is allowed now. It counts as a failure until ``succeed`` says otherwise, so
        that attempts made at the same time are counted too."""
        now = time.monotonic()
        with self.lock:
            self.failures = [(at, known) for at, known in self.failures if now - at <= self.seconds]
            of_this_name = sum(known == name for _, known in self.failures)
            if of_this_name >= self.attempts or len(self.failures) >= self.in_all:
                return False
            self.failures.append((now, name))
            return True

    def succeed(self, name: str) -> None:
        """Forget the failures of this name, and of no other: who has a password may guess others' all the
        same."""
        with self.lock:
            self.failures = [(at, known) for at, known in self.failures if known != name]


def _hash(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()
