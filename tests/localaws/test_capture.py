"""What an endpoint is asked and answers, in S3 as AWS writes it, and never in the way of a request."""

import base64
import json
import os
import re
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from localaws.sagemaker.capture import MOST_WAITING, Capture, Event, Message
from tests.localaws.test_endpoints import ECHO
from tests.localaws.workshop import Workshop, wait_for

BOTH = [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]


def config(**changes) -> dict:
    return {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://bucket/captured/",
        "CaptureOptions": BOTH,
    } | changes


def event(content_type: str, body: bytes, **changes) -> Event:
    moment = datetime(2026, 11, 5, 7, 9, 3, tzinfo=UTC)
    answer = Message("text/csv; charset=utf-8", b"1,2")
    return Event(config(**changes), "live", "AllTraffic", Message(content_type, body), answer, None, moment)


def test_a_line_is_as_aws_writes_it():
    text = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}
    found = json.loads(event("image/jpeg", b"\xff\xd8", CaptureContentTypeHeader=text).line())
    assert found["captureData"] == {
        "endpointInput": {
            "observedContentType": "image/jpeg",
            "mode": "INPUT",
            "data": base64.b64encode(b"\xff\xd8").decode(),
            "encoding": "BASE64",
        },
        "endpointOutput": {
            "observedContentType": "text/csv; charset=utf-8",
            "mode": "OUTPUT",
            "data": "1,2",
            "encoding": "CSV",
        },
    }
    assert (found["eventVersion"], found["eventMetadata"]["inferenceTime"]) == ("0", "2026-11-05T07:09:03Z")
    only = json.loads(event("a/b", b"", CaptureOptions=[{"CaptureMode": "Input"}]).line())
    assert list(only["captureData"]) == ["endpointInput"]
    assert event("a/b", b"").folder == "s3://bucket/captured/live/AllTraffic/2026/11/05/07/"


def test_requests_that_s3_is_too_slow_for_are_let_go():
    capture, half = Capture(clients=None), Message("a/b", bytes(MOST_WAITING // 2))
    for _ in range(3):
        capture.note(config(), "live", "v", half, Message("a/b", b""), None)
    capture.note(config(InitialSamplingPercentage=0), "live", "v", Message("a/b", b""), half, None)
    capture.note(None, "live", "v", Message("a/b", b""), Message("a/b", b""), None)
    assert len(capture._waiting) == 2


def test_an_endpoint_leaves_every_request_and_answer_in_s3(stand_in):
    workshop = Workshop(stand_in)
    destination = f"s3://{workshop.bucket}/captured"
    name = workshop.name("config")
    variant = {"VariantName": "only", "ModelName": workshop.model(ECHO), "InstanceType": "ml.m5.large"}
    request = {
        "EndpointConfigName": name,
        "ProductionVariants": [variant | {"InitialInstanceCount": 1}],
        "DataCaptureConfig": config(DestinationS3Uri=destination, EnableCapture=True),
    }
    workshop.sagemaker.create_endpoint_config(**request)
    endpoint = workshop.endpoint(name)
    assert workshop.settled(endpoint)["DataCaptureConfig"]["CaptureStatus"] == "Started"
    bodies = [os.urandom(1000) for _ in range(5)]
    answers = [workshop.ask(endpoint, body, ContentType="image/png", InferenceId="mine") for body in bodies]

    def captured() -> list[dict]:
        files = [workshop.get(f"s3://{workshop.bucket}/{key}") for key in workshop.keys("captured/")]
        return [json.loads(line) for file in files for line in file.splitlines()]

    wait_for(lambda: len(captured()) == 5, "the captured requests")
    data = [found["captureData"] for found in captured()]
    assert [base64.b64decode(each["endpointInput"]["data"]) for each in data] == bodies
    assert [base64.b64decode(each["endpointOutput"]["data"]) for each in data] == answers
    assert {found["eventMetadata"]["inferenceId"] for found in captured()} == {"mine"}
    place = rf"captured/{endpoint}/only/\d{{4}}/\d\d/\d\d/\d\d/\d\d-\d\d-\d{{3}}-[0-9a-f-]{{36}}\.jsonl"
    assert all(re.fullmatch(place, key) for key in workshop.keys("captured/"))
    workshop.sagemaker.delete_endpoint(EndpointName=endpoint)

    request |= {"EndpointConfigName": workshop.name("config")}
    request["DataCaptureConfig"] |= {"DestinationS3Uri": "s3://nobodys-bucket/x"}
    with pytest.raises(ClientError, match="DestinationS3Uri: the bucket nobodys-bucket does not exist"):
        workshop.sagemaker.create_endpoint_config(**request)
