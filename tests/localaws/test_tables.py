"""Databases that an older version of the stand-in has made are opened with all that is in them."""

import re

import pytest

from localaws.groundtruth.batches import Batches
from localaws.groundtruth.objects import NewObject, Objects, Prepared
from localaws.groundtruth.tables import SCHEMA, create_tables
from localaws.groundtruth.tasks import Tasks
from localaws.store import Store

NEW_COLUMNS = ("stopped_at REAL", "active_at REAL", "active_seconds REAL", "draft TEXT")


def old_schema() -> str:
    """The tables as they were before drafts and stopped tasks."""
    schema = SCHEMA
    for column in NEW_COLUMNS:
        assert column in schema
        schema = re.sub(rf",\s*{column}(?=[,\s])", "", schema)
    return schema


@pytest.fixture
def old_store(tmp_path) -> Store:
    """Two tasks in the hands of anna and ben, of which ben has answered his."""
    store = Store(tmp_path / "old.sqlite3")
    store.connection.executescript(old_schema())
    rows = Objects(store)
    rows.replace_all("job", [NewObject(number, f'{{"line": {number}}}') for number in range(2)])
    rows.offer("job", [Prepared(number, "open", "{}", 10, 10) for number in range(2)], 1, 600)
    for number, (worker, state) in enumerate((("anna", "working"), ("ben", "submitted"))):
        store.connection.execute(
            "UPDATE slot SET state = ?, worker = ?, token = ?, accepted_at = 1, lease_until = 9e9, "
            "submitted_at = 5, answer = ? WHERE object = ?",
            (state, worker, f"token of {worker}", '{"boxes": []}' if state == "submitted" else None, number),
        )
        store.connection.execute(
            "INSERT INTO worker (id, sub, issuer) VALUES (?, 'sub', 'issuer')", (worker,)
        )
    return store


def test_an_old_database_keeps_its_leases_and_answers_and_learns_drafts(old_store):
    before = old_store.connection.execute("SELECT * FROM slot").fetchall()
    create_tables(old_store.connection)
    after = old_store.connection.execute("SELECT * FROM slot").fetchall()
    assert after == [row + (None,) * len(NEW_COLUMNS) for row in before]
    tasks = Tasks(old_store)
    lease = tasks.claim("job", "anna", 60)
    assert lease.token == "token of anna" and tasks.draft(lease) is None
    tasks.save_draft(lease, "anna", '{"a": 1}')
    assert tasks.draft(lease) == '{"a": 1}'
    (answered,) = Batches(old_store).answers("job", 1)
    assert answered.content == '{"boxes": []}' and answered.active_seconds is None


def test_opening_a_database_again_changes_nothing(old_store):
    create_tables(old_store.connection)
    before = old_store.connection.execute("SELECT sql FROM sqlite_schema ORDER BY name").fetchall()
    create_tables(old_store.connection)
    assert old_store.connection.execute("SELECT sql FROM sqlite_schema ORDER BY name").fetchall() == before


def test_an_old_table_and_a_new_one_have_the_same_columns(old_store, tmp_path):
    create_tables(old_store.connection)
    new = Store(tmp_path / "new.sqlite3")
    create_tables(new.connection)
    for table in ("object", "slot", "refusal", "batch", "worker"):
        columns = [
            {tuple(row[1:]) for row in store.connection.execute(f"PRAGMA table_info({table})")}
            for store in (old_store, new)
        ]
        assert columns[0] == columns[1], table
