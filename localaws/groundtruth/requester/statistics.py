"""How labeling gets on, counted by SQL on the rows: as many statements for ten objects as for ten thousand.

``pace`` is measured over the last hour: its answers, divided by the time since the first of them. ``seconds
left`` assumes that it stays so, and that every object is to be labeled by all its workers.
"""

import json
from collections.abc import Sequence
from typing import Any

from localaws.groundtruth.jobs import key_of
from localaws.store import Store

WINDOW = 3600.0  # seconds that the pace is measured over
SHORTEST = 60.0  # seconds: a single answer just now is not a pace of hundreds an hour
MOST_FAILURES = 100
MOST_REASONS = 20
MOST_WORKERS = 500
DONE = ("labeled", "kept", "failed", "unwanted")
STATES = (*DONE, "waiting", "open", "answered", "stopped")
# The middle one of the sorted values, or the mean of the two in the middle.
MIDDLE = "position IN ((total + 1) / 2, (total + 2) / 2)"
GIVEN = "(SELECT value FROM json_each(?))"  # a JSON list of the jobs' keys
ANSWERS = "slot WHERE job = :job AND state = 'submitted'"
SECONDS = "coalesce(active_seconds, submitted_at - accepted_at)"  # what timeSpentInSeconds tells


class Statistics:
    def __init__(self, store: Store):
        self.store = store

    def progress(self, jobs: Sequence[dict], now: float) -> dict[str, dict[str, Any]]:
        """For each key of a job: ``objects`` by state, ``total``, ``done``, ``percent``, ``answers_per_hour``
        and ``seconds_left`` (None where that cannot be told)."""
        workers = {
            key_of(job["LabelingJobName"]): job["HumanTaskConfig"]["NumberOfHumanWorkersPerDataObject"]
            for job in jobs
            if job["LabelingJobStatus"] == "InProgress"
        }
        keys = json.dumps([key_of(job["LabelingJobName"]) for job in jobs])
        states, wanted, paces = self._states(keys), self._wanted(keys), self._paces(keys, now)
        described = {}
        for job in jobs:
            key = key_of(job["LabelingJobName"])
            objects = {state: states.get((key, state), 0) for state in STATES}
            total, done = sum(objects.values()), sum(objects[state] for state in DONE)
            left, pace = None, paces.get(key, 0.0)
            if key in workers and pace:
                left = (wanted.get(key, 0) + objects["waiting"] * workers[key]) / pace
            described[key] = {
                "objects": objects,
                "total": total,
                "done": done,
                "percent": round(100 * done / total, 1) if total else 0.0,
                "answers_per_hour": round(pace * 3600, 1),
                "seconds_left": left,
            }
        return described

    def workers(self, key: str) -> list[dict[str, Any]]:
        """Who has a part in the job, the busiest first: id and ``username`` (None where it is not known),
        ``answers`` and their ``median_seconds``, ``declined``, ``working`` (on a task now, or one put aside),
        ``last_answer_at``."""
        return self._dicts(
            f"""
            WITH answer AS (SELECT worker, {SECONDS} AS seconds, submitted_at FROM {ANSWERS}),
            timed AS (
                SELECT worker, seconds, row_number() OVER (PARTITION BY worker ORDER BY seconds) AS position,
                count(*) OVER (PARTITION BY worker) AS total FROM answer),
            middle AS (
                SELECT worker, avg(seconds) AS median_seconds FROM timed WHERE {MIDDLE} GROUP BY worker),
            part AS (
                SELECT worker, count(*) AS answers, 0 AS declined, 0 AS working,
                    max(submitted_at) AS last_answer_at FROM answer GROUP BY worker
                UNION ALL
                SELECT worker, 0, count(*), 0, NULL FROM refusal WHERE job = :job GROUP BY worker
                UNION ALL
                SELECT worker, 0, 0, count(*), NULL FROM slot
                WHERE job = :job AND state = 'working' GROUP BY worker)
            SELECT worker, max(username) AS username,
                sum(answers) AS answers, max(median_seconds) AS median_seconds,
                sum(declined) AS declined, sum(working) AS working, max(last_answer_at) AS last_answer_at
            FROM part LEFT JOIN middle USING (worker) LEFT JOIN worker AS person ON person.id = worker
            GROUP BY worker ORDER BY answers DESC, worker LIMIT {MOST_WORKERS}
            """,
            job=key,
        )

    def answers(self, key: str) -> dict[str, Any]:
        """Of all answers: ``count`` and ``median_seconds``."""
        return self._dicts(
            f"""
            WITH timed AS (
                SELECT {SECONDS} AS seconds, row_number() OVER (ORDER BY {SECONDS}) AS position,
                count(*) OVER () AS total FROM {ANSWERS})
            SELECT coalesce(max(total), 0) AS count,
                avg(seconds) FILTER (WHERE {MIDDLE}) AS median_seconds FROM timed
            """,
            job=key,
        )[0]

    def failures(self, key: str, attribute: str) -> dict[str, Any]:
        """``reasons`` with their counts, the commonest first, and the first ``objects`` that failed."""
        values = {"job": key, "reason": f'$."{attribute}-metadata"."failure-reason"'}
        failed = "FROM object WHERE job = :job AND state = 'failed'"
        reasons = self._dicts(
            f"SELECT json_extract(outcome, :reason) AS reason, count(*) AS count {failed} "
            f"GROUP BY reason ORDER BY count DESC, reason LIMIT {MOST_REASONS}",
            **values,
        )
        objects = self._dicts(
            "SELECT number, coalesce(json_extract(line, '$.\"source-ref\"'), "
            "substr(json_extract(line, '$.source'), 1, 200)) AS source, "
            f"json_extract(outcome, :reason) AS reason {failed} ORDER BY number LIMIT {MOST_FAILURES}",
            **values,
        )
        return {"reasons": reasons, "objects": objects}

    def newest(self, key: str, limit: int) -> list[tuple[int, str, str, int, int]]:
        """Number, line, outcome, width and height of the objects that were consolidated last."""
        return self.store.connection.execute(
            "SELECT number, line, outcome, width, height FROM object WHERE job = ? AND state = 'labeled' "
            "ORDER BY batch DESC, number DESC LIMIT ?",
            (key, limit),
        ).fetchall()

    def _states(self, keys: str) -> dict[tuple[str, str], int]:
        rows = self.store.connection.execute(
            f"SELECT job, state, count(*) FROM object WHERE job IN {GIVEN} GROUP BY job, state", (keys,)
        )
        return {(job, state): count for job, state, count in rows}

    def _wanted(self, keys: str) -> dict[str, int]:
        """How many answers the objects that are with workers still need."""
        rows = self.store.connection.execute(
            # Left alone, SQLite would go through all slots of the job for each of the objects.
            "SELECT object.job, count(*) FROM object JOIN slot INDEXED BY slot_by_object "
            "ON slot.job = object.job "
            f"AND slot.object = object.number WHERE object.job IN {GIVEN} AND object.state = 'open' "
            "AND slot.state != 'submitted' GROUP BY object.job",
            (keys,),
        )
        return dict(rows.fetchall())

    def _paces(self, keys: str, now: float) -> dict[str, float]:
        """Answers a second, for jobs that had any in the window."""
        rows = self.store.connection.execute(
            f"SELECT job, count(*), min(submitted_at) FROM slot WHERE job IN {GIVEN} AND submitted_at > ? "
            "GROUP BY job",
            (keys, now - WINDOW),
        )
        return {job: count / max(now - first, SHORTEST) for job, count, first in rows}

    def _dicts(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        cursor = self.store.connection.execute(statement, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]
