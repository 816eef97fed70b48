"""Roles and policies: kept as they are given, and simulated as IAM would decide."""

import json
import uuid

import pytest
from botocore.exceptions import ClientError

MANAGED = "arn:aws:iam::aws:policy/"


def trust(service: str = "sagemaker.amazonaws.com") -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def policy(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str | list[str] = "*", **others) -> dict:
    return {"Effect": "Allow", "Action": action, "Resource": resource} | others


def deny(action: str, resource: str = "*") -> dict:
    return {"Effect": "Deny", "Action": action, "Resource": resource}


@pytest.fixture
def iam(stand_in):
    return stand_in.client("iam")


@pytest.fixture
def role(iam) -> dict:
    return iam.create_role(RoleName=f"role-{uuid.uuid4().hex}", AssumeRolePolicyDocument=trust())["Role"]


def decisions(iam, role: dict, actions: list[str], **params) -> dict[str, str]:
    answer = iam.simulate_principal_policy(PolicySourceArn=role["Arn"], ActionNames=actions, **params)
    return {result["EvalActionName"]: result["EvalDecision"] for result in answer["EvaluationResults"]}


def test_a_role_comes_back_as_it_was_made(iam):
    name = f"role-{uuid.uuid4().hex}"
    tags = [{"Key": "team", "Value": "labels"}]
    made = iam.create_role(
        RoleName=name, Path="/loop/", AssumeRolePolicyDocument=trust(), Description="for tests", Tags=tags
    )["Role"]
    found = iam.get_role(RoleName=name)["Role"]
    assert found == made
    assert found["Arn"] == f"arn:aws:iam::000000000000:role/loop/{name}"
    assert found["AssumeRolePolicyDocument"] == json.loads(trust())
    assert (found["Description"], found["Tags"]) == ("for tests", tags)
    pages = iam.get_paginator("list_roles").paginate(PathPrefix="/loop/", PaginationConfig={"PageSize": 1})
    assert name in [role["RoleName"] for page in pages for role in page["Roles"]]


def test_roles_that_clash_or_are_missing_are_refused_as_on_aws(iam, role):
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=role["RoleName"], AssumeRolePolicyDocument=trust())
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="nobody")


@pytest.mark.parametrize("document", ["not json", "{}", policy(allow("s3:*")), policy({"Effect": "Maybe"})])
def test_a_trust_policy_that_trusts_nobody_is_refused(iam, document):
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException):
        iam.create_role(RoleName=f"role-{uuid.uuid4().hex}", AssumeRolePolicyDocument=document)


@pytest.mark.parametrize("document", ["not json", trust(), policy({"Effect": "Allow", "Action": "s3:*"})])
def test_a_policy_without_actions_on_resources_is_refused(iam, role, document):
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException):
        iam.put_role_policy(RoleName=role["RoleName"], PolicyName="policy", PolicyDocument=document)


def test_inline_policies_come_back_and_go(iam, role):
    name = {"RoleName": role["RoleName"]}
    iam.put_role_policy(**name, PolicyName="reads", PolicyDocument=policy(allow("s3:GetObject")))
    iam.put_role_policy(**name, PolicyName="writes", PolicyDocument=policy(allow("s3:PutObject")))
    assert iam.list_role_policies(**name)["PolicyNames"] == ["reads", "writes"]
    found = iam.get_role_policy(**name, PolicyName="reads")["PolicyDocument"]
    assert found == json.loads(policy(allow("s3:GetObject")))
    iam.delete_role_policy(**name, PolicyName="reads")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role_policy(**name, PolicyName="reads")


def test_a_role_with_policies_cannot_be_deleted_by_mistake(iam, role):
    name = {"RoleName": role["RoleName"]}
    iam.put_role_policy(**name, PolicyName="reads", PolicyDocument=policy(allow("s3:GetObject")))
    iam.attach_role_policy(**name, PolicyArn=f"{MANAGED}AmazonS3FullAccess")
    with pytest.raises(iam.exceptions.DeleteConflictException, match="detach"):
        iam.delete_role(**name)
    iam.detach_role_policy(**name, PolicyArn=f"{MANAGED}AmazonS3FullAccess")
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_role(**name)
    iam.delete_role_policy(**name, PolicyName="reads")
    iam.delete_role(**name)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(**name)


def test_a_policy_of_our_own_is_attached_read_and_kept_while_it_is_used(iam, role):
    document = policy(allow("s3:GetObject"))
    arn = iam.create_policy(PolicyName=f"policy-{uuid.uuid4().hex}", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=role["RoleName"], PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]
    assert attached == [{"PolicyArn": arn, "PolicyName": arn.rpartition("/")[2]}]
    found = iam.get_policy(PolicyArn=arn)["Policy"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId=found["DefaultVersionId"])["PolicyVersion"]
    assert version["Document"] == json.loads(document)
    assert found["AttachmentCount"] == 1
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_policy(PolicyArn=arn)
    assert decisions(iam, role, ["s3:GetObject"]) == {"s3:GetObject": "allowed"}


def test_an_unknown_policy_cannot_be_attached(iam, role):
    with pytest.raises(iam.exceptions.NoSuchEntityException, match="AmazonSageMakerFullAccess"):
        iam.attach_role_policy(RoleName=role["RoleName"], PolicyArn=f"{MANAGED}AmazonSageMakerFulAccess")


def test_simulation_finds_what_is_allowed_denied_and_forgotten(iam, role):
    document = policy(allow(["s3:Get*", "s3:PutObject"], "arn:aws:s3:::images/*"), deny("s3:GetObjectAcl"))
    iam.put_role_policy(RoleName=role["RoleName"], PolicyName="images", PolicyDocument=document)
    actions = ["s3:GetObject", "s3:getobject", "s3:DeleteObject", "s3:GetObjectAcl"]
    assert decisions(iam, role, actions, ResourceArns=["arn:aws:s3:::images/a.jpg"]) == {
        "s3:GetObject": "allowed",
        "s3:getobject": "allowed",
        "s3:DeleteObject": "implicitDeny",
        "s3:GetObjectAcl": "explicitDeny",
    }
    elsewhere = decisions(iam, role, ["s3:GetObject"], ResourceArns=["arn:aws:s3:::secrets/a.jpg"])
    assert elsewhere == {"s3:GetObject": "implicitDeny"}
    assert decisions(iam, role, ["s3:GetObject"]) == {"s3:GetObject": "implicitDeny"}, "on any resource"


def test_not_action_and_not_resource_are_the_others(iam, role):
    statement = {"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::secrets/*"}
    iam.put_role_policy(RoleName=role["RoleName"], PolicyName="most", PolicyDocument=policy(statement))
    assert decisions(iam, role, ["s3:GetObject", "iam:GetRole"]) == {
        "s3:GetObject": "allowed",
        "iam:GetRole": "implicitDeny",
    }
    secret = decisions(iam, role, ["s3:GetObject"], ResourceArns=["arn:aws:s3:::secrets/key"])
    assert secret == {"s3:GetObject": "implicitDeny"}


def test_conditions_need_their_context_and_say_so(iam, role):
    condition = {"StringEquals": {"iam:PassedToService": ["sagemaker.amazonaws.com"]}}
    document = policy(allow("iam:PassRole", Condition=condition))
    iam.put_role_policy(RoleName=role["RoleName"], PolicyName="pass", PolicyDocument=document)
    answer = iam.simulate_principal_policy(PolicySourceArn=role["Arn"], ActionNames=["iam:PassRole"])
    result = answer["EvaluationResults"][0]
    assert (result["EvalDecision"], result["MissingContextValues"]) == (
        "implicitDeny",
        ["iam:PassedToService"],
    )
    for service, decision in {
        "sagemaker.amazonaws.com": "allowed",
        "ec2.amazonaws.com": "implicitDeny",
    }.items():
        entry = {
            "ContextKeyName": "iam:PassedToService",
            "ContextKeyValues": [service],
            "ContextKeyType": "string",
        }
        assert decisions(iam, role, ["iam:PassRole"], ContextEntries=[entry]) == {"iam:PassRole": decision}


def test_the_permissions_the_sagemaker_sdk_asks_for_come_with_its_managed_policy(iam, role):
    iam.attach_role_policy(RoleName=role["RoleName"], PolicyArn=f"{MANAGED}AmazonSageMakerFullAccess")
    actions = ["sagemaker:CreateTrainingJob", "logs:CreateLogStream", "s3:ListBucket", "iam:CreateUser"]
    assert decisions(iam, role, actions) == dict.fromkeys(actions[:3], "allowed") | {
        "iam:CreateUser": "implicitDeny"
    }


def test_results_come_page_by_page_in_the_order_asked_for(iam, role):
    iam.attach_role_policy(RoleName=role["RoleName"], PolicyArn=f"{MANAGED}AdministratorAccess")
    actions = [f"s3:Action{number}" for number in (3, 1, 2)]
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=role["Arn"], ActionNames=actions, PaginationConfig={"PageSize": 2}
    )
    found = [[result["EvalActionName"] for result in page["EvaluationResults"]] for page in pages]
    assert found == [actions[:2], actions[2:]]


def test_a_condition_that_is_not_known_is_no_permission_by_accident(iam, role):
    condition = {"NumericLessThan": {"aws:MultiFactorAuthAge": "60"}}
    document = policy(allow("s3:*", Condition=condition))
    iam.put_role_policy(RoleName=role["RoleName"], PolicyName="strange", PolicyDocument=document)
    with pytest.raises(ClientError, match="NumericLessThan"):
        iam.simulate_principal_policy(PolicySourceArn=role["Arn"], ActionNames=["s3:GetObject"])
