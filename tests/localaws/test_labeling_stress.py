"""Many workers at once, leases that run out, two kills of the server: what was acknowledged is kept, once."""

import contextlib
import json
import multiprocessing
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.localaws.labeling import Studio, Worker, answer, box

WORKERS, OBJECTS, PER_OBJECT = 6, 200, 3
PATIENCE = 120  # seconds in which a killed server must answer again


def work(portal: str, username: str, job: str, notes: Path, over: Path) -> None:
    """A worker's process: answer what there is until ``over`` exists, and note what the portal said."""
    worker, chance = Worker(portal, username), random.Random(username)
    with notes.open("a") as file:
        while not over.exists():
            reply = answered(lambda: worker.ask(job))
            if reply.status_code == 204:  # others hold what is left, and may lose it
                time.sleep(0.2)
                continue
            assert reply.status_code == 200, reply.text
            task = reply.json()
            given = answer(box(number_of(task["object"]) % 30 + chance.randint(0, 2)))
            reply = answered(lambda task=task, given=given: worker.hand_in(task, given))
            assert reply.status_code in (200, 409), reply.text  # 409: the lease ran out
            note = {"object": task["object"], "worker": worker.id, "status": reply.status_code}
            file.write(json.dumps(note | {"answer": given}) + "\n")
            file.flush()


def answered(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """The reply, asked for again while there is no server: what was sent may have arrived all the same."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            reply = ask()
            if reply.status_code < 500:
                return reply
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, "the server does not come back"
        time.sleep(0.2)


def number_of(uri: str) -> int:
    return int(uri.rpartition("/")[2].removesuffix(".jpg"))


class Crowd:
    """The workers' processes and what they have noted."""

    def __init__(self, studio: Studio, job: str, folder: Path):
        self.over = folder / "over"
        self.notes = [folder / f"{name}.jsonl" for name in studio.usernames]
        context = multiprocessing.get_context("spawn")
        self.processes = [
            context.Process(target=work, args=(studio.stand_in.portal, name, job, notes, self.over))
            for name, notes in zip(studio.usernames, self.notes, strict=True)
        ]
        for process in self.processes:
            process.start()

    def noted(self, status: int) -> list[dict]:
        lines = [line for file in self.notes if file.exists() for line in file.read_text().splitlines(True)]
        notes = [json.loads(line) for line in lines if line.endswith("\n")]
        return [note for note in notes if note["status"] == status]

    def go_home(self) -> None:
        self.over.touch()
        for process in self.processes:
            process.join(PATIENCE)
            assert process.exitcode == 0

    def stop(self) -> None:
        for process in self.processes:
            process.kill()


@contextlib.contextmanager
def crowd_of(studio: Studio, job: str, folder: Path) -> Iterator[Crowd]:
    crowd = Crowd(studio, job, folder)
    try:
        yield crowd
    finally:
        crowd.stop()


def let_leases_run_out(studio: Studio, job: str) -> None:
    """Every other lease of this moment has lasted its time; nobody waits for the least of 30 seconds."""
    with contextlib.closing(
        sqlite3.connect(studio.stand_in.home / "ground_truth.sqlite3", timeout=30)
    ) as base:
        base.execute(
            "UPDATE slot SET lease_until = lease_until - 31 WHERE job = ? AND state = 'working' AND id % 2",
            (job.lower(),),
        )
        base.commit()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_acknowledged_answer_is_lost_and_nobody_sees_an_object_twice(own_stand_in, tmp_path):
    studio = Studio(own_stand_in, workers=WORKERS)
    uris = studio.pictures(OBJECTS)
    job = studio.create(
        studio.manifest(*({"source-ref": uri} for uri in uris)),
        NumberOfHumanWorkersPerDataObject=PER_OBJECT,
        MaxConcurrentTaskCount=60,
        TaskTimeLimitInSeconds=30,
    )
    with crowd_of(studio, job, tmp_path) as crowd:
        for kill_at in (OBJECTS, 2 * OBJECTS):
            while len(crowd.noted(200)) < kill_at:
                assert all(process.is_alive() for process in crowd.processes)
                let_leases_run_out(studio, job)
                time.sleep(1)
            own_stand_in.kill()
            own_stand_in.start()
        counters = studio.finished(job, seconds=600)["LabelCounters"]
        crowd.go_home()

    assert counters == dict.fromkeys(counters, 0) | {"TotalLabeled": OBJECTS, "HumanLabeled": OBJECTS}
    acknowledged = crowd.noted(200)
    given = {(note["object"], note["worker"]): note["answer"] for note in acknowledged}
    assert len(given) == len(acknowledged) == OBJECTS * PER_OBJECT
    assert crowd.noted(409), "no lease has run out"
    assert responses(studio, job, uris) == given
    assert consolidated(studio, job, uris) == given
    lines = studio.output(job)
    assert [line["source-ref"] for line in lines] == uris
    for line in lines:
        (drawn,) = line["boxes"]["annotations"]
        assert 0 <= drawn["left"] - number_of(line["source-ref"]) % 30 <= 2


def responses(studio: Studio, job: str, uris: list[str]) -> dict:
    """The answers in the worker-response files, by object and worker; none may be there twice."""
    root, found = f"output/{job}/annotations/worker-response/", []
    keys = studio.keys(root)
    assert len({key.split("/")[1] for key in keys}) == len(keys), "an object has two files"
    for key in keys:
        for entry in json.loads(studio.read(root + key))["answers"]:
            found.append(((uris[int(key.split("/")[1])], entry["workerId"]), entry["answerContent"]))
    assert len(dict(found)) == len(found)
    return dict(found)


def consolidated(studio: Studio, job: str, uris: list[str]) -> dict:
    """The answers in the requests that the consolidation function was sent."""
    root, found = f"output/{job}/annotations/consolidated-annotation/consolidation-request/", []
    for key in studio.keys(root):
        for item in json.loads(studio.read(root + key)):
            for entry in item["annotations"]:
                content = json.loads(entry["annotationData"]["content"])
                found.append(((uris[int(item["datasetObjectId"])], entry["workerId"]), content))
    assert len(dict(found)) == len(found), "an object was consolidated twice"
    return dict(found)
