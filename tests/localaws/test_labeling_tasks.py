"""Leases on tasks, against the database itself: the races that HTTP would only hide."""

import threading
import time

import pytest

from localaws.groundtruth.jobs import Jobs
from localaws.groundtruth.objects import NewObject, Objects, Prepared
from localaws.groundtruth.tables import create_tables
from localaws.groundtruth.tasks import LeaseGone, Tasks
from localaws.store import Store

JOB, MINUTE = "job", 60


@pytest.fixture
def store(tmp_path) -> Store:
    store = Store(tmp_path / "tasks.sqlite3")
    create_tables(store.connection)
    return store


@pytest.fixture
def tasks(store) -> Tasks:
    return Tasks(store)


def offer(store: Store, objects: int, workers: int, lifetime: float = MINUTE) -> Objects:
    rows = Objects(store)
    rows.replace_all(JOB, [NewObject(number, "{}") for number in range(objects)])
    prepared = [Prepared(number, "open", "{}", 10, 10) for number in range(objects)]
    rows.offer(JOB, prepared, workers, lifetime)
    return rows


def test_many_workers_at_once_never_share_a_slot_and_never_meet_an_object_twice(store, tasks):
    objects, workers = offer(store, 30, 3), [f"worker-{number}" for number in range(5)]
    done: list[tuple[int, str]] = []

    def work(worker: str) -> None:
        while lease := tasks.claim(JOB, worker, MINUTE):
            tasks.submit(lease, worker, "{}")
            done.append((lease.object, worker))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == len(set(done)) == 30 * 3
    assert objects.count(JOB, "answered") == 30


def test_a_worker_who_asks_again_gets_the_task_at_hand(store, tasks):
    offer(store, 2, 1)
    first = tasks.claim(JOB, "anna", MINUTE)
    assert tasks.claim(JOB, "anna", MINUTE) == first
    assert tasks.claim(JOB, "ben", MINUTE).object != first.object
    assert tasks.claim(JOB, "cleo", MINUTE) is None


def test_an_expired_lease_is_worth_nothing_and_its_slot_goes_to_the_next(store, tasks):
    offer(store, 1, 1)
    late = tasks.claim(JOB, "anna", 0.05)
    assert tasks.available(JOB, "ben") == 0
    time.sleep(max(0, late.until - time.time()) + 0.01)
    with pytest.raises(LeaseGone):
        tasks.submit(late, "anna", "{}")
    again = tasks.claim(JOB, "ben", MINUTE)
    assert (again.object, again.id) == (late.object, late.id) and again.token != late.token
    with pytest.raises(LeaseGone):
        tasks.submit(late, "anna", "{}")
    tasks.submit(again, "ben", "{}")


def test_a_lease_ends_with_its_object(store, tasks):
    offer(store, 1, 1, lifetime=5)
    assert tasks.claim(JOB, "anna", MINUTE).until <= time.time() + 5


def test_a_released_task_may_come_back_and_a_declined_one_does_not(store, tasks):
    offer(store, 1, 2)
    tasks.release(tasks.claim(JOB, "anna", MINUTE))
    lease = tasks.claim(JOB, "anna", MINUTE)
    tasks.decline(lease, "anna")
    assert tasks.claim(JOB, "anna", MINUTE) is None and tasks.available(JOB, "anna") == 0
    assert tasks.claim(JOB, "ben", MINUTE) is not None


def test_an_object_that_as_many_decline_as_it_needs_is_offered_to_nobody(store, tasks):
    objects = offer(store, 1, 2)
    for worker in ("anna", "ben"):
        tasks.decline(tasks.claim(JOB, worker, MINUTE), worker)
    assert tasks.claim(JOB, "cleo", MINUTE) is None
    objects.expire(JOB, time.time(), '{"failed": true}')
    assert list(objects.lines(JOB)) == [("{}", '{"failed": true}')]
    assert objects.counters(JOB)["FailedNonRetryableError"] == 1


def test_objects_that_run_out_of_time_fail_untouched_and_are_consolidated_with_any_answer(store, tasks):
    objects = offer(store, 2, 2, lifetime=0.2)
    lease = tasks.claim(JOB, "anna", MINUTE)
    tasks.submit(lease, "anna", "{}")
    objects.expire(JOB, time.time() + 1, "{}")
    assert objects.count(JOB, "answered") == 1 and objects.count(JOB, "failed") == 1


def test_no_answer_is_accepted_once_a_job_has_taken_its_tasks_back(store, tasks):
    objects = offer(store, 1, 1)
    lease = tasks.claim(JOB, "anna", MINUTE)
    objects.close(JOB)
    with pytest.raises(LeaseGone):
        tasks.submit(lease, "anna", "{}")
    with pytest.raises(LeaseGone):
        tasks.held(lease.id, "anna", lease.token)
    assert tasks.claim(JOB, "ben", MINUTE) is None


def test_a_task_that_an_older_server_wrote_is_still_one_with_boxes(store):
    jobs = Jobs(store)
    jobs.add({"LabelingJobName": "Old"}, {"labels": ["dog"], "template": "", "kind": "crowd-bounding-box"})
    task = jobs.task("old")
    assert (task["tag"], task["reviewed"]) == ("crowd-bounding-box", None)


def test_the_same_answer_again_is_known_and_another_one_is_not(store, tasks):
    offer(store, 1, 1)
    lease = tasks.claim(JOB, "anna", MINUTE)
    tasks.submit(lease, "anna", '{"a": 1}')
    assert tasks.was_submitted(lease.id, "anna", lease.token, '{"a": 1}')
    assert not tasks.was_submitted(lease.id, "anna", lease.token, '{"a": 2}')
    assert not tasks.was_submitted(lease.id, "ben", lease.token, '{"a": 1}')
