"""A task in a worker's hands: drafts, stopping and resuming, time, and the token that binds it to a lease."""

import json
import secrets
from collections.abc import Iterator

import pytest

from localaws.groundtruth.portal.api import LARGEST_DRAFT
from tests.localaws.labeling import Studio, Worker, answer, box, wait_for

DRAFT = {"boundingBox": {"boxes": [[1, 2, 3, 4]], "label": "dog – 犬"}, "comment": ""}


@pytest.fixture(scope="module")
def studio(stand_in) -> Iterator[Studio]:
    with Studio(stand_in) as studio:
        yield studio


@pytest.fixture(scope="module")
def job(studio) -> str:
    lines = [{"source-ref": uri} for uri in studio.pictures(12)]
    return studio.create(studio.manifest(*lines), NumberOfHumanWorkersPerDataObject=9)


@pytest.fixture
def worker(studio) -> Worker:
    """A new member of the team, so that no test finds another one's task at hand."""
    username = f"{studio.name}-{secrets.token_hex(4)}"
    studio.add_user(username)
    studio.join(username, studio.name)
    return Worker(studio.stand_in.portal, username)


def test_a_draft_comes_back_with_the_task_and_the_last_one_counts(worker, job):
    task = worker.claim(job)
    assert task["draft"] is None
    for draft in ({"boundingBox": "older"}, DRAFT):
        assert worker.act(task, "draft", draft=draft).status_code == 200
    again = worker.claim(job)
    assert again["draft"] == DRAFT and again["lease"] == task["lease"]
    assert again["csrf_token"] == task["csrf_token"]


def test_a_draft_outlives_the_session_but_not_the_task(studio, worker, job):
    task = worker.claim(job)
    worker.act(task, "draft", draft=DRAFT)
    worker.http.post("/api/sign-out")
    back = Worker(studio.stand_in.portal, worker.me["username"])
    again = back.claim(job)
    assert again["draft"] == DRAFT and again["csrf_token"] != task["csrf_token"]
    assert back.act(again, "release").status_code == 200
    assert back.claim(job)["draft"] is None


def test_nobody_else_sees_a_draft_once_the_task_was_handed_back(studio):
    lines = [{"source-ref": uri} for uri in studio.pictures(1)]
    name = studio.create(studio.manifest(*lines))
    first, second = studio.worker(0), studio.worker(1)
    task = first.claim(name)
    first.act(task, "draft", draft=DRAFT)
    first.act(task, "release")
    assert second.claim(name)["draft"] is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"draft": None}, 400),
        ({"draft": "text"}, 400),
        ({"draft": [1]}, 400),
        ({"draft": {"x": "y" * LARGEST_DRAFT}}, 413),
    ],
    ids=["none", "null", "text", "list", "too large"],
)
def test_a_draft_that_is_no_object_or_too_large_leaves_the_last_one(worker, job, body, status):
    task = worker.claim(job)
    worker.act(task, "draft", draft=DRAFT)
    assert worker.act(task, "draft", **body).status_code == status
    assert worker.claim(job)["draft"] == DRAFT


def test_a_draft_never_keeps_its_task_from_being_claimed_again(worker, job):
    """Neither half a character, which a browser may send, nor a number that JSON can write but not read."""
    task = worker.claim(job)
    post = f"/api/tasks/{task['task']}/draft"
    own = {"X-CSRF-Token": task["csrf_token"]}
    half = f'{{"lease": "{task["lease"]}", "draft": {{"comment": "\\ud83d"}}}}'
    assert worker.http.post(post, content=half, headers=own).status_code == 200
    assert '"draft":{"comment":"\\ud83d"}' in worker.ask(job).text
    for number in ("1e999", "-1e999", "NaN", "Infinity"):
        body = f'{{"lease": "{task["lease"]}", "draft": {{"zoom": {number}}}}}'
        refused = worker.http.post(post, content=body, headers=own)
        assert refused.status_code == 400 and "is no number of JSON" in refused.text, number
    assert worker.ask(job).status_code == 200


def test_a_stopped_task_stays_its_workers_and_is_resumed_with_its_draft(worker, job):
    assert worker.jobs()[job]["at_hand"] is None and worker.jobs()[job]["seconds_left"] is None
    task = worker.claim(job)
    assert worker.jobs()[job]["at_hand"] == "open"
    assert worker.act(task, "stop", draft=DRAFT).status_code == 200
    assert worker.act(task, "stop").status_code == 200  # as after a lost reply; the draft stays
    listed = worker.jobs()[job]
    assert listed["at_hand"] == "stopped" and 200 < listed["seconds_left"] <= 300
    again = worker.claim(job)
    assert (again["lease"], again["draft"]) == (task["lease"], DRAFT)
    assert again["expires_at"] == task["expires_at"]  # the time has run on
    assert worker.jobs()[job]["at_hand"] == "open"
    assert worker.hand_in(again, answer(box(4))).status_code == 200


def test_a_stopped_task_runs_out_of_time_like_any_other(studio):
    lines = [{"source-ref": uri} for uri in studio.pictures(1)]
    name = studio.create(studio.manifest(*lines))
    first, second = studio.worker(0), studio.worker(1)
    task = first.claim(name)
    first.act(task, "stop", draft=DRAFT)
    assert second.claim(name) is None
    studio.pass_time(name, 300)
    assert second.claim(name)["draft"] is None
    for way in ("draft", "stop", "activity"):
        assert first.act(task, way, draft=DRAFT).status_code == 409, way


def test_progress_counts_what_the_worker_has_done_and_can_still_get(studio):
    lines = [{"source-ref": uri} for uri in studio.pictures(5)]
    name = studio.create(studio.manifest(*lines), MaxConcurrentTaskCount=2)
    first, second = studio.worker(0), studio.worker(1)
    task = first.claim(name)
    assert task["progress"] == {"done": 0, "total": 5}
    first.hand_in(task, answer(box(4)))
    assert second.claim(name)["progress"] == {"done": 0, "total": 4}
    task = wait_for(lambda: first.claim(name), "the next object to be opened")
    assert task["progress"] == {"done": 1, "total": 4}  # all but the one that the other worker holds
    first.act(task, "decline")
    task = wait_for(lambda: first.claim(name), "the next object to be opened")
    assert task["progress"] == {"done": 1, "total": 3}


def test_a_task_tells_how_much_time_is_left(worker, job):
    task = worker.claim(job)
    assert 290 < task["seconds_left"] <= 300 and task["title"] == "Boxes"


def test_a_tasks_token_is_worth_nothing_for_another_task_or_in_another_session(studio, worker, job):
    task = worker.claim(job)
    other = studio.worker().claim(job)
    again = Worker(studio.stand_in.portal, worker.me["username"])  # a second session of the same worker
    tokens = ["", "wrong", worker.me["csrf_token"], other["csrf_token"], again.claim(job)["csrf_token"]]
    for way in ("submit", "release", "decline", "draft", "stop", "activity"):
        for token in tokens:
            forged = worker.act(task | {"csrf_token": token}, way, draft=DRAFT, answer=answer(box(4)))
            assert forged.status_code == 403, (way, token)
    made_up = worker.act(task | {"lease": "made up"}, "submit", answer=answer(box(4)))
    assert made_up.status_code == 403
    assert worker.ask(job).json()["lease"] == task["lease"]
    assert worker.act(task, "activity").status_code == 200


def test_a_number_that_no_task_has_is_no_fault_of_the_server(worker, job):
    task = worker.claim(job)
    for number in ("0", str(2**63), "9" * 40):
        assert worker.act(task | {"task": number}, "draft", draft=DRAFT).status_code == 409, number
    half = worker.http.post(f"/api/tasks/{task['task']}/draft", content=b'{"lease": "\\ud800", "draft": {}}')
    assert half.status_code == 400 and "half a character" in half.json()["error"]


def test_time_spent_is_what_the_page_saw_of_work_or_else_the_time_from_claim_to_answer(studio):
    lines = [{"source-ref": uri} for uri in studio.pictures(2)]
    name = studio.create(studio.manifest(*lines))
    watched, plain = studio.worker(0), studio.worker(1)
    task, other = watched.claim(name), plain.claim(name)
    assert watched.act(task, "activity").status_code == 200
    # Twenty seconds of work, then four minutes away from the desk, of which one counts.
    studio.change_slots(name, "accepted_at = accepted_at - 260")
    studio.change_slots(name, "active_seconds = 20, active_at = active_at - 240 WHERE active_at IS NOT NULL")
    for who, which in ((watched, task), (plain, other)):
        assert who.hand_in(which, answer(box(4))).status_code == 200
    studio.finished(name)
    prefix = f"output/{name}/annotations/worker-response/iteration-1/"
    spent = {}
    for key in studio.keys(prefix):
        (given,) = json.loads(studio.read(prefix + key))["answers"]
        spent[given["workerId"]] = given["timeSpentInSeconds"]
    assert spent[watched.id] == pytest.approx(80, abs=15)
    assert spent[plain.id] == pytest.approx(260, abs=15)
