"""The tables of Ground Truth: what would be too many documents. Jobs, teams and workforces are documents.

object     one line of a job's input manifest; ``number`` (from 0) is AWS's datasetObjectId
           state     waiting    not offered to anybody yet
                     open       offered: it has one slot per worker that it needs
                     answered   no more answers are wanted; to be consolidated in ``batch``
                     labeled    consolidated; ``outcome`` holds what the output line gains
                     failed     ``outcome`` holds the metadata with the failure-reason
                     kept       had this job's label attribute in the input: goes through as it is
                     unwanted   the pre-annotation function wants no annotation: goes through as it is
                     stopped    the job ended first: goes through as it is
           Only an open object can be claimed or answered, so whoever moves it on has closed it to workers.
slot       one answer that an object still needs, or has; a worker holds at most one per object
           draft      what the worker has done so far, as the worker's page tells it
           stopped_at the worker has put the task aside, and keeps it until its time is over
           active_*   seconds of work, and the last sign of it: see tasks.py
refusal    a worker who declined an object is not offered it again
batch      objects that were, or are being, consolidated in one call; ``moment`` names its files
worker     who answered: an identity of the user pool; ``username`` as of the last sign-in
"""

import contextlib
import sqlite3

SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
    job TEXT NOT NULL,
    number INTEGER NOT NULL,
    line TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN
        ('waiting', 'open', 'answered', 'labeled', 'failed', 'kept', 'unwanted', 'stopped')),
    machine INTEGER NOT NULL DEFAULT 0, -- a kept label that no human made
    task_input TEXT,
    width INTEGER,
    height INTEGER,
    expires_at REAL,
    batch INTEGER,
    outcome TEXT,
    PRIMARY KEY (job, number)
);
CREATE INDEX IF NOT EXISTS object_by_state ON object (job, state, machine);
CREATE INDEX IF NOT EXISTS object_by_batch ON object (job, batch);
CREATE TABLE IF NOT EXISTS slot (
    id INTEGER PRIMARY KEY,
    job TEXT NOT NULL,
    object INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'available' CHECK (state IN ('available', 'working', 'submitted')),
    worker TEXT,
    token TEXT,
    accepted_at REAL,
    lease_until REAL,
    submitted_at REAL,
    answer TEXT,
    stopped_at REAL,
    active_at REAL,
    active_seconds REAL,
    draft TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS one_slot_per_worker ON slot (job, object, worker) WHERE worker IS NOT NULL;
CREATE INDEX IF NOT EXISTS slot_by_state ON slot (job, state, object);
CREATE INDEX IF NOT EXISTS slot_by_object ON slot (job, object);
CREATE INDEX IF NOT EXISTS slot_by_worker ON slot (job, worker, state);
CREATE INDEX IF NOT EXISTS slot_by_time ON slot (job, submitted_at);
CREATE TABLE IF NOT EXISTS refusal (
    job TEXT NOT NULL,
    object INTEGER NOT NULL,
    worker TEXT NOT NULL,
    PRIMARY KEY (job, object, worker)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batch (
    job TEXT NOT NULL,
    number INTEGER NOT NULL,
    iteration INTEGER NOT NULL,
    moment INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (job, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS worker (
    id TEXT PRIMARY KEY,
    sub TEXT NOT NULL,
    issuer TEXT NOT NULL,
    username TEXT
) WITHOUT ROWID;
"""


def create_tables(connection: sqlite3.Connection) -> None:
    """Make what is not there yet. Tables of an older version gain the columns that they lack, without values,
    so a column that is added to SCHEMA must be one that may be NULL."""
    connection.executescript(SCHEMA)
    with contextlib.closing(sqlite3.connect(":memory:")) as new:
        new.executescript(SCHEMA)
        tables = new.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        for (table,) in tables:
            known = _columns(connection, table)
            for name, kind in _columns(new, table).items():
                if name not in known:
                    connection.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")


def _columns(connection: sqlite3.Connection, table: str) -> dict[str, str]:
    """Type by name."""
    return dict(connection.execute("SELECT name, type FROM pragma_table_info(?)", (table,)).fetchall())
