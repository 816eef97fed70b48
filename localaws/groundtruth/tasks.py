"""Tasks in the hands of workers: leases on slots, granted and ended by single statements.

A worker never holds or fills two slots of one object. What ``submit`` and ``save_draft`` have accepted is on
disk.

How long a worker was active is told by signs of life: the time between two of them is work, up to ``IDLE``
seconds of it. The clock is the server's. A worker whose page gives no such signs has no active seconds.
"""

import secrets
import time
from dataclasses import dataclass

from localaws.store import Store

IDLE = 60.0  # seconds
FREE = (
    "state = 'available', worker = NULL, token = NULL, accepted_at = NULL, lease_until = NULL, "
    "stopped_at = NULL, active_at = NULL, active_seconds = NULL, draft = NULL"
)
WORKED = (
    "CASE WHEN stopped_at IS NULL THEN coalesce(active_seconds, 0) + "
    f"max(0, min(:now - coalesce(active_at, accepted_at), {IDLE})) ELSE active_seconds END"
)
HELD = (
    "id = :id AND worker = :worker AND token = :token AND state = 'working' AND lease_until >= :now "
    "AND EXISTS (SELECT 1 FROM object WHERE object.job = slot.job AND object.number = slot.object "
    "AND object.state = 'open')"
)
OPEN = "object.job = :job AND object.state = 'open'"
# A slot of an open object that this worker has no part in, and has not declined.
CLAIMABLE = """
    object.expires_at > :now AND slot.state = 'available'
    AND NOT EXISTS (SELECT 1 FROM slot AS own WHERE own.job = object.job AND own.object = object.number
                    AND own.worker = :worker)
    AND NOT EXISTS (SELECT 1 FROM refusal WHERE refusal.job = object.job AND refusal.object = object.number
                    AND refusal.worker = :worker)
"""
FROM_SLOTS = "FROM object JOIN slot ON slot.job = object.job AND slot.object = object.number"


class LeaseGone(Exception):
    """The worker does not hold this task (any more)."""


@dataclass(frozen=True)
class Lease:
    id: int  # of the slot: the task as workers see it
    job: str
    object: int
    token: str
    accepted_at: float
    until: float


LEASE = "slot.id, slot.job, slot.object, slot.token, slot.accepted_at, slot.lease_until"


class Tasks:
    def __init__(self, store: Store):
        self.store = store

    def claim(self, job: str, worker: str, time_limit: int) -> Lease | None:
        """The worker's open lease in this job, resumed where it was stopped, or a new one; None where nothing
        is left for this worker."""
        values = {"job": job, "worker": worker, "now": time.time(), "limit": time_limit}
        values["token"] = secrets.token_urlsafe(24)
        with self.store.transaction() as connection:
            self.free_expired(job)
            row = connection.execute(
                f"SELECT {LEASE} {FROM_SLOTS} "
                f"WHERE {OPEN} AND slot.worker = :worker AND slot.state = 'working'",
                values,
            ).fetchone()
            if row is not None:
                connection.execute(
                    "UPDATE slot SET stopped_at = NULL, active_at = :now "
                    "WHERE id = :id AND stopped_at IS NOT NULL",
                    {"id": row[0], "now": values["now"]},
                )
            else:  # the lowest line first, so that objects are finished one after the other
                row = connection.execute(
                    "UPDATE slot SET state = 'working', worker = :worker, token = :token, "
                    "accepted_at = :now, lease_until = min(:now + :limit, (SELECT expires_at FROM object "
                    "WHERE object.job = slot.job AND object.number = slot.object)) "
                    f"WHERE id = (SELECT slot.id {FROM_SLOTS} WHERE {OPEN} AND {CLAIMABLE} "
                    f"ORDER BY object.number, slot.id LIMIT 1) RETURNING {LEASE.replace('slot.', '')}",
                    values,
                ).fetchone()
        return Lease(*row) if row else None

    def free_expired(self, job: str) -> None:
        """Take the slots back whose worker ran out of time."""
        values = {"job": job, "now": time.time()}
        expired = "job = :job AND state = 'working' AND lease_until < :now"
        if self.store.connection.execute(f"SELECT 1 FROM slot WHERE {expired}", values).fetchone():
            with self.store.transaction() as connection:
                connection.execute(f"UPDATE slot SET {FREE} WHERE {expired}", values)

    def held(self, task: int, worker: str, token: str) -> Lease:
        """The lease, if this worker holds it now. Raises LeaseGone."""
        row = self.store.connection.execute(
            f"SELECT {LEASE} {FROM_SLOTS} WHERE slot.id = ? AND slot.worker = ? AND slot.token = ? "
            "AND slot.state = 'working' AND slot.lease_until >= ? AND object.state = 'open'",
            (task, worker, token, time.time()),
        ).fetchone()
        if row is None:
            raise LeaseGone
        return Lease(*row)

    def was_submitted(self, task: int, worker: str, token: str, answer: str) -> bool:
        """Whether this very answer was accepted before: the reply may have been lost on its way."""
        row = self.store.connection.execute(
            "SELECT 1 FROM slot WHERE id = ? AND worker = ? AND token = ? "
            "AND state = 'submitted' AND answer = ?",
            (task, worker, token, answer),
        ).fetchone()
        return row is not None

    def save_draft(self, lease: Lease, worker: str, draft: str) -> None:
        """Keep what the worker has done so far. Raises LeaseGone."""
        with self.store.transaction():
            self._change(lease, worker, "draft = :draft", draft=draft)

    def draft(self, lease: Lease) -> str | None:
        """What was saved last."""
        row = self.store.connection.execute(
            "SELECT draft FROM slot WHERE id = ? AND token = ?", (lease.id, lease.token)
        ).fetchone()
        return row[0] if row else None

    def note_activity(self, lease: Lease, worker: str) -> None:
        """A sign of life. Raises LeaseGone."""
        with self.store.transaction():
            self._change(lease, worker, f"active_seconds = {WORKED}, active_at = :now")

    def stop(self, lease: Lease, worker: str, draft: str | None) -> None:
        """Put the task aside; it stays the worker's, and its time runs on. Without a draft, the one that was
        saved last stays. Raises LeaseGone."""
        with self.store.transaction():
            self._change(
                lease,
                worker,
                f"draft = coalesce(:draft, draft), active_seconds = {WORKED}, active_at = :now, "
                "stopped_at = coalesce(stopped_at, :now)",
                draft=draft,
            )

    def submit(self, lease: Lease, worker: str, answer: str) -> None:
        """Keep the answer, and close the object with its last one. Raises LeaseGone."""
        with self.store.transaction() as connection:
            self._change(
                lease,
                worker,
                "state = 'submitted', answer = :answer, draft = NULL, submitted_at = :now, "
                f"lease_until = NULL, active_seconds = CASE WHEN active_at IS NOT NULL THEN {WORKED} END",
                answer=answer,
            )
            connection.execute(
                "UPDATE object SET state = 'answered' WHERE job = :job AND number = :object AND NOT EXISTS "
                "(SELECT 1 FROM slot WHERE job = :job AND object = :object AND state != 'submitted')",
                {"job": lease.job, "object": lease.object},
            )

    def _change(self, lease: Lease, worker: str, changes: str, **values: str | None) -> None:
        """Change the slot of a lease that still holds. Raises LeaseGone."""
        values |= {"id": lease.id, "worker": worker, "token": lease.token, "now": time.time()}
        changed = self.store.connection.execute(f"UPDATE slot SET {changes} WHERE {HELD}", values)
        if changed.rowcount == 0:
            raise LeaseGone

    def release(self, lease: Lease) -> None:
        """Hand the task back to everybody, this worker included."""
        with self.store.transaction() as connection:
            connection.execute(
                f"UPDATE slot SET {FREE} WHERE id = ? AND token = ? AND state = 'working'",
                (lease.id, lease.token),
            )

    def decline(self, lease: Lease, worker: str) -> None:
        """Hand it back for good; an object that as many workers declined as it needs is offered to nobody."""
        values = {"job": lease.job, "object": lease.object, "worker": worker, "now": time.time()}
        with self.store.transaction() as connection:
            self.release(lease)
            connection.execute("INSERT OR IGNORE INTO refusal VALUES (:job, :object, :worker)", values)
            connection.execute(
                "UPDATE object SET expires_at = :now WHERE job = :job AND number = :object AND "
                "(SELECT count(*) FROM refusal WHERE job = :job AND object = :object) >= "
                "(SELECT count(*) FROM slot WHERE job = :job AND object = :object)",
                values,
            )

    def available(self, job: str, worker: str) -> int:
        """How many objects this worker could claim now; the one that the worker holds is among them."""
        values = {"job": job, "worker": worker, "now": time.time()}
        return self.store.connection.execute(
            f"SELECT count(DISTINCT object.number) {FROM_SLOTS} WHERE {OPEN} AND "
            f"(({CLAIMABLE}) OR (slot.worker = :worker AND slot.state = 'working'))",
            values,
        ).fetchone()[0]

    def at_hand(self, job: str, worker: str) -> tuple[str, float] | None:
        """The task of the job that the worker holds: ``open`` or ``stopped``, and when its time is over."""
        row = self.store.connection.execute(
            f"SELECT slot.stopped_at, slot.lease_until {FROM_SLOTS} WHERE {OPEN} AND slot.worker = :worker "
            "AND slot.state = 'working' AND slot.lease_until >= :now",
            {"job": job, "worker": worker, "now": time.time()},
        ).fetchone()
        if row is None:
            return None
        return "open" if row[0] is None else "stopped", row[1]

    def submitted(self, job: str, worker: str) -> int:
        return self.store.connection.execute(
            "SELECT count(*) FROM slot WHERE job = ? AND worker = ? AND state = 'submitted'", (job, worker)
        ).fetchone()[0]

    def know_worker(self, worker: str, sub: str, issuer: str, username: str | None = None) -> None:
        with self.store.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO worker (id, sub, issuer, username) VALUES (?, ?, ?, ?)",
                (worker, sub, issuer, username),
            )
