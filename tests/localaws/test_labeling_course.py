"""Labeling jobs from CreateLabelingJob to the output manifest, with workers at the portal."""

import json
import re
import time
from collections.abc import Iterator

import pytest

from tests.localaws.labeling import LABELS, Studio, answer, box, wait_for

LEFT = {"0": 4, "1": 20, "2": 30}  # where the one true box of each picture begins


@pytest.fixture(scope="module")
def studio(stand_in) -> Iterator[Studio]:
    with Studio(stand_in) as studio:
        yield studio


def left_of(task: dict) -> int:
    return LEFT.get(task["object"].rpartition("/")[2].removesuffix(".jpg"), 10)


def draw_one(task: dict) -> list[dict]:
    return [box(left_of(task))]


def test_three_workers_make_aws_s_output(studio):
    uris = studio.pictures(3)
    lines = [{"source-ref": uri, "taken": {"by": "Anna ✓"}} for uri in uris]
    name = studio.create(studio.manifest(*lines), NumberOfHumanWorkersPerDataObject=3)
    counters = studio.describe(name)["LabelCounters"]
    assert counters == dict.fromkeys(counters, 0) | {"Unlabeled": 3}

    workers = studio.workers()
    for worker, shift in zip(workers, (-1, 0, 1), strict=True):
        offered = worker.jobs()[name]
        assert (offered["available"], offered["submitted"], offered["total"]) == (3, 0, 3)
        assert (offered["title"], offered["keywords"]) == ("Boxes", ["animals"])
        done = worker.label_all(
            name,
            lambda task, shift=shift: [box(left_of(task) + shift), box(left_of(task) + 1, "cat", top=28)],
        )
        assert sorted(task["object"] for task in done) == uris

    job = studio.finished(name)
    assert job["LabelCounters"] == {
        "TotalLabeled": 3,
        "HumanLabeled": 3,
        "MachineLabeled": 0,
        "FailedNonRetryableError": 0,
        "Unlabeled": 0,
    }
    assert job["LabelingJobOutput"]["OutputDatasetS3Uri"] == (
        f"s3://{studio.bucket}/output/{name}/manifests/output/output.manifest"
    )
    output = studio.output(name)
    for number, (line, given) in enumerate(zip(output, lines, strict=True)):
        metadata = line["boxes-metadata"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", metadata.pop("creation-date"))
        boxes = [
            {"class_id": 0, "left": LEFT[str(number)], "top": 6, "width": 20, "height": 10},
            {"class_id": 1, "left": LEFT[str(number)] + 1, "top": 28, "width": 20, "height": 10},
        ]
        assert line == given | {
            "boxes": {
                "image_size": [{"width": 60, "height": 40, "depth": 3}],
                "annotations": sorted(boxes, key=lambda box: box["left"]),
            },
            "boxes-metadata": {
                "objects": [{"confidence": 1.0}, {"confidence": 1.0}],
                "class-map": {"0": "dog", "1": "cat"},
                "type": "groundtruth/object-detection",
                "human-annotated": "yes",
                "job-name": f"labeling-job/{name}",
            },
        }


def test_the_files_under_the_output_path_are_aws_s(studio):
    studio.pictures(3)
    uri = f"s3://{studio.bucket}/images/%d.jpg"
    name = studio.create(
        studio.manifest(*({"source-ref": uri % number} for number in range(3))),
        NumberOfHumanWorkersPerDataObject=2,
        MaxConcurrentTaskCount=2,
    )
    anna, ben = studio.worker(0), studio.worker(1)
    for _ in range(2):  # the third object is offered when one of the first two is done
        for worker in (anna, ben):
            worker.label_all(name, draw_one)
        wait_for(
            lambda: anna.jobs().get(name, {"available": 1})["available"] or name not in anna.jobs(), "more"
        )
    studio.finished(name)
    moment = r"\d{4}-\d\d-\d\d_\d\d:\d\d:\d\d\.json"
    keys = studio.keys(f"output/{name}/")
    expected = [
        r"manifests/output/output\.manifest",
        r"manifests/intermediate/1/output\.manifest",
        r"manifests/intermediate/2/output\.manifest",
        r"annotations/intermediate/1/annotations\.manifest",
        r"annotations/intermediate/2/annotations\.manifest",
        rf"annotations/worker-response/iteration-1/0/{moment}",
        rf"annotations/worker-response/iteration-1/1/{moment}",
        rf"annotations/worker-response/iteration-2/2/{moment}",
        rf"annotations/consolidated-annotation/consolidation-request/iteration-1/{moment}",
        rf"annotations/consolidated-annotation/consolidation-request/iteration-2/{moment}",
        rf"annotations/consolidated-annotation/consolidation-response/iteration-1/{moment}",
        rf"annotations/consolidated-annotation/consolidation-response/iteration-2/{moment}",
    ]
    for pattern in expected:
        assert any(re.fullmatch(pattern, key) for key in keys), (pattern, keys)
    for key in keys:
        assert any(re.fullmatch(pattern, key) for pattern in expected), key

    key = next(key for key in keys if "worker-response/iteration-1/0/" in key)
    response = json.loads(studio.read(f"output/{name}/{key}"))
    assert list(response) == ["answers"] and len(response["answers"]) == 2
    first = response["answers"][0]
    assert first.pop("timeSpentInSeconds") >= 0
    moment = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert re.fullmatch(moment, first.pop("acceptanceTime"))
    assert re.fullmatch(moment, first.pop("submissionTime"))
    identity = first.pop("workerMetadata")["identityData"]
    assert identity.pop("sub")
    assert identity == {
        "identityProviderType": "Cognito",
        "issuer": f"https://cognito-idp.us-east-1.amazonaws.com/{studio.pool}",
    }
    assert first == {"workerId": anna.id, "answerContent": answer(box(4))}
    assert re.fullmatch(r"private\.us-east-1\.[0-9a-f]{16}", anna.id)

    key = next(key for key in keys if "consolidation-request/iteration-2" in key)
    (item,) = json.loads(studio.read(f"output/{name}/{key}"))
    assert (item["datasetObjectId"], item["dataObject"]) == ("2", {"s3Uri": uri % 2})
    assert [entry["workerId"] for entry in item["annotations"]] == [anna.id, ben.id]
    assert json.loads(item["annotations"][0]["annotationData"]["content"]) == answer(box(30))


def test_a_line_that_is_no_json_fails_the_job_and_names_the_line(studio):
    name = studio.create(studio.manifest({"source-ref": studio.pictures(1)[0]}, '{"source-ref": '))
    job = studio.finished(name, "Failed")
    assert job["FailureReason"].startswith("ClientError: s3://")
    assert "line 2: not valid JSON" in job["FailureReason"]


PICKY = """
def handle(event, context):
    line = event["dataObject"]
    assert event["version"] == "2018-10-16" and "labeling-job/" in event["labelingJobArn"]
    if line.get("wish") == "fail":
        raise ValueError("cannot prepare " + line["source-ref"])
    task = {"taskObject": line["source-ref"], "labels": ["dog", "cat"], "header": "Draw"}
    return {"taskInput": task, "isHumanAnnotationRequired": line.get("wish") != "skip"}
"""


def test_what_is_wrong_with_one_object_fails_that_one_alone(studio):
    (good,) = studio.pictures(1)
    lines = [
        {"source-ref": f"s3://{studio.bucket}/images/none.jpg"},
        {"source-ref": good, "wish": "fail"},
        {"source-ref": studio.write("images/text.jpg", b"no picture")},
        {"source-ref": good, "wish": "skip"},
        {"source-ref": "images/relative.jpg"},
        {"source-ref": good},
    ]
    name = studio.create(studio.manifest(*lines), PreHumanTaskLambdaArn=studio.function(PICKY))
    (task,) = studio.worker().label_all(name, draw_one)
    assert task["object"] == good
    counters = studio.finished(name)["LabelCounters"]
    assert (counters["HumanLabeled"], counters["FailedNonRetryableError"], counters["Unlabeled"]) == (1, 4, 1)
    output = studio.output(name)
    assert output[3] == lines[3]
    assert output[5]["boxes"]["annotations"]
    reasons = []
    for line, given in zip(output[:3] + output[4:5], lines[:3] + lines[4:5], strict=True):
        metadata = line.pop("boxes-metadata")
        assert line == given  # no label, and what it had is kept
        assert metadata["job-name"] == f"labeling-job/{name}"
        reasons.append(metadata["failure-reason"])
    assert "images/none.jpg does not exist" in reasons[0]
    assert f"ValueError: cannot prepare {good}" in reasons[1]
    assert "not a JPEG or PNG image" in reasons[2]
    assert "is not an S3 URI" in reasons[3]


OWN_CONSOLIDATION = """
import json, boto3

def handle(event, context):
    assert event["labelCategories"] == ["dog", "cat"] and event["roleArn"].endswith("role/labeling")
    bucket, _, key = event["payload"]["s3Uri"].removeprefix("s3://").partition("/")
    objects = json.loads(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    attribute = event["labelAttributeName"]
    return [
        {"datasetObjectId": item["datasetObjectId"], "consolidatedAnnotation": {"content": {
            attribute: {"votes": len(item["annotations"]), "class-map": {"0": "dog"}},
            attribute + "-metadata": {"type": "mine", "class-map": {"0": "wolf"}},
        }}}
        for item in objects if not item["dataObject"]["s3Uri"].endswith("1.jpg")
    ]
"""


def test_a_function_of_ones_own_makes_the_label_and_ground_truth_the_metadata(studio):
    uris = studio.pictures(2)
    arn = studio.function(OWN_CONSOLIDATION)
    name = studio.create(
        studio.manifest(*({"source-ref": uri} for uri in uris)),
        AnnotationConsolidationConfig={"AnnotationConsolidationLambdaArn": arn},
    )
    studio.worker().label_all(name, draw_one)
    studio.finished(name)
    labeled, failed = studio.output(name)
    assert labeled["boxes"] == {"votes": 1, "class-map": {"0": "dog"}}
    metadata = labeled["boxes-metadata"]
    assert metadata.pop("creation-date") and metadata == {
        "type": "groundtruth/custom",
        "human-annotated": "yes",
        "job-name": f"labeling-job/{name}",
    }
    assert "boxes" not in failed
    assert "returned no annotation" in failed["boxes-metadata"]["failure-reason"]


def test_answers_whose_consolidation_fails_again_and_again_fail_with_its_words(studio):
    arn = studio.function("def handle(event, context): raise RuntimeError('no agreement today')")
    name = studio.create(
        studio.manifest({"source-ref": studio.pictures(1)[0]}),
        AnnotationConsolidationConfig={"AnnotationConsolidationLambdaArn": arn},
    )
    studio.worker().label_all(name, draw_one)
    assert studio.finished(name)["LabelCounters"]["FailedNonRetryableError"] == 1
    assert "RuntimeError: no agreement today" in studio.output(name)[0]["boxes-metadata"]["failure-reason"]


def test_a_function_that_does_not_exist_fails_the_job(studio):
    arn = "arn:aws:lambda:us-east-1:000000000000:function:LabelingFunction-gone"
    manifest = studio.manifest({"source-ref": studio.pictures(1)[0]})
    reason = studio.finished(studio.create(manifest, PreHumanTaskLambdaArn=arn), "Failed")["FailureReason"]
    assert arn in reason and reason.startswith("ClientError: The function")


def test_a_template_that_makes_no_task_of_the_input_fails_the_job(studio):
    function = studio.function("def handle(event, context): return {'taskInput': {'labels': ['dog']}}")
    manifest = studio.manifest({"source-ref": studio.pictures(1)[0]})
    job = studio.finished(studio.create(manifest, PreHumanTaskLambdaArn=function), "Failed")
    assert "The worker template does not make a task of line 1" in job["FailureReason"]
    assert "grant_read_access" in job["FailureReason"]


def test_stop_keeps_what_is_answered_and_takes_the_rest_back(studio):
    uris = studio.pictures(3)
    manifest = studio.manifest(*({"source-ref": uri} for uri in uris))
    name = studio.create(manifest, NumberOfHumanWorkersPerDataObject=2)
    anna, ben = studio.worker(0), studio.worker(1)
    for worker in (anna, ben):
        assert worker.hand_in(worker.claim(name), answer(box(4))).status_code == 200
    half = anna.claim(name)
    assert anna.hand_in(half, answer(box(20))).status_code == 200
    held = anna.claim(name)
    studio.sagemaker.stop_labeling_job(LabelingJobName=name)
    job = studio.finished(name, "Stopped")
    assert anna.hand_in(held, answer(box(30))).status_code == 409
    assert ben.ask(name).status_code == 204 and name not in ben.jobs()
    assert (job["LabelCounters"]["HumanLabeled"], job["LabelCounters"]["Unlabeled"]) == (1, 2)
    output = studio.output(name)
    assert output[0]["boxes"]["annotations"] and output[1:] == [{"source-ref": uri} for uri in uris[1:]]
    # The answer to the second object makes no label, but it was acknowledged, so it is kept.
    (key,) = studio.keys(f"output/{name}/annotations/worker-response/iteration-1/1/")
    kept = json.loads(studio.read(f"output/{name}/annotations/worker-response/iteration-1/1/{key}"))
    assert kept["answers"][0]["answerContent"] == answer(box(20))
    with pytest.raises(studio.sagemaker.exceptions.ClientError, match="is Stopped and cannot be stopped"):
        studio.sagemaker.stop_labeling_job(LabelingJobName=name)


def test_a_job_on_the_output_of_another_sends_out_only_what_has_no_label(studio):
    uris = studio.pictures(3)
    first = studio.create(studio.manifest(*({"source-ref": uri} for uri in uris)))
    worker = studio.worker()
    assert worker.hand_in(worker.claim(first), answer(box(4))).status_code == 200
    studio.sagemaker.stop_labeling_job(LabelingJobName=first)
    before = studio.finished(first, "Stopped")["LabelingJobOutput"]["OutputDatasetS3Uri"]

    second = studio.create(before)
    done = worker.label_all(second, draw_one)
    assert [task["object"] for task in done] == uris[1:]
    assert studio.finished(second)["LabelCounters"]["TotalLabeled"] == 3
    lines = studio.output(second)
    assert lines[0] == studio.output(first)[0]
    assert [line["boxes-metadata"]["job-name"].rpartition("/")[2] for line in lines] == [
        first,
        second,
        second,
    ]

    again = studio.create(studio.describe(second)["LabelingJobOutput"]["OutputDatasetS3Uri"])
    assert studio.finished(again)["LabelCounters"]["HumanLabeled"] == 3  # nothing left to do


def test_stopping_conditions_end_the_job(studio):
    uris = studio.pictures(4)
    manifest = studio.manifest(*({"source-ref": uri} for uri in uris))
    worker = studio.worker()
    for conditions, labeled in (
        ({"MaxHumanLabeledObjectCount": 3}, 3),
        ({"MaxPercentageOfInputDatasetLabeled": 50}, 2),
    ):
        name = studio.create(manifest, {"StoppingConditions": conditions})
        assert len(worker.label_all(name, draw_one)) == labeled
        counters = studio.finished(name, "Stopped")["LabelCounters"]
        assert (counters["HumanLabeled"], counters["Unlabeled"]) == (labeled, 4 - labeled)


def test_conditions_that_the_input_meets_already_end_the_job_before_it_asks_anybody(studio):
    (uri,) = studio.pictures(1)
    labeled = {"source-ref": uri, "boxes": {}, "boxes-metadata": {"human-annotated": "no"}}
    conditions = {"StoppingConditions": {"MaxPercentageOfInputDatasetLabeled": 50}}
    name = studio.create(studio.manifest(labeled, {"source-ref": uri}), conditions)
    counters = studio.finished(name, "Stopped")["LabelCounters"]
    assert (counters["MachineLabeled"], counters["Unlabeled"]) == (1, 1)
    assert studio.output(name) == [labeled, {"source-ref": uri}]


def test_who_is_too_late_is_told_so_and_the_task_goes_to_the_next(studio):
    manifest = studio.manifest({"source-ref": studio.pictures(1)[0]})
    name = studio.create(manifest, TaskTimeLimitInSeconds=30)
    anna, ben = studio.worker(0), studio.worker(1)
    late = anna.claim(name)
    assert time.time() < late["expires_at"] <= time.time() + 30
    assert ben.ask(name).status_code == 204
    studio.pass_time(name, 31)
    assert anna.hand_in(late, answer(box(4))).status_code == 409
    again = ben.claim(name)
    assert (again["task"], again["object"]) == (late["task"], late["object"])
    assert again["lease"] != late["lease"]
    assert anna.hand_in(late, answer(box(4))).status_code == 409
    assert ben.hand_in(again, answer(box(20))).status_code == 200
    studio.finished(name)
    assert studio.output(name)[0]["boxes"]["annotations"][0]["left"] == 20


def test_objects_that_nobody_touched_in_time_fail_and_the_others_are_consolidated(studio):
    uris = studio.pictures(3)
    name = studio.create(
        studio.manifest(*({"source-ref": uri} for uri in uris)),
        NumberOfHumanWorkersPerDataObject=3,
        TaskAvailabilityLifetimeInSeconds=60,
    )
    anna, ben = studio.worker(0), studio.worker(1)
    for worker in (anna, ben):
        assert worker.hand_in(worker.claim(name), answer(box(4))).status_code == 200
    held = anna.claim(name)
    assert held["expires_at"] <= time.time() + 60  # no lease outlives its object
    studio.pass_time(name, 61)
    counters = studio.finished(name)["LabelCounters"]
    assert (counters["HumanLabeled"], counters["FailedNonRetryableError"]) == (1, 2)
    assert anna.hand_in(held, answer(box(4))).status_code == 409
    lines = studio.output(name)
    assert lines[0]["boxes"]["annotations"][0]["left"] == 4
    assert all("before it expired" in line["boxes-metadata"]["failure-reason"] for line in lines[1:])


def test_a_job_that_is_not_done_in_thirty_days_fails(studio):
    name = studio.create(studio.manifest({"source-ref": studio.pictures(1)[0]}))
    studio.pass_time(name, 30 * 24 * 3600 + 1)
    assert "30 days" in studio.finished(name, "Failed")["FailureReason"]


def test_one_worker_never_gets_an_object_twice(studio):
    uris = studio.pictures(2)
    manifest = studio.manifest(*({"source-ref": uri} for uri in uris))
    name = studio.create(manifest, NumberOfHumanWorkersPerDataObject=3)
    worker = studio.worker()
    assert len(worker.label_all(name, draw_one)) == 2
    assert worker.jobs()[name]["available"] == 0 and worker.jobs()[name]["submitted"] == 2
    assert worker.ask(name).status_code == 204
    assert studio.worker().ask(name).status_code == 204  # nor after signing in anew
    assert studio.describe(name)["LabelCounters"]["Unlabeled"] == 2
    assert studio.worker(1).claim(name)["labels"] == LABELS
