"""Batches of answered objects on their way through consolidation.

A batch is written down before anything is done with it. A server that dies half-way repeats the whole batch
under the same file names, so nothing is consolidated twice over or forgotten.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from sqlite3 import Connection

from localaws.store import Store

MOST_OBJECTS = 100  # per call of the consolidation function
MOST_BYTES = 2 * 2**20  # of answers; what a function returns of them must fit into the 6 MB of a reply


@dataclass(frozen=True)
class Batch:
    job: str
    number: int
    iteration: int  # Ground Truth's: which stretch of MaxConcurrentTaskCount lines the objects are from
    moment: int  # epoch seconds, different for each batch of a job
    attempts: int


@dataclass(frozen=True)
class Answer:
    worker: str
    sub: str
    issuer: str
    accepted_at: float
    submitted_at: float
    content: str  # JSON, as it was submitted
    active_seconds: float | None = None  # where the worker's page told when there was work


class Batches:
    def __init__(self, store: Store):
        self.store = store

    def assign(self, job: str, concurrent: int) -> None:
        """Put answered objects that have none into new batches; a batch never spans two iterations."""
        rows = self.store.connection.execute(
            "SELECT number, (SELECT coalesce(sum(length(answer)), 0) FROM slot WHERE slot.job = object.job "
            "AND slot.object = object.number AND slot.state = 'submitted') FROM object "
            "WHERE job = ? AND state = 'answered' AND batch IS NULL ORDER BY number",
            (job,),
        ).fetchall()
        if not rows:
            return
        with self.store.transaction() as connection:
            for iteration, numbers in _parts(rows, concurrent):
                self._add(connection, job, iteration, numbers)

    def _add(self, connection: Connection, job: str, iteration: int, numbers: list[int]) -> None:
        batch, moment = connection.execute(
            "SELECT coalesce(max(number), 0) + 1, coalesce(max(moment), 0) + 1 FROM batch WHERE job = ?",
            (job,),
        ).fetchone()
        moment = max(int(time.time()), moment)
        connection.execute(
            "INSERT INTO batch (job, number, iteration, moment) VALUES (?, ?, ?, ?)",
            (job, batch, iteration, moment),
        )
        connection.executemany(
            "UPDATE object SET batch = ? WHERE job = ? AND number = ?",
            [(batch, job, number) for number in numbers],
        )

    def unfinished(self, job: str) -> list[Batch]:
        rows = self.store.connection.execute(
            "SELECT job, number, iteration, moment, attempts FROM batch "
            "WHERE job = ? AND NOT done ORDER BY number",
            (job,),
        )
        return [Batch(*row) for row in rows]

    def objects(self, batch: Batch) -> list[tuple[int, str]]:
        """Number and line of each object of the batch."""
        return self.store.connection.execute(
            "SELECT number, line FROM object WHERE job = ? AND batch = ? ORDER BY number",
            (batch.job, batch.number),
        ).fetchall()

    def answers(self, job: str, number: int) -> list[Answer]:
        """The submitted answers about an object, in the order of their arrival."""
        rows = self.store.connection.execute(
            "SELECT worker.id, worker.sub, worker.issuer, accepted_at, submitted_at, answer, "
            "active_seconds FROM slot JOIN worker ON worker.id = slot.worker "
            "WHERE job = ? AND object = ? AND state = 'submitted' ORDER BY submitted_at, slot.id",
            (job, number),
        )
        return [Answer(*row) for row in rows]

    def partly_answered(self, job: str) -> list[int]:
        """Objects that were taken back from their workers after some had answered."""
        rows = self.store.connection.execute(
            "SELECT DISTINCT object.number FROM object JOIN slot ON slot.job = object.job "
            "AND slot.object = object.number WHERE object.job = ? AND object.state = 'stopped' "
            "AND slot.state = 'submitted' ORDER BY object.number",
            (job,),
        )
        return [number for (number,) in rows]

    def note_attempt(self, batch: Batch) -> int:
        """Count a call of the consolidation function that failed; returns how many there were."""
        with self.store.transaction() as connection:
            return connection.execute(
                "UPDATE batch SET attempts = attempts + 1 WHERE job = ? AND number = ? RETURNING attempts",
                (batch.job, batch.number),
            ).fetchone()[0]

    def finish(self, batch: Batch, outcomes: Mapping[int, tuple[str, str]]) -> None:
        """Set (state, outcome) of every object of the batch."""
        with self.store.transaction() as connection:
            connection.executemany(
                "UPDATE object SET state = ?, outcome = ? "
                "WHERE job = ? AND number = ? AND state = 'answered'",
                [(state, outcome, batch.job, number) for number, (state, outcome) in outcomes.items()],
            )
            connection.execute(
                "UPDATE batch SET done = 1 WHERE job = ? AND number = ?", (batch.job, batch.number)
            )


def _parts(rows: Iterable[tuple[int, int]], concurrent: int) -> Iterator[tuple[int, list[int]]]:
    """Cut objects (number, bytes of answers) into the (iteration, numbers) of batches."""
    numbers: list[int] = []
    iteration = size = 0
    for number, length in rows:
        full = len(numbers) == MOST_OBJECTS or size + length > MOST_BYTES
        if numbers and (full or number // concurrent + 1 != iteration):
            yield iteration, numbers
            numbers, size = [], 0
        iteration = number // concurrent + 1
        numbers.append(number)
        size += length
    if numbers:
        yield iteration, numbers
