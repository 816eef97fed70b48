"""The door to Cognito: what work teams are checked against, and how workers prove who they are."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from localaws.api import Clients
from localaws.groundtruth.files import error_code, is_final
from localaws.groundtruth.validation import invalid

PASSWORD_FLOWS = ("ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH")  # the second is the old name
REFUSALS = (
    "CodeMismatchException",
    "InvalidParameterException",
    "NotAuthorizedException",
    "UserNotFoundException",
)


@dataclass(frozen=True)
class Person:
    """A user of the pool, as the identity token tells."""

    sub: str
    username: str
    issuer: str


@dataclass(frozen=True)
class Challenge:
    """The first password was only for once: ``session`` proves it when the new one is set."""

    session: str


class WrongPassword(Exception):
    """User name, password or session do not fit; it is not told which."""


class WeakPassword(Exception):
    """The new password breaks the pool's rules; the message is the pool's."""


class SignIn:
    """Signs users in to the pool and the client of a workforce."""

    def __init__(self, clients: Clients, pool: str, client: str):
        self.cognito = clients.client("cognito-idp")
        self.pool = pool
        self.client = client

    def with_password(self, username: str, password: str) -> Person | Challenge:
        """Raises WrongPassword."""
        response = self._call(
            self.cognito.initiate_auth,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": username, "PASSWORD": password} | self._secret_hash(username),
        )
        if response.get("ChallengeName") == "NEW_PASSWORD_REQUIRED":
            return Challenge(response["Session"])
        return self._person(response)

    def with_new_password(self, username: str, session: str, password: str) -> Person:
        """Raises WrongPassword for a session that has expired, WeakPassword."""
        response = self._call(
            self.cognito.respond_to_auth_challenge,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=session,
            ChallengeResponses={"USERNAME": username, "NEW_PASSWORD": password} | self._secret_hash(username),
        )
        return self._person(response)

    def groups(self, username: str) -> set[str]:
        """The user's groups at this moment; none for a user who is gone or disabled."""
        user = {"UserPoolId": self.pool, "Username": username}
        try:
            if not self.cognito.admin_get_user(**user)["Enabled"]:
                return set()
            pages = self.cognito.get_paginator("admin_list_groups_for_user").paginate(**user)
            return {group["GroupName"] for page in pages for group in page["Groups"]}
        except ClientError as error:
            if error_code(error) in ("UserNotFoundException", "ResourceNotFoundException"):
                return set()
            raise

    def _call(self, operation: Callable[..., dict], **params: Any) -> dict:
        try:
            return operation(ClientId=self.client, **params)
        except ParamValidationError:
            raise WrongPassword from None  # too short for any name, password or session
        except ClientError as error:
            code, message = error_code(error), error.response["Error"].get("Message", "")
            if code in ("InvalidPasswordException", "PasswordHistoryPolicyViolationException"):
                raise WeakPassword(message) from None
            if code in REFUSALS and "flow not enabled" not in message:
                raise WrongPassword from None
            raise

    def _secret_hash(self, username: str) -> dict[str, str]:
        """Clients that have a secret want each request bound to it."""
        client = self.cognito.describe_user_pool_client(UserPoolId=self.pool, ClientId=self.client)
        secret = client["UserPoolClient"].get("ClientSecret")
        if not secret:
            return {}
        mac = hmac.digest(secret.encode(), (username + self.client).encode(), hashlib.sha256)
        return {"SECRET_HASH": base64.b64encode(mac).decode()}

    def _person(self, response: dict) -> Person:
        result = response.get("AuthenticationResult")
        if result is None:
            raise WrongPassword  # another challenge (a second factor), which the portal does not offer
        # The token came from Cognito itself a moment ago, so its signature proves nothing more.
        payload = result["IdToken"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return Person(claims["sub"], claims["cognito:username"], claims["iss"])


def check_pool(clients: Clients, config: dict) -> None:
    """Raises AwsError unless the pool and the client of a CognitoConfig exist, and let workers sign in."""
    cognito = clients.client("cognito-idp")
    pool, client = config["UserPool"], config["ClientId"]
    _check(lambda: cognito.describe_user_pool(UserPoolId=pool), f"The user pool {pool}")
    described = _check(
        lambda: cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client),
        f"The client {client} of the user pool {pool}",
    )
    flows = described["UserPoolClient"].get("ExplicitAuthFlows")
    if flows and not any(flow in flows for flow in PASSWORD_FLOWS):
        raise invalid(
            f"The client {client} of the user pool {pool} allows {', '.join(flows)}; the portal signs "
            "workers in with their password, for which ExplicitAuthFlows need ALLOW_USER_PASSWORD_AUTH."
        )


def check_group(clients: Clients, pool: str, group: str) -> None:
    """Raises AwsError unless the group exists."""
    cognito = clients.client("cognito-idp")
    _check(
        lambda: cognito.get_group(UserPoolId=pool, GroupName=group),
        f"The group {group} of the user pool {pool}",
    )


def _check(call: Callable[[], dict], what: str) -> dict:
    try:
        return call()
    except ClientError as error:
        if not is_final(error):
            raise
        raise invalid(f"{what} does not exist.") from None
