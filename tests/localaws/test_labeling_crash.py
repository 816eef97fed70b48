"""kill -9 of the server in the middle of a labeling job: what was acknowledged is in the output, once."""

import json
import time

import pytest

from tests.localaws.labeling import Studio, Worker, answer, box, wait_for

pytestmark = pytest.mark.slow


def label(worker: Worker, name: str, acknowledged: dict, most: int = 99) -> None:
    """Answer up to ``most`` tasks, and note each answer that the portal has acknowledged."""
    for _ in range(most):
        task = worker.claim(name)
        if task is None:
            return
        given = answer(box(len(acknowledged) % 30))
        assert worker.hand_in(task, given).status_code == 200
        acknowledged[task["object"], worker.id] = given


def test_no_acknowledged_answer_is_lost_and_none_is_asked_for_again(own_stand_in):
    studio = Studio(own_stand_in, workers=2)
    uris = studio.pictures(12)
    name = studio.create(
        studio.manifest(*({"source-ref": uri} for uri in uris)),
        NumberOfHumanWorkersPerDataObject=2,
        MaxConcurrentTaskCount=5,
    )
    root = f"output/{name}/annotations/"
    acknowledged: dict = {}
    workers = studio.workers()
    for among_files in (False, True):
        for worker in workers:
            label(worker, name, acknowledged, most=3)
        if among_files:  # in the middle of a consolidation rather than before it
            wait_for(lambda: studio.keys(f"{root}worker-response/"), "consolidation")
        own_stand_in.kill()
        own_stand_in.start()
    while studio.describe(name)["LabelingJobStatus"] == "InProgress":
        for worker in workers:  # their sessions have outlived the server
            label(worker, name, acknowledged)
        time.sleep(0.1)
    studio.finished(name)

    assert len(acknowledged) == 2 * len(uris)  # each worker was asked about each object once
    kept = {}
    files = studio.keys(f"{root}worker-response/")
    for key in files:
        number = int(key.split("/")[1])
        for given in json.loads(studio.read(f"{root}worker-response/{key}"))["answers"]:
            kept[uris[number], given["workerId"]] = given["answerContent"]
    assert kept == acknowledged
    lines = studio.output(name)
    assert [line["source-ref"] for line in lines] == uris and all("boxes" in line for line in lines)
    # A consolidation that was repeated has replaced its files and added none.
    assert len(files) == len(uris)
    consolidated = f"{root}consolidated-annotation/consolidation-"
    assert studio.keys(f"{consolidated}request/") == studio.keys(f"{consolidated}response/")


def test_a_function_that_ends_with_the_server_has_not_failed(own_stand_in, tmp_path):
    studio = Studio(own_stand_in, workers=1)
    began, go_on = tmp_path / "began", tmp_path / "go on"
    function = studio.function(f"""
import pathlib, time

def handle(event, context):
    pathlib.Path({str(began)!r}).touch()
    while not pathlib.Path({str(go_on)!r}).exists():
        time.sleep(0.05)
    task = {{"taskObject": event["dataObject"]["source-ref"], "labels": ["dog", "cat"]}}
    return {{"taskInput": task}}
""", timeout=60)  # fmt: skip
    manifest = studio.manifest({"source-ref": studio.pictures(1)[0]})
    request = studio.request(manifest, PreHumanTaskLambdaArn=function)
    studio.sagemaker.create_labeling_job(**request)
    wait_for(began.exists, "the function to be called")
    own_stand_in.stop()
    go_on.touch()
    own_stand_in.start()
    worker, name = studio.worker(), request["LabelingJobName"]
    wait_for(lambda: worker.label_all(name, lambda task: [box(4)]), "the task")
    assert studio.finished(name)["LabelCounters"]["HumanLabeled"] == 1


def test_jobs_killed_while_they_begin_stop_or_end_come_to_their_end(own_stand_in):
    studio = Studio(own_stand_in, workers=1)
    manifest = studio.manifest(*({"source-ref": uri} for uri in studio.pictures(3)))
    stopped = studio.create(manifest)
    worker = studio.worker()
    assert worker.hand_in(worker.claim(stopped), answer(box(4))).status_code == 200
    begun = studio.request(manifest)
    name = begun["LabelingJobName"]
    studio.sagemaker.create_labeling_job(**begun)
    studio.sagemaker.stop_labeling_job(LabelingJobName=stopped)
    own_stand_in.kill()
    own_stand_in.start()
    assert studio.finished(stopped, "Stopped")["LabelCounters"]["HumanLabeled"] == 1
    assert ["boxes" in line for line in studio.output(stopped)] == [True, False, False]
    wait_for(lambda: studio.describe(name)["LabelingJobStatus"] == "InProgress", f"{name} to begin")
    assert len(worker.label_all(name, lambda task: [box(4)])) == 3
    own_stand_in.kill()
    own_stand_in.start()
    assert studio.finished(name)["LabelCounters"]["HumanLabeled"] == 3
    assert all("boxes" in line for line in studio.output(name))


def test_a_saved_draft_and_its_lease_survive_a_killed_server(own_stand_in):
    studio = Studio(own_stand_in, workers=2)
    name = studio.create(studio.manifest(*({"source-ref": uri} for uri in studio.pictures(2))))
    worker, other = studio.workers()
    task, stopped = worker.claim(name), other.claim(name)
    assert worker.act(task, "draft", draft={"boundingBox": [1]}).status_code == 200
    assert other.act(stopped, "stop", draft={"boundingBox": [2]}).status_code == 200
    own_stand_in.kill()
    own_stand_in.start()
    assert other.jobs()[name]["at_hand"] == "stopped"
    for who, before, draft in ((worker, task, [1]), (other, stopped, [2])):
        again = who.claim(name)
        assert again["draft"] == {"boundingBox": draft}
        for key in ("lease", "task", "csrf_token", "expires_at"):
            assert again[key] == before[key], key
        assert who.hand_in(before, answer(box(4))).status_code == 200
