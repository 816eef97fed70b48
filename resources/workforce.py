"""Who labels: a Cognito group made into a SageMaker work team, each piece adopted where it exists."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

import dagster as dg
from botocore.exceptions import ClientError

from resources.aws import Aws, error_code, explained, is_missing
from resources.names import sha256

POOL = "labelloop"
CALLBACK = ["https://127.0.0.1"]  # SageMaker puts the portal's own addresses here when it adopts the client


@dataclass(frozen=True)
class LabelingTeam:
    name: str
    arn: str
    portal: str  # the address where workers sign in
    workforce: str
    user_pool: str
    client: str
    group: str
    members: int


@dataclass(frozen=True)
class Invitation:
    """What a worker needs to sign in for the first time; the portal then asks for a password of their own."""

    portal: str
    username: str
    first_password: str


class Workforce(dg.ConfigurableResource):
    """The account's one private workforce, and its teams.

    The order of the calls is AWS's own: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-workforce-create-private-api.html
    """

    aws: Aws

    def ensure_team(self, name: str, description: str, emails: Iterable[str] = ()) -> LabelingTeam:
        """Adopt or create the team, and invite the addresses that are not in it yet."""
        with explained(f"set up the work team {name}"):
            workforce = self._workforce() or self._create_workforce()
            pool, client = workforce["CognitoConfig"]["UserPool"], workforce["CognitoConfig"]["ClientId"]
            self._ensure_group(pool, name)
            team = self._team(name) or self._create_team(name, description, workforce)
            members = self._invite(pool, name, emails, team["SubDomain"])
        return LabelingTeam(
            name=name,
            arn=team["WorkteamArn"],
            portal=address(team["SubDomain"]),
            workforce=workforce["WorkforceName"],
            user_pool=pool,
            client=client,
            group=name,
            members=members,
        )

    def portal(self, name: str) -> str | None:
        """The address where the team's workers sign in; None while there is no such team."""
        with explained(f"look up the work team {name}"):
            team = self._team(name)
        return address(team["SubDomain"]) if team else None

    def invite(self, name: str, username: str) -> Invitation:
        """Make a person a member of the team, without a mail. Raises dg.Failure where there is no such team.

        Whoever is known already gets a new first password.
        """
        password = f"Aa1-{secrets.token_urlsafe(9)}"  # a letter of each kind, as Cognito's rules want
        with explained(f"invite {username} to the work team {name}"):
            team = self._team(name)
            if team is None:
                raise dg.Failure(f"There is no work team {name} yet: materialize labeling_team first.")
            pool = self._workforce()["CognitoConfig"]["UserPool"]
            cognito, user = self.aws.client("cognito-idp"), {"UserPoolId": pool, "Username": username}
            try:
                cognito.admin_create_user(**user, TemporaryPassword=password, MessageAction="SUPPRESS")
            except ClientError as error:
                if error_code(error) != "UsernameExistsException":
                    raise
                cognito.admin_set_user_password(**user, Password=password, Permanent=False)
            cognito.admin_add_user_to_group(**user, GroupName=name)
        return Invitation(address(team["SubDomain"]), username, password)

    def _workforce(self) -> dict | None:
        """There is at most one private workforce in an account and region."""
        found = self.aws.ground_truth().list_workforces()["Workforces"]
        ours = [workforce for workforce in found if workforce.get("CognitoConfig")]
        if found and not ours:
            raise dg.Failure(
                f"The workforce {found[0]['WorkforceName']} signs in through an OIDC provider of its own. "
                "labelloop makes teams of Cognito workforces only: make the work team by hand.",
                allow_retries=False,
            )
        return ours[0] if ours else None

    def _create_workforce(self) -> dict:
        cognito = self.aws.client("cognito-idp")
        pool = self._ensure_pool()
        client = self._ensure_client(pool)
        try:
            cognito.create_user_pool_domain(Domain=f"labelloop-{sha256(pool.encode())[:12]}", UserPoolId=pool)
        except ClientError as error:
            # A pool has one domain, and one that is left from an earlier attempt serves as well.
            if error_code(error) not in ("InvalidParameterException", "AliasExistsException"):
                raise
        self.aws.ground_truth().create_workforce(
            WorkforceName="labelloop", CognitoConfig={"UserPool": pool, "ClientId": client}
        )
        return self.aws.ground_truth().describe_workforce(WorkforceName="labelloop")["Workforce"]

    def _ensure_pool(self) -> str:
        cognito = self.aws.client("cognito-idp")
        for page in cognito.get_paginator("list_user_pools").paginate(MaxResults=60):
            for pool in page["UserPools"]:
                if pool["Name"] == POOL:
                    return pool["Id"]
        return cognito.create_user_pool(
            PoolName=POOL,
            AutoVerifiedAttributes=["email"],
            AdminCreateUserConfig={"AllowAdminCreateUserOnly": True},
        )["UserPool"]["Id"]

    def _ensure_client(self, pool: str) -> str:
        cognito = self.aws.client("cognito-idp")
        for page in cognito.get_paginator("list_user_pool_clients").paginate(UserPoolId=pool, MaxResults=60):
            for client in page["UserPoolClients"]:
                if client["ClientName"] == POOL:
                    return client["ClientId"]
        return cognito.create_user_pool_client(
            UserPoolId=pool,
            ClientName=POOL,
            GenerateSecret=True,
            # The hosted page needs none of them; a portal that takes the password itself does.
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            AllowedOAuthFlows=["code", "implicit"],
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthScopes=["email", "openid", "profile"],
            SupportedIdentityProviders=["COGNITO"],
            CallbackURLs=CALLBACK,
            LogoutURLs=CALLBACK,
        )["UserPoolClient"]["ClientId"]

    def _ensure_group(self, pool: str, name: str) -> None:
        try:
            self.aws.client("cognito-idp").create_group(UserPoolId=pool, GroupName=name)
        except ClientError as error:
            if error_code(error) != "GroupExistsException":
                raise

    def _team(self, name: str) -> dict | None:
        try:
            return self.aws.ground_truth().describe_workteam(WorkteamName=name)["Workteam"]
        except ClientError as error:
            if is_missing(error):
                return None
            raise

    def _create_team(self, name: str, description: str, workforce: dict) -> dict:
        cognito = workforce["CognitoConfig"]
        member = {
            "UserPool": cognito["UserPool"],
            "UserGroup": name,
            "ClientId": cognito["ClientId"],
        }
        self.aws.ground_truth().create_workteam(
            WorkteamName=name,
            WorkforceName=workforce["WorkforceName"],
            Description=description[:200],
            MemberDefinitions=[{"CognitoMemberDefinition": member}],
        )
        return self.aws.ground_truth().describe_workteam(WorkteamName=name)["Workteam"]

    def _invite(self, pool: str, group: str, emails: Iterable[str], sub_domain: str) -> int:
        """Returns how many people are in the group now."""
        cognito = self.aws.client("cognito-idp")
        for email in emails:
            try:
                cognito.admin_create_user(
                    UserPoolId=pool,
                    Username=email,
                    UserAttributes=[{"Name": "email", "Value": email}],
                    DesiredDeliveryMediums=["EMAIL"],
                )
            except ClientError as error:
                if error_code(error) != "UsernameExistsException":
                    raise
            cognito.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName=group)
        pages = cognito.get_paginator("list_users_in_group").paginate(UserPoolId=pool, GroupName=group)
        return sum(len(page["Users"]) for page in pages)


def address(sub_domain: str) -> str:
    """The URL of a work team's portal, which SageMaker describes without its scheme."""
    return sub_domain if "://" in sub_domain else f"https://{sub_domain}"
