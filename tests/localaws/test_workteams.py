"""Workforces and work teams: one workforce, teams of its groups, deleted in order."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.localaws.labeling import Studio


@pytest.fixture(scope="module")
def studio(stand_in) -> Iterator[Studio]:
    with Studio(stand_in, workers=0) as studio:
        yield studio


def member(studio, group: str, **changes) -> dict:
    definition = {"UserPool": studio.pool, "UserGroup": group, "ClientId": studio.client} | changes
    return {"CognitoMemberDefinition": definition}


def refused(call, code: str = "ValidationException", **params) -> str:
    with pytest.raises(ClientError) as error:
        call(**params)
    assert error.value.response["Error"]["Code"] == code
    return error.value.response["Error"]["Message"]


def test_a_team_is_described_with_the_portal_where_it_works(studio):
    team = studio.sagemaker.describe_workteam(WorkteamName=studio.name)["Workteam"]
    assert team["WorkteamArn"] == studio.team_arn
    assert team["MemberDefinitions"] == [member(studio, studio.name)]
    assert team["SubDomain"] == studio.stand_in.portal
    workforce = studio.sagemaker.list_workforces()["Workforces"][0]
    assert team["WorkforceArn"] == workforce["WorkforceArn"]
    assert workforce["SubDomain"] == studio.stand_in.portal and workforce["Status"] == "Active"


def test_a_second_workforce_is_refused(studio):
    config = {"UserPool": studio.pool, "ClientId": studio.client}
    message = refused(studio.sagemaker.create_workforce, WorkforceName="second", CognitoConfig=config)
    assert "already has the private workforce" in message


def test_a_workforce_needs_a_pool_and_a_client_that_exist(own_stand_in):
    sagemaker, cognito = own_stand_in.client("sagemaker"), own_stand_in.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="people")["UserPool"]["Id"]
    create = sagemaker.create_workforce
    assert "CognitoConfig is required" in refused(create, WorkforceName="w")
    config = {"UserPool": "us-east-1_none", "ClientId": "none"}
    assert "us-east-1_none does not exist" in refused(create, WorkforceName="w", CognitoConfig=config)
    config["UserPool"] = pool
    assert "The client none of" in refused(create, WorkforceName="w", CognitoConfig=config)
    address = "https://people.example/"
    oidc = {
        name: address for name in ("Issuer", "AuthorizationEndpoint", "TokenEndpoint", "UserInfoEndpoint")
    }
    oidc |= {"LogoutEndpoint": address, "JwksUri": address, "ClientId": "c", "ClientSecret": "s"}
    assert "OidcConfig" in refused(create, WorkforceName="w", OidcConfig=oidc)
    describe = sagemaker.describe_workforce
    assert "No workforce found" in refused(describe, WorkforceName="default")
    assert "No workforce found" in refused(
        sagemaker.create_workteam,
        WorkteamName="t",
        Description="d",
        MemberDefinitions=[{"CognitoMemberDefinition": config | {"UserGroup": "g"}}],
    )


def test_teams_are_deleted_before_their_workforce_and_not_while_they_work(own_stand_in):
    studio = Studio(own_stand_in, workers=1)
    sagemaker = studio.sagemaker
    name = studio.create(studio.manifest({"source-ref": studio.pictures(1)[0]}))
    assert studio.name in refused(sagemaker.delete_workforce, "ResourceInUse", WorkforceName="default")
    assert name in refused(sagemaker.delete_workteam, "ResourceInUse", WorkteamName=studio.name)
    sagemaker.stop_labeling_job(LabelingJobName=name)
    studio.finished(name, "Stopped")
    assert sagemaker.delete_workteam(WorkteamName=studio.name)["Success"] is True
    missing = refused(sagemaker.describe_workteam, WorkteamName=studio.name)
    assert missing.startswith("The work team") and "does not exist" in missing
    sagemaker.delete_workforce(WorkforceName="default")
    assert sagemaker.list_workforces()["Workforces"] == []
    studio.workforce()  # another one may be made now


def test_teams_are_made_of_groups_of_the_workforce_s_own_pool(studio):
    create = studio.sagemaker.create_workteam
    team = {"WorkteamName": f"{studio.name}-b", "Description": "d"}
    for definition, message in (
        (member(studio, "no-such-group"), "The group no-such-group of the user pool"),
        (member(studio, studio.name, ClientId="other"), "not .* and other"),
        (member(studio, studio.name, UserPool="us-east-1_other"), "us-east-1_other"),
        ({"OidcMemberDefinition": {"Groups": ["g"]}}, "only CognitoMemberDefinition"),
    ):
        with pytest.raises(ClientError, match=message):
            create(**team, MemberDefinitions=[definition])
    topic = {"NotificationTopicArn": "arn:aws:sns:us-east-1:000000000000:topic"}
    with pytest.raises(ClientError, match="SNS"):
        create(**team, MemberDefinitions=[member(studio, studio.name)], NotificationConfiguration=topic)


def test_a_team_s_name_is_taken_once(studio):
    params = {"Description": "d", "MemberDefinitions": [member(studio, studio.name)]}
    refused(studio.sagemaker.create_workteam, "ResourceInUse", WorkteamName=studio.name, **params)


def test_a_team_is_changed_in_what_is_given_and_listed(studio):
    name = f"{studio.name}-zz"
    studio.team(name)
    studio.sagemaker.update_workteam(WorkteamName=name, Description="new")
    both = [member(studio, name), member(studio, studio.name)]
    team = studio.sagemaker.update_workteam(WorkteamName=name, MemberDefinitions=both)["Workteam"]
    assert (team["Description"], team["MemberDefinitions"]) == ("new", both)
    listed = studio.sagemaker.list_workteams(NameContains=studio.name, SortBy="Name", SortOrder="Descending")
    assert [team["WorkteamName"] for team in listed["Workteams"]] == [name, studio.name]
    first = studio.sagemaker.list_workteams(NameContains=studio.name, MaxResults=1)
    rest = studio.sagemaker.list_workteams(NameContains=studio.name, NextToken=first["NextToken"])
    assert [team["WorkteamName"] for team in rest["Workteams"]] == [name]
    assert "does not exist" in refused(studio.sagemaker.update_workteam, WorkteamName="none", Description="d")
    studio.sagemaker.delete_workteam(WorkteamName=name)


def test_limits_on_from_where_people_work_are_refused_and_not_ignored(studio):
    update = studio.sagemaker.update_workforce
    # There is one per server, and another test may have been the one to make and name it.
    name = studio.sagemaker.list_workforces()["Workforces"][0]["WorkforceName"]
    cidrs = {"Cidrs": ["10.0.0.0/8"]}
    assert "SourceIpConfig" in refused(update, WorkforceName=name, SourceIpConfig=cidrs)
    workforce = update(WorkforceName=name, IpAddressType="dualstack")["Workforce"]
    assert workforce["IpAddressType"] == "dualstack"
