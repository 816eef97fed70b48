"""The data objects of labeling jobs: rows that only move forward. See tables.py for their states."""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from localaws.store import Store


@dataclass(frozen=True)
class NewObject:
    number: int  # line of the manifest, from 0
    line: str
    state: str = "waiting"
    machine: bool = False


@dataclass(frozen=True)
class ObjectTask:
    """What the task of an open object is made of."""

    line: dict
    task_input: dict
    width: int | None  # of the stored image, in pixels; None where the task needs no image
    height: int | None


@dataclass(frozen=True)
class Prepared:
    """What the preparation of a waiting object came to: open with a task, unwanted, or failed."""

    number: int
    state: str
    task_input: str | None = None
    width: int | None = None
    height: int | None = None
    outcome: str | None = None


class Objects:
    def __init__(self, store: Store):
        self.store = store

    def replace_all(self, job: str, rows: Iterable[NewObject]) -> None:
        """The expansion of a manifest; a second one after a crash starts afresh."""
        with self.store.transaction() as connection:
            for table in ("slot", "object"):
                connection.execute(f"DELETE FROM {table} WHERE job = ?", (job,))
            connection.executemany(
                "INSERT INTO object (job, number, line, state, machine) VALUES (?, ?, ?, ?, ?)",
                ((job, row.number, row.line, row.state, row.machine) for row in rows),
            )

    def waiting(self, job: str, limit: int) -> list[tuple[int, str]]:
        """Number and line of the next objects to prepare."""
        rows = self.store.connection.execute(
            "SELECT number, line FROM object WHERE job = ? AND state = 'waiting' ORDER BY number LIMIT ?",
            (job, limit),
        )
        return rows.fetchall()

    def offer(self, job: str, prepared: Iterable[Prepared], workers: int, lifetime: int) -> None:
        """Open the prepared objects to workers, with one slot for each of the ``workers`` wanted."""
        expires_at = time.time() + lifetime
        with self.store.transaction() as connection:
            for row in prepared:
                changed = connection.execute(
                    "UPDATE object SET state = ?, task_input = ?, width = ?, height = ?, outcome = ?, "
                    "expires_at = ? WHERE job = ? AND number = ? AND state = 'waiting'",
                    (row.state, row.task_input, row.width, row.height, row.outcome)
                    + (expires_at, job, row.number),
                )
                if changed.rowcount and row.state == "open":
                    connection.executemany(
                        "INSERT INTO slot (job, object) VALUES (?, ?)", [(job, row.number)] * workers
                    )

    def expire(self, job: str, now: float, outcome: str) -> None:
        """Close open objects whose time is over: those with an answer are consolidated, the others failed.

        A lease never outlives its object, except on one that others have declined: its worker may finish.
        """
        over = (
            "job = :job AND state = 'open' AND expires_at <= :now AND NOT EXISTS "
            "(SELECT 1 FROM slot WHERE slot.job = object.job AND slot.object = object.number "
            "AND slot.state = 'working' AND slot.lease_until >= :now)"
        )
        values = {"job": job, "now": now, "outcome": outcome}
        if not self.store.connection.execute(f"SELECT 1 FROM object WHERE {over} LIMIT 1", values).fetchone():
            return
        answered = (
            "EXISTS (SELECT 1 FROM slot WHERE slot.job = object.job AND slot.object = object.number "
            "AND slot.state = 'submitted')"
        )
        with self.store.transaction() as connection:
            connection.execute(f"UPDATE object SET state = 'answered' WHERE {over} AND {answered}", values)
            connection.execute(f"UPDATE object SET state = 'failed', outcome = :outcome WHERE {over}", values)

    def close(self, job: str) -> None:
        """Take back every task that is not answered: from here on no answer is accepted."""
        with self.store.transaction() as connection:
            connection.execute(
                "UPDATE object SET state = 'stopped' WHERE job = ? AND state IN ('waiting', 'open')", (job,)
            )

    def task(self, job: str, number: int) -> ObjectTask:
        row = self.store.connection.execute(
            "SELECT line, task_input, width, height FROM object WHERE job = ? AND number = ?", (job, number)
        ).fetchone()
        line, task_input, width, height = row
        return ObjectTask(json.loads(line), json.loads(task_input), width, height)

    def lines(self, job: str) -> Iterator[tuple[str, str | None]]:
        """Line and outcome of every object, in the manifest's order."""
        yield from self.store.connection.execute(
            "SELECT line, outcome FROM object WHERE job = ? ORDER BY number", (job,)
        )

    def labeled_lines(self, job: str, first: int, last: int) -> list[tuple[int, str, str]]:
        """Number, line and outcome of the objects ``first <= number < last`` that this job has labeled."""
        return self.store.connection.execute(
            "SELECT number, line, outcome FROM object "
            "WHERE job = ? AND number >= ? AND number < ? AND state = 'labeled' ORDER BY number",
            (job, first, last),
        ).fetchall()

    def first(self, job: str, *states: str) -> int | None:
        """The lowest object in one of the states."""
        marks = ", ".join("?" * len(states))
        row = self.store.connection.execute(
            f"SELECT min(number) FROM object WHERE job = ? AND state IN ({marks})", (job, *states)
        ).fetchone()
        return row[0]

    def count(self, job: str, *states: str) -> int:
        """How many objects are in one of the states; in any, where none is given."""
        rows = self._counts(job)
        return sum(number for state, _, number in rows if not states or state in states)

    def counters(self, job: str) -> dict[str, int]:
        """LabelCounters of DescribeLabelingJob. Labels that the input brought along count as labeled."""
        people = machine = failed = total = 0
        for state, by_machine, number in self._counts(job):
            total += number
            if state == "failed":
                failed += number
            elif state in ("labeled", "kept"):
                people, machine = (people, machine + number) if by_machine else (people + number, machine)
        return {
            "TotalLabeled": people + machine,
            "HumanLabeled": people,
            "MachineLabeled": machine,
            "FailedNonRetryableError": failed,
            "Unlabeled": total - people - machine - failed,
        }

    def _counts(self, job: str) -> list[tuple[str, int, int]]:
        return self.store.connection.execute(
            "SELECT state, machine, count(*) FROM object WHERE job = ? GROUP BY state, machine", (job,)
        ).fetchall()
