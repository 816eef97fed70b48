"""The whole stand-in as clients find it: boto3, the AWS command line, keys of an assumed role, plain HTTP."""

import json
import re
import subprocess
import sys
from pathlib import Path

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

AWS = Path(sys.executable).with_name("aws")
TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
    },
}


def refusal(call, **params) -> str:
    with pytest.raises(ClientError) as caught:
        call(**params)
    return caught.value.response["Error"]["Code"]


def call_every_room(server) -> None:
    for service, operation, params in (
        ("s3", "list_buckets", {}),
        ("sts", "get_caller_identity", {}),
        ("iam", "list_roles", {}),
        ("cognito-idp", "list_user_pools", {"MaxResults": 1}),
        ("lambda", "list_functions", {}),
        ("logs", "describe_log_groups", {}),
        ("cloudwatch", "describe_alarms", {}),
        ("sagemaker", "list_training_jobs", {}),
        ("sagemaker", "list_transform_jobs", {}),
        ("sagemaker", "list_models", {}),
        ("sagemaker", "list_endpoints", {}),
        ("sagemaker", "list_labeling_jobs", {}),
        ("sagemaker", "list_workteams", {}),
        ("sagemaker", "list_workforces", {}),
    ):
        answer = getattr(server.client(service), operation)(**params)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    runtime = server.client("sagemaker-runtime")
    assert refusal(runtime.invoke_endpoint, EndpointName="none", Body=b"") == "ValidationError"
    assert refusal(server.client("sagemaker").list_auto_ml_jobs) == "NotImplementedException"


def test_every_room_answers_behind_the_one_address(stand_in):
    call_every_room(stand_in)


def test_idle_it_is_small_even_after_every_model_was_read(own_stand_in):
    call_every_room(own_stand_in)
    status = Path(f"/proc/{own_stand_in.process.pid}/status")
    if not status.exists():
        pytest.skip("its memory is read from /proc")
    kilobytes = int(re.search(r"VmRSS:\s+(\d+) kB", status.read_text())[1])
    assert kilobytes < 250_000


@pytest.mark.aws_cli
def test_the_aws_command_line_copies_objects_and_lists_jobs(stand_in, tmp_path):
    def aws(*arguments: str) -> str:
        command = [str(AWS), *arguments]
        return subprocess.check_output(command, env=stand_in.environment, cwd=tmp_path, text=True)

    manifest = '{"source-ref": "s3://command-line/größe 1.jpg"}\n'
    (tmp_path / "train.manifest").write_text(manifest)
    aws("s3", "mb", "s3://command-line")
    aws("s3", "cp", "train.manifest", "s3://command-line/a folder/train.manifest")
    assert "train.manifest" in aws("s3", "ls", "s3://command-line/a folder/")
    aws("s3", "cp", "s3://command-line/a folder/train.manifest", "back.manifest")
    assert (tmp_path / "back.manifest").read_text() == manifest
    assert '"LabelingJobSummaryList"' in aws("sagemaker", "list-labeling-jobs")


def test_keys_of_an_assumed_role_are_let_in_with_their_token_only(stand_in):
    role = stand_in.client("iam").create_role(RoleName="labeler", AssumeRolePolicyDocument=json.dumps(TRUST))[
        "Role"
    ]
    assumed = stand_in.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="test")["Credentials"]

    def client(service: str, token: str | None):
        return boto3.client(
            service,
            "us-east-1",
            endpoint_url=stand_in.endpoint,
            aws_access_key_id=assumed["AccessKeyId"],
            aws_secret_access_key=assumed["SecretAccessKey"],
            aws_session_token=token,
        )

    caller = client("sts", assumed["SessionToken"]).get_caller_identity()
    assert caller["Arn"] == "arn:aws:sts::000000000000:assumed-role/labeler/test"
    client("s3", assumed["SessionToken"]).list_buckets()
    assert refusal(client("s3", None).list_buckets) == "InvalidAccessKeyId"
    assert refusal(client("logs", "guessed").describe_log_groups) == "UnrecognizedClientException"


def test_a_presigned_url_works_for_a_program_that_has_no_keys(stand_in):
    s3 = stand_in.client("s3")
    s3.create_bucket(Bucket="presigned")
    name = {"Bucket": "presigned", "Key": "größe/1 + 2.txt"}
    assert httpx.put(s3.generate_presigned_url("put_object", name), content=b"text").status_code == 200
    url = s3.generate_presigned_url("get_object", name)
    assert httpx.get(url).content == b"text"
    assert httpx.get(url.replace("1%20", "2%20")).status_code == 403
    assert httpx.get(url.partition("?")[0]).status_code == 403
    assert httpx.get(url, headers={"host": "evil.example"}).status_code == 421
