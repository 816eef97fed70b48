"""The labeling service alone: S3, Lambda, Cognito and STS are other servers, and nothing else is its own."""

import contextlib
import io
import json
import os
import re
import secrets
import shutil
import signal
import sys
from collections.abc import Iterator

import httpx
import pytest
from botocore.exceptions import ClientError

from localaws.labeling_service.__main__ import main
from tests.conftest import StandIn
from tests.localaws.labeling import PRE, Studio, answer, box, function_zip, picture
from tests.localaws.standing_alone import LabelingService, clean_environment, keys_of
from tests.server_process import launch, log_of

ROLE = "arn:aws:iam::000000000000:role/labeling"
PRE_ANNOTATION = """
def handle(event, context):
    uri, task = event["dataObject"]["source-ref"], event["task"]
    return {"taskInput": {"taskObject": uri, "labels": task["labels"], "header": task["header"], "own": True}}
"""
# Whoever drew the most boxes is right. It reads the payload from the S3 that its environment names.
CONSOLIDATION = """
import json
import boto3

def handle(event, context):
    bucket, _, key = event["payload"]["s3Uri"].removeprefix("s3://").partition("/")
    payload = json.loads(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    results = []
    for item in payload:
        answers = [json.loads(each["annotationData"]["content"]) for each in item["annotations"]]
        boxes = max((each["boundingBox"]["boundingBoxes"] for each in answers), key=len)
        content = {event["labelAttributeName"]: {"boxes": boxes, "by": "my own function"}}
        result = {"datasetObjectId": item["datasetObjectId"], "consolidatedAnnotation": {"content": content}}
        results.append(result)
    return results
"""


class World:
    """AWS in pieces: S3 is one server, Lambda, Cognito and STS another, labeling a third."""

    def __init__(self, folder):
        self.aws = StandIn(folder / "aws")
        (folder / "bucket").mkdir()
        shutil.copy(self.aws.credentials_file, folder / "bucket" / "credentials")  # the same account
        self.buckets = StandIn(folder / "bucket")
        access_key, secret_key = self.keys = keys_of(self.aws.credentials_file)
        environment = clean_environment(
            AWS_ACCESS_KEY_ID=access_key, AWS_SECRET_ACCESS_KEY=secret_key, AWS_DEFAULT_REGION="us-east-1"
        )
        options = ["--s3-endpoint", self.buckets.endpoint]
        for name in ("lambda", "cognito", "sts"):
            options += [f"--{name}-endpoint", self.aws.endpoint]
        self.labeling = LabelingService(folder / "labeling", environment, *options)
        self.home = self.labeling.home

    @property
    def portal(self) -> str:
        return self.labeling.portal

    def client(self, service: str):
        if service == "sagemaker":
            return self.labeling.client(*self.keys)
        return (self.buckets if service == "s3" else self.aws).client(service)

    def function(self, source: str) -> str:
        return self.client("lambda").create_function(
            FunctionName=f"LabelingFunction-{secrets.token_hex(4)}",
            Runtime="python3.12",
            Role=ROLE,
            Handler="handler.handle",
            Code={"ZipFile": function_zip(source)},
            Environment={"Variables": {"AWS_ENDPOINT_URL_S3": self.buckets.endpoint}},
            Timeout=30,
        )["FunctionArn"]

    def stop(self) -> None:
        for server in (self.labeling, self.buckets, self.aws):
            server.stop()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("world"))
    yield world
    world.stop()


@pytest.fixture(scope="module")
def studio(world) -> Iterator[Studio]:
    with Studio(world, workers=2) as studio:
        yield studio


def test_a_job_with_functions_of_ones_own_is_labeled_with_images_of_another_server(world, studio):
    uris = studio.pictures(3)
    name = studio.create(
        studio.manifest(*({"source-ref": uri} for uri in uris)),
        NumberOfHumanWorkersPerDataObject=2,
        PreHumanTaskLambdaArn=world.function(PRE_ANNOTATION),
        AnnotationConsolidationConfig={"AnnotationConsolidationLambdaArn": world.function(CONSOLIDATION)},
    )
    task = studio.worker().claim(name)
    assert task["input"]["own"] and task["input"]["labels"] == ["dog", "cat"]
    assert task["input"]["header"] == "Draw boxes around the animals"
    assert httpx.get(world.portal + task["image"]).content == picture()
    assert uris[0] not in httpx.get(world.portal + task["content"]).text  # images come through the portal
    for number, worker in enumerate(studio.workers()):
        worker.label_all(name, lambda task, most=number + 1: [box(4 + left) for left in range(most)])
    studio.finished(name)
    lines = studio.output(name)
    assert [line["source-ref"] for line in lines] == uris
    assert [line["boxes"] for line in lines] == [{"boxes": [box(4), box(5)], "by": "my own function"}] * 3
    assert lines[0]["boxes-metadata"]["type"] == "groundtruth/custom"
    assert studio.describe(name)["LabelingJobArn"].split(":")[4] == world.labeling.account


def test_aws_s_own_functions_are_run_by_the_service_itself(world, studio):
    name = studio.create(studio.manifest({"source-ref": studio.pictures(1)[0]}))
    studio.worker().label_all(name, lambda task: [box(4, "cat")])
    studio.finished(name)
    (line,) = studio.output(name)
    assert line["boxes"]["annotations"] == [{"class_id": 1, "left": 4, "top": 6, "width": 20, "height": 10}]
    assert line["boxes-metadata"]["type"] == "groundtruth/object-detection"
    assert "/aws/lambda/ACS-BoundingBox" in (world.home / "functions.log").read_text()
    groups = world.aws.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/ACS-")
    assert groups["logGroups"] == []


def test_nothing_of_labeling_is_at_the_other_servers(world, studio):
    for server in (world.aws, world.buckets):
        sagemaker = server.client("sagemaker")
        assert sagemaker.list_workforces()["Workforces"] == sagemaker.list_workteams()["Workteams"] == []
        assert sagemaker.list_labeling_jobs()["LabelingJobSummaryList"] == []
    assert world.aws.client("s3").list_buckets()["Buckets"] == []


def test_refusals_name_the_service_and_no_server_that_is_not_there(world, studio):
    sagemaker = world.client("sagemaker")
    with pytest.raises(ClientError, match="not implemented by the labeling service: ListModels"):
        sagemaker.list_models()
    with pytest.raises(ClientError, match="notifications by SNS are not offered by this server"):
        sagemaker.create_workteam(
            WorkteamName="told",
            Description="d",
            MemberDefinitions=[{"OidcMemberDefinition": {"Groups": ["g"]}}],
            NotificationConfiguration={"NotificationTopicArn": "arn:aws:sns:us-east-1:000000000000:topic"},
        )


def test_a_restart_keeps_jobs_sessions_and_answers(world, studio):
    name = studio.create(studio.manifest(*({"source-ref": uri} for uri in studio.pictures(2))))
    worker = studio.worker()
    first = worker.claim(name)
    assert worker.hand_in(first, answer(box(4))).status_code == 200
    second = worker.claim(name)
    endpoint, portal = world.labeling.endpoint, world.portal
    world.labeling.kill()
    world.labeling.start()
    assert (world.labeling.endpoint, world.portal) == (endpoint, portal)
    assert worker.claim(name)["lease"] == second["lease"]
    assert worker.hand_in(second, answer(box(5))).status_code == 200
    studio.finished(name)
    lefts = [line["boxes"]["annotations"][0]["left"] for line in studio.output(name)]
    assert lefts == [4, 5]


def test_only_keys_of_the_service_and_of_its_account_are_accepted(world):
    own = keys_of(world.labeling.credentials_file)
    assert own != world.keys
    assert (world.home / "credentials").stat().st_mode & 0o777 == 0o600
    for keys in (own, world.keys):
        world.labeling.client(*keys).list_labeling_jobs()
    wrong = {
        "UnrecognizedClientException": ("AKIASOMEBODYELSE0000", own[1]),
        "InvalidSignatureException": (own[0], "not the secret"),
    }
    for code, keys in wrong.items():
        with pytest.raises(ClientError, match=code):
            world.labeling.client(*keys).list_labeling_jobs()
    with pytest.raises(ClientError, match="InvalidSignatureException.*us-east-1"):
        world.labeling.client(*own, region="eu-west-1").list_labeling_jobs()
    assert httpx.post(world.labeling.endpoint).status_code == 403


def test_temporary_keys_are_accepted_with_their_token_only(world, tmp_path):
    given = world.client("sts").get_session_token()["Credentials"]
    environment = clean_environment(
        AWS_ACCESS_KEY_ID=given["AccessKeyId"],
        AWS_SECRET_ACCESS_KEY=given["SecretAccessKey"],
        AWS_SESSION_TOKEN=given["SessionToken"],
        AWS_ENDPOINT_URL=world.aws.endpoint,
        AWS_DEFAULT_REGION="us-east-1",
    )
    service = LabelingService(tmp_path / "labeling", environment)
    try:
        keys = given["AccessKeyId"], given["SecretAccessKey"]
        service.client(*keys, given["SessionToken"]).list_labeling_jobs()
        for token in ("another token", None):
            with pytest.raises(ClientError, match="UnrecognizedClientException"):
                service.client(*keys, token).list_labeling_jobs()
    finally:
        service.stop()


@pytest.mark.parametrize(
    ("service", "operation", "given", "message"),
    [
        ("sagemaker", "list_training_jobs", {}, "ListTrainingJobs"),
        ("sagemaker", "create_endpoint", {"EndpointName": "x", "EndpointConfigName": "x"}, "CreateEndpoint"),
        ("s3", "list_buckets", {}, "no service s3, only sagemaker"),
        ("sts", "get_caller_identity", {}, "no service sts, only sagemaker"),
        ("lambda", "invoke", {"FunctionName": PRE}, "no service lambda, only sagemaker"),
        ("cognito-idp", "list_user_pools", {"MaxResults": 1}, "no service cognito-idp, only sagemaker"),
        (
            "cognito-idp",
            "initiate_auth",
            {"AuthFlow": "USER_AUTH", "ClientId": "x"},
            "no service cognito-idp",
        ),
    ],
)
def test_what_is_not_labeling_is_refused_by_name(world, service, operation, given, message):
    client = world.labeling.client(*world.keys, service=service)
    with pytest.raises(ClientError, match=message) as refusal:
        getattr(client, operation)(**given)
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_work_teams_and_jobs_can_be_tagged_as_on_aws(world, studio):
    sagemaker, arn = world.client("sagemaker"), studio.team_arn
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "cost", "Value": "17"}])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "cost", "Value": "17"}]


def refusal_of(home, environment: dict[str, str], *options: str) -> str:
    """The one line with which the service does not start; its program is run in this process."""
    output, errors = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - environment.keys():
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["labeling_service", "--home", str(home), *options])
        patch.setattr(signal, "signal", lambda number, handler: None)  # pytest's own stay
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            assert main() == 1
    assert output.getvalue() == ""
    return errors.getvalue().splitlines()[-1]


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({"AWS_DEFAULT_REGION": ""}, [], "no AWS region: set AWS_DEFAULT_REGION"),
        ({"AWS_SECRET_ACCESS_KEY": ""}, [], "no complete AWS credentials: set AWS_PROFILE"),
        ({"AWS_PROFILE": "none"}, [], r"profile \(none\) could not be found"),
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, [], "STS does not accept .*SignatureDoesNotMatch"),
        ({}, ["--sts-endpoint", "nowhere"], "Invalid endpoint: nowhere"),
        ({}, ["--host", "0.0.0.0"], "say with --url which one others use"),
        ({}, ["--portal-url", "labels.example.com"], "--portal-url labels.example.com: it must be"),
        ({}, ["--portal-url", "https://a.example/b"], "it must be an address like https:"),
        ({}, ["--portal-url", "https://a.example:b"], "--portal-url https://a.example:b: Port"),
    ],
)
def test_a_service_that_cannot_start_says_what_to_change(world, tmp_path, changes, options, message):
    settings = world.labeling.environment | changes
    environment = {name: value for name, value in settings.items() if value}
    words = refusal_of(tmp_path / "home", environment, *world.labeling.options, *options)
    assert words.startswith("the labeling service cannot start: ") and re.search(message, words), words


def test_a_second_service_on_a_folder_or_a_port_is_refused(world, tmp_path):
    environment, options = world.labeling.environment, world.labeling.options
    assert "another server is running on" in refusal_of(world.home, environment, *options)
    port = world.labeling.endpoint.rpartition(":")[2]
    words = refusal_of(tmp_path / "home", environment, *options, "--port", port)
    assert f"cannot listen on 127.0.0.1 port {port}" in words


def test_a_folder_is_never_used_for_two_accounts(world, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "account.json").write_text('{"account": "111122223333", "region": "eu-west-1"}')
    process = launch(LabelingService.module, home, world.labeling.environment, *world.labeling.options)
    assert process.wait(120) == 1 and process.stdout.read() == b""
    (words,) = log_of(home).read_text().splitlines()
    assert "holds the labeling of account 111122223333 in eu-west-1" in words
    assert f"credentials are of account {world.labeling.account} in us-east-1" in words


def test_behind_a_proxy_the_portal_answers_under_the_proxy_s_name_only(world, tmp_path):
    shown = "https://Labels.Example.com:443/"
    service = LabelingService(
        tmp_path / "labeling", world.labeling.environment, *world.labeling.options, "--portal-url", shown
    )
    try:
        assert service.portal == "https://labels.example.com"
        ports = json.loads((service.home / "ports.json").read_text())
        behind = f"http://127.0.0.1:{ports['portal']}"
        proxied = {"Host": "labels.example.com"}
        assert httpx.get(behind, headers=proxied).status_code == 200
        assert httpx.get(behind).status_code == 421
        body = {"username": "somebody", "password": "wrong"}
        for origin, status in (("https://labels.example.com", 503), ("https://other.example.com", 403)):
            headers = proxied | {"Origin": origin}
            assert httpx.post(f"{behind}/api/sign-in", json=body, headers=headers).status_code == status
        assert log_of(service.home).read_text() == ""  # nothing to warn of
    finally:
        service.stop()


def test_listening_for_others_is_only_on_request_and_warned_of(world, tmp_path):
    options = [*world.labeling.options, "--host", "0.0.0.0", "--url", "http://labeling.example.com:81"]
    options += ["--portal-url", "http://labels.example.com"]
    service = LabelingService(tmp_path / "labeling", world.labeling.environment, *options)
    try:
        words = log_of(service.home).read_text()
        assert "listening on 0.0.0.0: others can reach this server" in words
        assert "http://labels.example.com is not encrypted" in words
        assert "http://labeling.example.com:81 is not encrypted" in words
        assert service.endpoint == "http://labeling.example.com:81"
    finally:
        service.stop()


def test_a_client_that_cannot_take_passwords_is_refused_before_workers_fail_at_the_door(world, studio):
    cognito, sagemaker = world.client("cognito-idp"), world.client("sagemaker")
    pool = cognito.create_user_pool(PoolName="other")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="hosted", ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"]
    )["UserPoolClient"]["ClientId"]
    with pytest.raises(ClientError, match="ExplicitAuthFlows need ALLOW_USER_PASSWORD_AUTH"):
        sagemaker.create_workforce(
            WorkforceName="other", CognitoConfig={"UserPool": pool, "ClientId": client}
        )
