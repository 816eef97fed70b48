"""What the requester's page tells of labeling jobs, against answers that are known."""

import asyncio
import json
import time
from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette

from localaws.groundtruth.jobs import Jobs
from localaws.groundtruth.requester.app import RequesterApp
from localaws.groundtruth.requester.pictures import Pictures
from localaws.groundtruth.requester.reports import Reports
from localaws.groundtruth.requester.sessions import RequesterSessions
from localaws.groundtruth.tables import create_tables
from localaws.store import Store
from tests.localaws.labeling import HEIGHT, WIDTH, Studio, answer, box, wait_for
from tests.localaws.requesting import requester

# Labels every object but the last, with confidences that follow from its number.
PARTLY = """
import json, boto3

def handle(event, context):
    bucket, _, key = event["payload"]["s3Uri"].removeprefix("s3://").partition("/")
    payload = json.loads(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    results = []
    for item in payload:
        number = int(item["datasetObjectId"])
        if number == 3:
            continue
        label = {
            "image_size": [{"width": 60, "height": 40, "depth": 3}],
            "annotations": [{"class_id": 0, "left": 1, "top": 2, "width": 3, "height": 4}] * 2,
            "objects": [{"confidence": 1.0}, {"confidence": 1.0 - 0.25 * number}],
            "class-map": {"0": "dog"},
        }
        content = {event["labelAttributeName"]: label}
        results.append({"datasetObjectId": str(number), "consolidatedAnnotation": {"content": content}})
    return results
"""


@pytest.fixture(scope="module")
def studio(stand_in) -> Iterator[Studio]:
    with Studio(stand_in) as studio:
        yield studio


@pytest.fixture(scope="module")
def page(stand_in) -> httpx.Client:
    return requester(stand_in)


def report(page, name: str) -> dict:
    reply = page.get(f"/api/requester/jobs/{name}")
    assert reply.status_code == 200, reply.text
    return reply.json()


def summary(page, name: str) -> dict:
    return next(job for job in page.get("/api/requester/jobs").json()["jobs"] if job["name"] == name)


def test_a_finished_job_is_told_with_its_workers_their_agreement_and_what_failed(studio, page):
    function = studio.function(PARTLY)
    name = studio.create(
        studio.manifest(*({"source-ref": uri} for uri in studio.pictures(4))),
        NumberOfHumanWorkersPerDataObject=2,
        AnnotationConsolidationConfig={"AnnotationConsolidationLambdaArn": function},
    )
    first, second, third = studio.workers()
    assert third.act(third.claim(name), "decline").status_code == 200
    for worker in (first, second):
        assert len(worker.label_all(name, lambda task: [box(1)])) == 4
    studio.finished(name)
    told = report(page, name)

    assert (told["status"], told["percent"], told["total"], told["done"]) == ("Completed", 100.0, 4, 4)
    assert told["objects"]["labeled"] == 3 and told["objects"]["failed"] == 1
    assert told["team"] == studio.name and told["labels"] == ["dog", "cat"]
    assert told["output"] == studio.describe(name)["LabelingJobOutput"]["OutputDatasetS3Uri"]
    assert told["seconds_left"] is None and told["answers_per_hour"] > 0

    workers = {worker["worker"]: worker for worker in told["workers"]}
    assert {worker: row["answers"] for worker, row in workers.items()} == {
        first.id: 4,
        second.id: 4,
        third.id: 0,
    }
    assert {row["username"] for row in workers.values()} == set(studio.usernames)
    assert workers[third.id]["username"] == studio.usernames[2]
    assert workers[third.id]["declined"] == 1 and workers[third.id]["median_seconds"] is None
    assert told["answers"]["count"] == 8 and 0 <= told["answers"]["median_seconds"] < 60

    # Confidences: (1, 1), (1, 0.75), (1, 0.5) -> means 1, 0.875, 0.75; one of three agreed on.
    agreement = told["agreement"]
    assert (agreement["compared"], agreement["rated"]) == (3, 3)
    assert (agreement["mean_confidence"], agreement["agreed"]) == (0.875, 0.3333)

    (reason,) = told["failures"]["reasons"]
    assert reason["count"] == 1 and "returned no annotation" in reason["reason"]
    (failed,) = told["failures"]["objects"]
    assert (failed["number"], failed["reason"]) == (3, reason["reason"])
    assert failed["source"].endswith("images/3.jpg")

    assert [picture["number"] for picture in told["newest"]] == [2, 1, 0]
    picture = told["newest"][0]
    assert (picture["width"], picture["height"]) == (WIDTH, HEIGHT)
    drawn = {"left": 1, "top": 2, "width": 3, "height": 4, "class_id": 0, "label": "dog"}
    assert picture["boxes"] == [drawn | {"confidence": 1.0}, drawn | {"confidence": 0.5}]
    image = httpx.get(page.base_url.join(picture["image"]))
    assert image.status_code == 200 and image.headers["content-type"] == "image/jpeg"
    assert report(page, name)["newest"][0]["image"] == picture["image"]  # not loaded again at each refresh

    short = summary(page, name)
    assert all(told[field] == short[field] for field in short if field != "answers_per_hour")


def test_a_job_at_work_tells_its_pace_and_what_is_left(studio, page):
    name = studio.create(
        studio.manifest(*({"source-ref": uri} for uri in studio.pictures(10))),
        NumberOfHumanWorkersPerDataObject=2,
        MaxConcurrentTaskCount=4,
    )
    before = report(page, name)
    assert (before["objects"]["open"], before["objects"]["waiting"]) == (4, 6)
    assert (before["answers_per_hour"], before["seconds_left"]) == (0, None)
    assert before["agreement"]["mean_confidence"] is None and before["answers"]["median_seconds"] is None
    first, second = studio.worker(0), studio.worker(1)
    for _ in range(3):
        assert first.hand_in(first.claim(name), answer(box(1))).status_code == 200
    second.claim(name)
    told = report(page, name)
    # Three answers within the last minute; 20 - 3 are still wanted.
    assert told["answers_per_hour"] == pytest.approx(180, rel=0.5)
    assert told["seconds_left"] == pytest.approx(17 / (told["answers_per_hour"] / 3600), rel=0.01)
    assert [worker["working"] for worker in told["workers"]] == [0, 1]
    assert (told["percent"], summary(page, name)["seconds_left"] is not None) == (0.0, True)


def test_agreement_is_that_of_the_consolidated_boxes(studio, page):
    uris = studio.pictures(3)
    name = studio.create(
        studio.manifest(*({"source-ref": uri} for uri in uris)), NumberOfHumanWorkersPerDataObject=3
    )
    for number, worker in enumerate(studio.workers()):
        # The first object alike by all, a second box by two of three, nothing by anybody on the third.
        drawn = {uris[0]: [box(1)], uris[1]: [box(1), box(35)][: 2 - number // 2], uris[2]: []}
        worker.label_all(name, lambda task, drawn=drawn: drawn[task["object"]])
    studio.finished(name)
    told = report(page, name)
    assert (told["agreement"]["compared"], told["agreement"]["rated"]) == (3, 2)
    assert told["agreement"]["mean_confidence"] == pytest.approx((1 + (1 + 0.6667) / 2) / 2, abs=1e-3)
    assert told["agreement"]["agreed"] == 0.5
    assert {picture["number"]: len(picture["boxes"]) for picture in told["newest"]} == {0: 1, 1: 2, 2: 0}


def test_one_worker_per_object_agrees_with_nobody(studio, page):
    name = studio.create(studio.manifest({"source-ref": studio.pictures(1)[0]}))
    studio.worker().label_all(name, lambda task: [box(1)])
    studio.finished(name)
    agreement = report(page, name)["agreement"]
    assert (agreement["compared"], agreement["mean_confidence"], agreement["agreed"]) == (0, None, None)


def test_a_job_that_failed_says_why(studio, page):
    name = studio.create(studio.write("bad.manifest", "no JSON\n"))
    wait_for(lambda: studio.describe(name)["LabelingJobStatus"] == "Failed", "the job to fail")
    told = report(page, name)
    assert told["failure_reason"] == studio.describe(name)["FailureReason"]
    assert (told["total"], told["percent"], told["workers"], told["newest"]) == (0, 0.0, [], [])


def test_a_job_that_is_not_there_is_named(page):
    reply = page.get("/api/requester/jobs/nobody")
    assert (reply.status_code, reply.json()) == (404, {"error": "there is no labeling job nobody"})


# Many objects, and labels that functions of one's own may make up.


def store_with(tmp_path, objects: int) -> Store:
    """A job of ``objects`` lines: the first two thirds labeled by three workers each, one failed."""
    store = Store(tmp_path / f"{objects}.sqlite3")
    create_tables(store.connection)
    human = {
        "NumberOfHumanWorkersPerDataObject": 3,
        "TaskTitle": "t",
        "TaskDescription": "d",
        "WorkteamArn": "w",
    }
    job = {
        "LabelingJobName": "Job",
        "LabelAttributeName": "boxes",
        "LabelingJobStatus": "InProgress",
        "CreationTime": 1.0,
        "LastModifiedTime": 1.0,
        "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": "s3://bucket/in"}}},
        "OutputConfig": {"S3OutputPath": "s3://bucket/out"},
        "HumanTaskConfig": human,
    }
    Jobs(store).add(job, {"labels": ["dog"], "template": "", "tag": "crowd-bounding-box"})
    labeled, line = objects * 2 // 3, '{"source-ref": "s3://bucket/x.jpg"}'
    with store.transaction() as connection:
        connection.executemany(
            "INSERT INTO object (job, number, line, state, outcome, batch, width, height) "
            "VALUES ('job', ?, ?, ?, ?, ?, 60, 40)",
            [
                (
                    number,
                    line,
                    "labeled",
                    json.dumps({"boxes": {"objects": [{"confidence": 0.5}]}}),
                    number // 100,
                )
                for number in range(labeled)
            ]
            + [(labeled, line, "failed", json.dumps({"boxes-metadata": {"failure-reason": "why"}}), 0)]
            + [(number, line, "open", None, None) for number in range(labeled + 1, objects)],
        )
        connection.executemany(
            "INSERT INTO slot (job, object, state, worker, accepted_at, submitted_at, answer) "
            "VALUES ('job', ?, ?, ?, ?, ?, '{}')",
            [
                (number, "submitted", f"worker-{worker}", 1000.0 * worker, 1000.0 * worker + number)
                for number in range(labeled)
                for worker in range(3)
            ]
            + [(number, "available", None, None, None) for number in range(labeled + 1, objects)] * 3,
        )
    return store


def counted(store: Store) -> tuple[dict, int]:
    statements: list[str] = []
    reports = Reports(store, Jobs(store), lambda uri: uri)
    store.connection.set_trace_callback(statements.append)
    reports.overview()
    told = reports.report("Job")
    store.connection.set_trace_callback(None)
    return told, len(statements)


def test_ten_thousand_objects_take_no_more_statements_than_thirty(tmp_path):
    small, few = counted(store_with(tmp_path, 30))
    large, many = counted(store_with(tmp_path, 9_999))
    assert few == many < 30
    assert (small["objects"]["labeled"], large["objects"]["labeled"]) == (20, 6666)
    assert (small["answers"]["count"], large["answers"]["count"]) == (60, 3 * 6666)
    assert [worker["answers"] for worker in large["workers"]] == [6666] * 3
    assert large["answers"]["median_seconds"] == large["workers"][1]["median_seconds"] == 6665 / 2
    assert large["agreement"] | {"agreed_from": 0} == {
        "compared": 6666,
        "rated": 6666,
        "mean_confidence": 0.5,
        "agreed": 0.0,
        "agreed_from": 0,
    }
    assert len(json.dumps(large)) < 50_000 and len(large["newest"]) == len(small["newest"]) == 12


def test_time_left_counts_what_waits_and_what_is_with_workers(tmp_path):
    store, now = store_with(tmp_path, 30), time.time()
    with store.transaction() as connection:
        connection.execute("UPDATE slot SET submitted_at = ? WHERE submitted_at IS NOT NULL", (now - 1800,))
        connection.execute("UPDATE object SET state = 'waiting' WHERE number >= 25")
    told = Reports(store, Jobs(store), lambda uri: uri).report("job")
    # 60 answers in half an hour; 4 objects open and 5 waiting still need 3 answers each.
    assert told["answers_per_hour"] == pytest.approx(120, rel=0.01)
    assert told["seconds_left"] == pytest.approx(9 * 3 / (120 / 3600), rel=0.01)


@pytest.mark.parametrize(
    "outcome",
    [
        "{}",
        '{"boxes": NaN}',
        '{"boxes": "text"}',
        '{"boxes": {"objects": "text", "annotations": {}}}',
        '{"boxes": {"objects": [1, "a", null, {"confidence": "x"}, {"confidence": 7}]}}',
        '{"boxes": {"annotations": [1, null, {"class_id": "0"}, {"class_id": 0, "left": 1e400}]}}',
        '{"boxes": {"annotations": [{"class_id": 9, "left": 1, "top": 1, "width": NaN, "height": 1}]}}',
        '{"boxes": {"internal-color-map": [], "class-name": {}}}',
        '{"boxes": {"internal-color-map": {"1": 7}, "mask-ref": "s3://elsewhere/secret.png"}}',
        '{"boxes": {"class-name": "dog", "confidence": [], "worker-feedback": [1, {"comment": 2}]}}',
        '{"boxes-metadata": 7}',
    ],
)
def test_a_label_of_any_form_is_told_and_never_breaks_the_page(tmp_path, outcome):
    store = store_with(tmp_path, 3)
    with store.transaction() as connection:
        connection.execute("UPDATE object SET outcome = ? WHERE state = 'labeled' AND number = 0", (outcome,))
    told = Reports(store, Jobs(store), lambda uri: uri).report("job")
    json.dumps(told, allow_nan=False)
    assert told["newest"][-1]["number"] == 0
    assert "secret" not in json.dumps(told["newest"])


def test_half_a_character_in_a_name_does_not_break_the_page(tmp_path):
    store, outcome = store_with(tmp_path, 3), '{"boxes": {"class-name": "dog \\ud800"}}'
    with store.transaction() as connection:
        connection.execute("UPDATE object SET outcome = ? WHERE state = 'labeled'", (outcome,))
    sessions = RequesterSessions(store)
    reports = Reports(store, Jobs(store), lambda uri: uri)
    app = RequesterApp(access=None, sessions=sessions, reports=reports, static=None, secure=False)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=app.routes()))
        session = {"requester": sessions.open("arn")}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://portal", cookies=session
        ) as client:
            return await client.get("/api/requester/jobs/job")

    assert asyncio.run(ask()).json()["newest"][0]["class"]["label"] == "dog \ud800"


def pictures() -> Pictures:
    return Pictures("label", ["road", "tree"], "s3://bucket/out/job/", lambda uri: f"/shown/{uri[5:]}")


def described(outcome: dict) -> dict:
    return pictures().describe(4, '{"source-ref": "s3://bucket/x.jpg"}', json.dumps(outcome), 60, 40)


@pytest.mark.parametrize("own", [True, False])
def test_a_mask_is_shown_from_its_jobs_own_folder_with_its_colours(own):
    colors = {
        "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff", "confidence": 0.8},
        "2": {"class-name": "tree", "hex-color": "#ff7f0e", "confidence": 0.8},
        "3": {"class-name": "odd", "hex-color": "url(#x)", "confidence": 0.8},
    }
    mask = "s3://bucket/out/job/annotations/consolidated-annotation/output/4.png"
    outcome = (
        {"label": {"mask-ref": mask, "internal-color-map": colors}}
        if own
        else {"label": mask, "label-metadata": {"internal-color-map": colors}}
    )
    told = described(outcome)
    assert told["mask"] == {
        "image": f"/shown/{mask[5:]}",
        "colors": [{"label": "tree", "color": "#ff7f0e", "confidence": 0.8}],
    }
    elsewhere = json.loads(json.dumps(outcome).replace(mask, "s3://bucket/private/4.png"))
    assert described(elsewhere)["mask"] is None and "output folder" in described(elsewhere)["problem"]


@pytest.mark.parametrize("own", [True, False])
def test_a_class_is_a_caption_with_what_workers_wrote(own):
    about = {"class-name": "good", "confidence": 0.75, "worker-feedback": [{"comment": "blurred"}]}
    told = described({"label": about} if own else {"label": 0, "label-metadata": about})
    assert told["class"] == {"label": "good", "confidence": 0.75} and told["comments"] == ["blurred"]


def test_boxes_that_cannot_be_drawn_are_counted():
    good = {"class_id": 1, "left": 0, "top": 0, "width": 5, "height": 5}
    told = described({"label": {"annotations": [good, good | {"left": "0"}, 3]}})
    assert [box["label"] for box in told["boxes"]] == ["tree"]
    assert told["problem"] == "2 of 3 boxes cannot be drawn."
