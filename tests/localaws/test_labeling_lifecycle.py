"""What a job comes to when workers decline, are too few or too many, and when nothing can be labeled."""

from collections.abc import Iterator

import pytest

from tests.localaws.labeling import Studio, answer, box, wait_for


@pytest.fixture(scope="module")
def studio(stand_in) -> Iterator[Studio]:
    with Studio(stand_in, workers=9) as studio:
        yield studio


@pytest.fixture(scope="module")
def manifest(studio) -> str:
    return studio.manifest(*({"source-ref": uri} for uri in studio.pictures(3)))


def draw(task: dict) -> list[dict]:
    return [box(4)]


def test_nine_workers_may_be_asked_about_one_object(studio):
    manifest = studio.manifest({"source-ref": studio.pictures(1)[0]})
    job = studio.create(manifest, NumberOfHumanWorkersPerDataObject=9)
    for number in range(9):
        assert len(studio.worker(number).label_all(job, draw)) == 1
    studio.finished(job)
    (line,) = studio.output(job)
    assert line["boxes-metadata"]["objects"] == [{"confidence": 1.0}]


def test_an_object_that_all_decline_fails_and_one_that_some_answered_is_labeled(studio, manifest):
    job = studio.create(manifest, NumberOfHumanWorkersPerDataObject=2)
    anna, ben, cleo = (studio.worker(number) for number in range(3))
    for worker in (anna, ben):  # the first object
        assert worker.act(worker.claim(job), "decline").status_code == 200
    assert cleo.hand_in(cleo.claim(job), answer(box(4))).status_code == 200  # the second one
    for worker in (anna, ben):
        assert worker.act(worker.claim(job), "decline").status_code == 200
    for worker in (anna, ben):  # the third
        assert worker.hand_in(worker.claim(job), answer(box(4))).status_code == 200
    counters = studio.finished(job)["LabelCounters"]
    assert (counters["HumanLabeled"], counters["FailedNonRetryableError"]) == (2, 1)
    declined, second, third = studio.output(job)
    assert "boxes" not in declined and declined["boxes-metadata"]["failure-reason"]
    assert second["boxes"]["annotations"] and third["boxes"]["annotations"]


def test_a_job_completes_though_none_of_its_objects_could_be_labeled(studio):
    job = studio.create(studio.manifest({"source-ref": f"s3://{studio.bucket}/none.jpg"}))
    counters = studio.finished(job)["LabelCounters"]
    assert counters == dict.fromkeys(counters, 0) | {"FailedNonRetryableError": 1}


def test_no_more_objects_are_out_than_may_be_at_once(studio, manifest):
    job = studio.create(manifest, MaxConcurrentTaskCount=1)
    anna, ben = studio.worker(0), studio.worker(1)
    done = []
    for _ in range(3):
        task = wait_for(lambda: anna.claim(job), "a task")
        assert ben.claim(job) is None and anna.jobs()[job]["available"] == 1
        done.append(task["object"])
        assert anna.hand_in(task, answer(box(4))).status_code == 200
    studio.finished(job)
    assert done == [line["source-ref"] for line in studio.output(job)]
    intermediate = studio.keys(f"output/{job}/manifests/intermediate/")
    assert sorted(intermediate) == [f"{number}/output.manifest" for number in (1, 2, 3)]


def test_a_task_that_is_out_when_its_object_expires_is_refused_and_the_job_ends(studio, manifest):
    job = studio.create(manifest, TaskAvailabilityLifetimeInSeconds=60, TaskTimeLimitInSeconds=28_800)
    worker = studio.worker()
    held = worker.claim(job)
    studio.pass_time(job, 61)
    counters = studio.finished(job)["LabelCounters"]
    assert counters["FailedNonRetryableError"] == 3
    assert worker.hand_in(held, answer(box(4))).status_code == 409


def test_an_answer_that_is_refused_keeps_the_task_with_its_worker(studio, manifest):
    job = studio.create(manifest)
    worker = studio.worker()
    task = worker.claim(job)
    refused = worker.hand_in(task, answer(box(4, "bird")))
    assert refused.status_code == 422 and "'bird'" in refused.json()["error"]
    again = worker.claim(job)
    assert (again["task"], again["lease"]) == (task["task"], task["lease"])
    assert worker.hand_in(again, answer(box(4))).status_code == 200
    studio.sagemaker.stop_labeling_job(LabelingJobName=job)
    assert studio.finished(job, "Stopped")["LabelCounters"]["HumanLabeled"] == 1
