"""Transform jobs over HTTP: what is sent, what is stored, and what one bad object does to the others."""

import json

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.localaws.workshop import ENDED, Workshop, wait_for

# Answers with the body in capitals; a body with "bad" in it is refused, "slow" takes minutes.
SHOUT = """
    import time

    def model_fn(folder):
        pass

    def transform_fn(model, data, content_type, accept):
        text = data.decode() if isinstance(data, bytes) else data
        if "bad" in text:
            raise ValueError("cannot read it")
        if "slow" in text:
            print("slow one", flush=True)
            time.sleep(600)
        return f"{content_type}:{text.upper()}", "text/plain"
"""


@pytest.fixture(scope="session")
def workshop(stand_in) -> Workshop:
    return Workshop(stand_in)


@pytest.fixture(scope="session")
def shouting(workshop) -> str:
    return workshop.model(SHOUT)


def transform_request(workshop: Workshop, model: str, uri: str, **changes) -> dict:
    name = workshop.name("transform")
    source = {"S3DataType": changes.pop("S3DataType", "S3Prefix"), "S3Uri": uri}
    return {
        "TransformJobName": name,
        "ModelName": model,
        "TransformInput": {"DataSource": {"S3DataSource": source}, "ContentType": "text/x-note"}
        | changes.pop("TransformInput", {}),
        "TransformOutput": {"S3OutputPath": f"s3://{workshop.bucket}/{name}"}
        | changes.pop("TransformOutput", {}),
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    } | changes


def start(workshop: Workshop, *arguments, **changes) -> str:
    request = transform_request(workshop, *arguments, **changes)
    workshop.sagemaker.create_transform_job(**request)
    return request["TransformJobName"]


def transformed(workshop: Workshop, name: str) -> dict:
    def ended():
        job = workshop.sagemaker.describe_transform_job(TransformJobName=name)
        return job if job["TransformJobStatus"] in ENDED else None

    return wait_for(ended, f"the end of {name}")


def outputs(workshop: Workshop, name: str) -> dict[str, str]:
    return {
        key.removeprefix(f"{name}/"): workshop.get(f"s3://{workshop.bucket}/{key}").decode()
        for key in workshop.keys(f"{name}/")
    }


def test_each_object_gets_its_answer_and_one_that_fails_fails_the_job(workshop, shouting):
    for key, text in {"a.txt": "one", "deep/b.txt": "two", "deep/c.txt": "bad one", "d.txt": "four"}.items():
        workshop.put(f"notes/{key}", text)
    name = start(workshop, shouting, f"s3://{workshop.bucket}/notes/", MaxConcurrentTransforms=2)
    job = transformed(workshop, name)
    assert job["TransformJobStatus"] == "Failed"
    culprit = f"s3://{workshop.bucket}/notes/deep/c.txt"
    assert f"1 of 4 objects failed: {culprit}" in job["FailureReason"]
    assert "cannot read it" in job["FailureReason"]
    assert outputs(workshop, name) == {
        "a.txt.out": "text/x-note:ONE",
        "deep/b.txt.out": "text/x-note:TWO",
        "d.txt.out": "text/x-note:FOUR",
    }
    printed = workshop.lines("/aws/sagemaker/TransformJobs", f"{name}/")
    assert any(culprit in line for line in printed)
    with pytest.raises(WaiterError, match="terminal failure"):
        workshop.sagemaker.get_waiter("transform_job_completed_or_stopped").wait(TransformJobName=name)


def test_a_manifest_chooses_and_lines_are_sent_as_the_strategy_says(workshop, shouting):
    prefix = workshop.put("many/x.txt", "one\ntwo\nthree").removesuffix("x.txt")
    workshop.put("many/y.txt", "not chosen")
    manifest = workshop.put("some.manifest", json.dumps([{"prefix": prefix}, "x.txt"]))

    def split(strategy: str) -> str:
        return start(
            workshop,
            shouting,
            manifest,
            S3DataType="ManifestFile",
            TransformInput={"SplitType": "Line"},
            TransformOutput={"AssembleWith": "Line"},
            BatchStrategy=strategy,
        )

    def answers(name: str) -> dict[str, str]:
        assert transformed(workshop, name)["TransformJobStatus"] == "Completed"
        return outputs(workshop, name)

    k = "text/x-note"
    single, multi = split("SingleRecord"), split("MultiRecord")
    assert answers(single) == {"x.txt.out": f"{k}:ONE\n{k}:TWO\n{k}:THREE\n"}
    assert answers(multi) == {"x.txt.out": f"{k}:ONE\nTWO\nTHREE\n"}


def test_a_stopped_job_ends_at_once(workshop, shouting):
    uri = workshop.put("waiting.txt", "slow")
    name = start(workshop, shouting, uri)
    group = "/aws/sagemaker/TransformJobs"
    wait_for(lambda: "slow one" in workshop.lines(group, f"{name}/"), "the slow request")
    workshop.sagemaker.stop_transform_job(TransformJobName=name)
    assert transformed(workshop, name)["TransformJobStatus"] == "Stopped"
    assert outputs(workshop, name) == {}
    waiter = workshop.sagemaker.get_waiter("transform_job_completed_or_stopped")
    waiter.wait(TransformJobName=name)
    listed = workshop.sagemaker.list_transform_jobs(NameContains=name)["TransformJobSummaries"]
    assert [entry["TransformJobStatus"] for entry in listed] == ["Stopped"]


def test_a_model_that_cannot_be_served_fails_the_job(workshop):
    uri = workshop.put("lonely.txt", "one")
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:1"
    reasons = {
        start(
            workshop, workshop.model("raise SystemExit('broken')"), uri
        ): "the program ended with exit code 1",
        start(workshop, workshop.model("", Image=image), uri): f"no program for the image {image}",
    }
    for name, reason in reasons.items():
        job = transformed(workshop, name)
        assert job["TransformJobStatus"] == "Failed"
        assert reason in job["FailureReason"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ModelName": "no-such-model"}, 'Could not find model ".*:model/no-such-model"'),
        ({"MaxPayloadInMB": 60, "MaxConcurrentTransforms": 2}, "at most 100 MB: 2 \\* 60 is 120"),
        ({"DataProcessing": {"JoinSource": "Input"}}, "DataProcessing is not implemented by the stand-in"),
        ({"TransformOutput": {"S3OutputPath": "s3://no-such-bucket-at-all/x"}}, "no-such-bucket-at-all"),
        ({"TransformInput": {"SplitType": "RecordIO"}}, "SplitType RecordIO is not implemented"),
    ],
)
def test_requests_that_cannot_be_done_are_refused(workshop, shouting, changes, message):
    uri = workshop.put("refused.txt", "one")
    request = transform_request(workshop, shouting, uri, **changes)
    with pytest.raises(ClientError, match=message) as refused:
        workshop.sagemaker.create_transform_job(**request)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError, match="Could not find requested job with name"):
        workshop.sagemaker.describe_transform_job(TransformJobName=request["TransformJobName"])


def test_input_that_is_not_there_is_refused(workshop, shouting):
    with pytest.raises(ClientError, match="No S3 objects found under S3 URL"):
        start(workshop, shouting, f"s3://{workshop.bucket}/nothing-here/")


def test_a_payload_over_the_limit_is_named(workshop, shouting):
    uri = workshop.put("large.txt", "x" * (1024 * 1024 + 1))
    job = transformed(workshop, start(workshop, shouting, uri, MaxPayloadInMB=1))
    assert "large.txt: the object has 1048577 bytes, over MaxPayloadInMB = 1" in job["FailureReason"]
