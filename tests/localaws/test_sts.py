"""Who calls, and keys for a role that work until they expire."""

import json
import time
import uuid

import boto3
import pytest
from botocore.exceptions import ClientError

from localaws.services.sts import AccessKeys
from localaws.store import Store

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@pytest.fixture
def role(stand_in) -> str:
    """The ARN of a role under a path of its own."""
    role = stand_in.client("iam").create_role(
        RoleName=f"role-{uuid.uuid4().hex[:12]}",
        Path="/service-role/",
        AssumeRolePolicyDocument=json.dumps(TRUST),
    )
    return role["Role"]["Arn"]


def client_with(stand_in, service: str, credentials: dict, **changes):
    """boto3 with those keys instead of the stand-in's own."""
    keys = credentials | changes
    return boto3.client(
        service,
        endpoint_url=stand_in.endpoint,
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def test_the_local_principal_is_the_root_of_the_local_account(stand_in):
    who = stand_in.client("sts").get_caller_identity()
    assert (who["Account"], who["Arn"]) == ("000000000000", "arn:aws:iam::000000000000:root")


def test_an_assumed_role_signs_calls_in_its_own_name(stand_in, role):
    answer = stand_in.client("sts").assume_role(RoleArn=role, RoleSessionName="consolidation")
    assumed = client_with(stand_in, "sts", answer["Credentials"])
    arn = assumed.get_caller_identity()["Arn"]
    assert arn == answer["AssumedRoleUser"]["Arn"]
    assert arn.startswith("arn:aws:sts::000000000000:assumed-role/role-") and arn.endswith("/consolidation")
    logs = client_with(stand_in, "logs", answer["Credentials"])
    assert logs.describe_log_groups()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_temporary_keys_without_their_own_token_or_secret_are_refused(stand_in, role):
    keys = stand_in.client("sts").assume_role(RoleArn=role, RoleSessionName="one")["Credentials"]
    other = stand_in.client("sts").get_session_token()["Credentials"]
    for changes in (
        {"SessionToken": None},
        {"SessionToken": other["SessionToken"]},
        {"SecretAccessKey": other["SecretAccessKey"]},
    ):
        with pytest.raises(ClientError) as caught:
            client_with(stand_in, "sts", keys, **changes).get_caller_identity()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_keys_expire(tmp_path):
    keys = AccessKeys(Store(tmp_path / "state.sqlite3"))
    arn = "arn:aws:sts::000000000000:assumed-role/role/session"
    key = keys.issue(1, arn, "AROA:session")
    secret, deadline = key["SecretAccessKey"], time.monotonic() + 30
    assert keys.lookup(key["AccessKeyId"], key["SessionToken"]) == secret
    while keys.lookup(key["AccessKeyId"], key["SessionToken"]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert keys.lookup(key["AccessKeyId"], key["SessionToken"]) is None
    keys.issue(1, arn, "AROA:session")
    assert keys.store.find("access-key", key["AccessKeyId"]) is None


def test_a_role_that_is_not_there_cannot_be_assumed(stand_in, role):
    sts = stand_in.client("sts")
    for arn in ("arn:aws:iam::000000000000:role/nobody", role.replace("/service-role/", "/")):
        with pytest.raises(ClientError, match="AccessDenied.*is not authorized to perform: sts:AssumeRole"):
            sts.assume_role(RoleArn=arn, RoleSessionName="session")


def test_a_session_cannot_outlast_what_the_role_allows(stand_in, role):
    with pytest.raises(ClientError, match="ValidationError.*DurationSeconds 7200 exceeds"):
        stand_in.client("sts").assume_role(RoleArn=role, RoleSessionName="session", DurationSeconds=7200)


def test_a_session_policy_is_refused_because_it_would_narrow_nothing(stand_in, role):
    with pytest.raises(ClientError, match="not implemented by the stand-in: Policy of AssumeRole"):
        stand_in.client("sts").assume_role(RoleArn=role, RoleSessionName="session", Policy="{}")
