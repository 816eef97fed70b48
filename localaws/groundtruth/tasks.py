"""Tasks in the hands of workers: leases on slots, granted and ended by single statements.

A worker never holds or fills two slots of one object. What ``submit`` has accepted is on disk.
"""

import secrets
import time
from dataclasses import dataclass

from localaws.store import Store

FREE = "state = 'available', worker = NULL, token = NULL, accepted_at = NULL, lease_until = NULL"
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
        """The worker's open lease in this job, or a new one; None where nothing is left for this worker."""
        values = {"job": job, "worker": worker, "now": time.time(), "limit": time_limit}
        values["token"] = secrets.token_urlsafe(24)
        with self.store.transaction() as connection:
            self.free_expired(job)
            row = connection.execute(
                f"SELECT {LEASE} {FROM_SLOTS} "
                f"WHERE {OPEN} AND slot.worker = :worker AND slot.state = 'working'",
                values,
            ).fetchone()
            if row is None:  # the lowest line first, so that objects are finished one after the other
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

    def submit(self, lease: Lease, worker: str, answer: str) -> None:
        """Keep the answer, and close the object with its last one. Raises LeaseGone."""
        values = {"id": lease.id, "worker": worker, "token": lease.token, "answer": answer}
        values |= {"now": time.time(), "job": lease.job, "object": lease.object}
        with self.store.transaction() as connection:
            kept = connection.execute(
                "UPDATE slot SET state = 'submitted', answer = :answer, submitted_at = :now, "
                "lease_until = NULL WHERE id = :id AND worker = :worker AND token = :token "
                "AND state = 'working' AND lease_until >= :now AND EXISTS (SELECT 1 FROM object "
                "WHERE object.job = slot.job AND object.number = slot.object AND object.state = 'open')",
                values,
            )
            if kept.rowcount == 0:
                raise LeaseGone
            connection.execute(
                "UPDATE object SET state = 'answered' WHERE job = :job AND number = :object AND NOT EXISTS "
                "(SELECT 1 FROM slot WHERE job = :job AND object = :object AND state != 'submitted')",
                values,
            )

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

    def submitted(self, job: str, worker: str) -> int:
        return self.store.connection.execute(
            "SELECT count(*) FROM slot WHERE job = ? AND worker = ? AND state = 'submitted'", (job, worker)
        ).fetchone()[0]

    def know_worker(self, worker: str, sub: str, issuer: str) -> None:
        with self.store.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO worker VALUES (?, ?, ?)", (worker, sub, issuer))
