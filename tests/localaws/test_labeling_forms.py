"""Custom jobs about texts and with forms of inputs only: the user's own functions give them their meaning."""

from collections.abc import Iterator

import pytest

from tests.localaws.labeling import Studio, wait_for

PREPARE = """
def handle(event, context):
    line = event["dataObject"]
    return {"taskInput": {"shown": line.get("source", line.get("source-ref"))}}
"""
CONSOLIDATE = """
import json, boto3

def handle(event, context):
    bucket, _, key = event["payload"]["s3Uri"].removeprefix("s3://").partition("/")
    objects = json.loads(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    return [
        {"datasetObjectId": item["datasetObjectId"], "consolidatedAnnotation": {"content": {
            event["labelAttributeName"]: {
                "labels": event["labelCategories"],
                "about": item["dataObject"],
                "said": [json.loads(entry["annotationData"]["content"]) for entry in item["annotations"]],
            },
        }}}
        for item in objects
    ]
"""
FORM = """
<crowd-form>
  <p>{{ task.input.shown }}</p>
  <crowd-text-area name="caption"></crowd-text-area><crowd-checkbox name="sure"></crowd-checkbox>
</crowd-form>
"""
CLASSIFIER = """
<crowd-form>
  <crowd-classifier name="mood" categories="['dog', 'cat']" header="Which?">
    <classification-target>{{ task.input.shown }}</classification-target>
    <short-instructions>Choose.</short-instructions><full-instructions>Choose.</full-instructions>
  </crowd-classifier>
</crowd-form>
"""
CAPTION = {"caption": "A <b>dog</b> ✓", "sure": {"on": True}}


@pytest.fixture(scope="module")
def studio(stand_in) -> Iterator[Studio]:
    with Studio(stand_in) as studio:
        yield studio


@pytest.fixture(scope="module")
def functions(studio) -> dict:
    consolidation = {"AnnotationConsolidationLambdaArn": studio.function(CONSOLIDATE)}
    return {
        "PreHumanTaskLambdaArn": studio.function(PREPARE),
        "AnnotationConsolidationConfig": consolidation,
    }


def start(studio, functions, template: str, *lines: dict, labels: bool = True) -> str:
    """A custom job whose template is this; its name."""
    ui = {"UiTemplateS3Uri": studio.write(f"{studio.name}.html", template)}
    request = studio.request(studio.manifest(*lines), UiConfig=ui, **functions)
    request["LabelAttributeName"] = "notes"
    if not labels:
        del request["LabelCategoryConfigS3Uri"]
    studio.sagemaker.create_labeling_job(**request)
    name = request["LabelingJobName"]
    wait_for(lambda: studio.describe(name)["LabelingJobStatus"] != "Initializing", f"{name} to begin")
    return name


def test_a_form_of_inputs_comes_to_the_functions_as_it_was_filled_in(studio, functions):
    (picture,) = studio.pictures(1)
    job = start(studio, functions, FORM, {"source": "A dog barks"}, {"source-ref": picture}, labels=False)
    worker = studio.worker()
    task = worker.claim(job)
    assert task["element"] == {"tag": "crowd-form", "name": ""}
    assert task["object"] == "A dog barks" and task["image"] is None
    assert "A dog barks" in worker.http.get(task["content"]).text
    refused = worker.hand_in(task, ["A dog"])
    assert refused.status_code == 422 and "must be an object, not list" in refused.json()["error"]
    assert worker.hand_in(task, CAPTION).status_code == 200
    assert worker.hand_in(worker.claim(job), {}).status_code == 200
    studio.finished(job)
    text, image = studio.output(job)
    assert text["notes"] == {
        "labels": None,
        "about": {"content": "A dog barks"},
        "said": [CAPTION],
    }
    assert text["notes-metadata"]["type"] == "groundtruth/custom"
    assert image["notes"]["about"] == {"s3Uri": picture} and image["notes"]["said"] == [{}]


def test_a_text_is_classified_and_one_that_needs_an_image_fails(studio, functions):
    (picture,) = studio.pictures(1)
    gone = f"s3://{studio.bucket}/none.txt"
    lines = [{"source": "Miau"}, {"source-ref": studio.write("note.txt", "Wuff")}, {"source-ref": gone}]
    job = start(studio, functions, CLASSIFIER, *lines)
    worker = studio.worker()
    for label in ("cat", "dog"):
        task = worker.claim(job)
        refused = worker.hand_in(task, {"mood": {"label": "bird"}})
        assert refused.status_code == 422 and "this job's are ['dog', 'cat']" in refused.json()["error"]
        assert worker.hand_in(task, {"mood": {"label": label}}).status_code == 200
    counters = studio.finished(job)["LabelCounters"]
    assert (counters["HumanLabeled"], counters["FailedNonRetryableError"]) == (2, 1)
    lines = studio.output(job)
    assert [line["notes"]["said"] for line in lines[:2]] == [
        [{"mood": {"label": "cat"}}],
        [{"mood": {"label": "dog"}}],
    ]
    assert f"{gone} does not exist" in lines[2]["notes-metadata"]["failure-reason"]

    boxes = studio.create(studio.manifest({"source": "Miau"}, {"source-ref": picture}))
    assert studio.describe(boxes)["LabelCounters"]["FailedNonRetryableError"] == 1
    studio.sagemaker.stop_labeling_job(LabelingJobName=boxes)
    studio.finished(boxes, "Stopped")
    reason = studio.output(boxes)[0]["boxes-metadata"]["failure-reason"]
    assert "is a text (source); <crowd-bounding-box> needs an image" in reason


def test_a_template_whose_choices_are_no_labels_fails_the_job_before_anybody_chooses(studio, functions):
    template = CLASSIFIER.replace("'cat'", "'wolf'")
    job = start(studio, functions, template, {"source": "Miau"})
    reason = studio.finished(job, "Failed")["FailureReason"]
    assert "<crowd-classifier> offers ['wolf'] as categories; the labels of the job are" in reason
