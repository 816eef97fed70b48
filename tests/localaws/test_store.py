"""The store under writers that race, die or fail halfway."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from localaws.store import Store, Taken

ROOT = Path(__file__).resolve().parents[2]
WRITER = """
import sys
from localaws.store import Store

store = Store(sys.argv[1])
for number in range(1_000_000):
    store.add("note", f"{number:07}", {"number": number})
    print(number, flush=True)
"""


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "home" / "state.sqlite3")


def test_of_many_that_create_one_name_exactly_one_succeeds(store):
    def add(number: int) -> bool:
        try:
            store.add("job", "boxes", {"number": number})
        except Taken:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        created = [number for number, done in enumerate(pool.map(add, range(40))) if done]
    assert len(created) == 1
    assert store.find("job", "boxes") == {"number": created[0]}


def test_updates_of_many_threads_are_all_kept(store):
    store.add("job", "boxes", {"status": "InProgress"})
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: store.update("job", "boxes", **{f"key{number}": number}), range(100)))
    expected = {"status": "InProgress"} | {f"key{number}": number for number in range(100)}
    assert store.find("job", "boxes") == expected


def test_of_many_that_expect_one_state_exactly_one_moves_on(store):
    store.add("task", "1", {"state": "open", "worker": None})

    def claim(worker: int) -> bool:
        return store.update_if("task", "1", {"state": "open", "worker": None}, state="claimed", worker=worker)

    with ThreadPoolExecutor(8) as pool:
        winners = [worker for worker, won in enumerate(pool.map(claim, range(40))) if won]
    assert len(winners) == 1
    assert store.find("task", "1") == {"state": "claimed", "worker": winners[0]}
    assert store.update_if("task", "none", {}, state="claimed") is False


def test_what_was_acknowledged_survives_kill_9(tmp_path):
    path = tmp_path / "state.sqlite3"
    command = [sys.executable, "-c", WRITER, str(path)]
    writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    for _ in range(50):
        writer.stdout.readline()
    writer.kill()
    acknowledged = 50 + len(writer.stdout.read().splitlines())
    writer.wait()
    numbers = [document["number"] for document in Store(path).all("note")]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= acknowledged


def test_a_transaction_that_fails_leaves_nothing_behind(store):
    store.connection.execute("CREATE TABLE line (text TEXT)")
    with pytest.raises(ZeroDivisionError), store.transaction() as connection:
        connection.execute("INSERT INTO line VALUES ('one')")
        store.add("job", "boxes", {})
        with store.transaction():
            store.replace("job", "points", {})
        1 / 0  # noqa: B018
    assert store.find("job", "boxes") is None
    assert store.find("job", "points") is None
    assert store.connection.execute("SELECT count(*) FROM line").fetchone() == (0,)
    store.add("job", "boxes", {})  # and the store still works


def test_readers_see_the_last_state_while_a_writer_works(store):
    store.add("job", "boxes", {"status": "InProgress"})
    seen = []
    with store.transaction():
        store.update("job", "boxes", status="Completed")
        reader = threading.Thread(target=lambda: seen.append(store.find("job", "boxes")))
        reader.start()
        reader.join(timeout=20)
    assert seen == [{"status": "InProgress"}]
    assert store.find("job", "boxes") == {"status": "Completed"}


def test_a_prefix_is_taken_literally(store):
    for name in ("a_b", "aXb", "a%", "a\U0010fffd", "b", "A"):
        store.add("job", name, {"name": name})
    store.add("team", "a_b", {"name": "another kind"})
    assert [job["name"] for job in store.all("job", "a_")] == ["a_b"]
    assert [job["name"] for job in store.all("job", "a")] == ["a%", "aXb", "a_b", "a\U0010fffd"]
    assert [job["name"] for job in store.all("job")] == ["A", "a%", "aXb", "a_b", "a\U0010fffd", "b"]


def test_the_newest_comes_first_and_replacing_does_not_make_new(store):
    for name in ("c", "a", "b"):
        store.add("job", name, {"name": name})
    store.replace("job", "c", {"name": "c", "again": True})
    assert [job["name"] for job in store.newest("job")] == ["b", "a", "c"]
    assert store.find("job", "c") == {"name": "c", "again": True}


def test_deleting_tells_whether_there_was_something(store):
    store.add("job", "boxes", {})
    assert store.delete("job", "boxes") is True
    assert store.delete("job", "boxes") is False
    with pytest.raises(KeyError, match="there is no job boxes"):
        store.update("job", "boxes", status="Failed")


def test_a_moment_is_kept_as_aws_writes_it_and_bytes_are_refused(store):
    moment = datetime(2026, 11, 22, 15, 3, tzinfo=UTC)
    store.add("job", "boxes", {"CreationTime": moment})
    assert store.find("job", "boxes") == {"CreationTime": moment.timestamp()}
    with pytest.raises(TypeError, match="cannot hold bytes"):
        store.add("job", "image", {"Body": b"\xff"})
