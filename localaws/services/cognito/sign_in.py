"""Signing in with a password, the change of a temporary one, and the tokens that come of it."""

import base64
import hmac
import json
import time

from localaws.api import AwsError
from localaws.services.cognito.directory import Directory
from localaws.services.cognito.passwords import (
    Attempts,
    check_password,
    hash_password,
    is_password,
    policy_of,
)
from localaws.services.cognito.tokens import Tokens
from localaws.services.parameters import refuse_others

PASSWORD_FLOWS = ("USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH")
REFRESH_FLOWS = ("REFRESH_TOKEN_AUTH", "REFRESH_TOKEN")
UNITS = {"seconds": 1, "minutes": 60, "hours": 60 * 60, "days": 24 * 60 * 60}


class SignIn:
    """USER_PASSWORD_AUTH and REFRESH_TOKEN_AUTH, and the same for an administrator.

    A client's ExplicitAuthFlows are not looked at: the portal signs workers in with this, in place of
    Cognito's hosted page, which does not need them either.
    """

    def __init__(self, directory: Directory, tokens: Tokens):
        self.directory = directory
        self.store = directory.store
        self.tokens = tokens
        self.attempts = Attempts()

    def InitiateAuth(self, params: dict) -> dict:
        flow, given = params["AuthFlow"], params.get("AuthParameters") or {}
        client = self.directory.client(params)
        if flow in REFRESH_FLOWS:
            return self._refresh(client, given)
        if flow not in PASSWORD_FLOWS or flow.startswith("ADMIN") != ("UserPoolId" in params):
            raise _invalid(f"Initiate Auth method not supported: {flow}")
        for name in ("USERNAME", "PASSWORD"):
            if not given.get(name):
                raise _invalid(f"Missing required parameter {name}")
        refuse_others(given, ("USERNAME", "PASSWORD", "SECRET_HASH"), f"AuthParameters for {flow}")
        _check_secret(client, given["USERNAME"], given)
        user = self._authenticated(client, given["USERNAME"], given["PASSWORD"])
        if user["UserStatus"] == "FORCE_CHANGE_PASSWORD":
            return self._new_password_challenge(client, user)
        return {"ChallengeParameters": {}, "AuthenticationResult": self._results(client, user, time.time())}

    AdminInitiateAuth = InitiateAuth

    def RespondToAuthChallenge(self, params: dict) -> dict:
        challenge, given = params["ChallengeName"], params.get("ChallengeResponses") or {}
        if challenge != "NEW_PASSWORD_REQUIRED":
            raise _invalid(f"Challenge not supported: {challenge}")
        for name in ("USERNAME", "NEW_PASSWORD"):
            if not given.get(name):
                raise _invalid(f"Missing required parameter {name}")
        refuse_others(
            given, ("USERNAME", "NEW_PASSWORD", "SECRET_HASH"), f"ChallengeResponses to {challenge}"
        )
        client = self.directory.client(params)
        _check_secret(client, given["USERNAME"], given)
        session = self.tokens.read(
            params.get("Session") or "", token_use="session", client_id=client["ClientId"]
        )
        user = self._user(client, given["USERNAME"])
        if session is None or user is None or session["invitation"] != _invitation(user):
            raise AwsError("NotAuthorizedException", "Invalid session for the user, session is expired.")
        check_password(given["NEW_PASSWORD"], policy_of(self.directory.pool(client)))
        changes = {"password": hash_password(given["NEW_PASSWORD"]), "UserStatus": "CONFIRMED"}
        expected = {"password": user["password"], "UserStatus": "FORCE_CHANGE_PASSWORD"}
        if not self.store.update_if(
            "user", user["name"], expected, UserLastModifiedDate=time.time(), **changes
        ):
            raise AwsError("NotAuthorizedException", "Invalid session for the user.")
        return {"ChallengeParameters": {}, "AuthenticationResult": self._results(client, user, time.time())}

    AdminRespondToAuthChallenge = RespondToAuthChallenge

    def _authenticated(self, client: dict, name: str, password: str) -> dict:
        """The user, if it is the password; one and the same refusal whatever is wrong."""
        key = self.directory.user_name({"UserPoolId": client["UserPoolId"], "Username": name})
        self.attempts.check(key)
        user = self._user(client, name)
        if not is_password(password, user and user["password"]):
            self.attempts.failed(key)
            raise AwsError("NotAuthorizedException", "Incorrect username or password.")
        if not user["Enabled"]:
            raise AwsError("NotAuthorizedException", "User is disabled.")
        if user["UserStatus"] == "FORCE_CHANGE_PASSWORD" and user["password_expires"] < time.time():
            message = "Temporary password has expired and must be reset by an administrator."
            raise AwsError("NotAuthorizedException", message)
        return user

    def _user(self, client: dict, name: str) -> dict | None:
        key = self.directory.user_name({"UserPoolId": client["UserPoolId"], "Username": name})
        return self.store.find("user", key)

    def _new_password_challenge(self, client: dict, user: dict) -> dict:
        session = self.tokens.sign(
            client["AuthSessionValidity"] * UNITS["minutes"],
            token_use="session",
            client_id=client["ClientId"],
            invitation=_invitation(user),
        )
        attributes = {name: value for name, value in user["attributes"].items() if name != "sub"}
        return {
            "ChallengeName": "NEW_PASSWORD_REQUIRED",
            "Session": session,
            "ChallengeParameters": {
                "USER_ID_FOR_SRP": user["Username"],
                "requiredAttributes": "[]",
                "userAttributes": json.dumps(attributes),
            },
        }

    def _refresh(self, client: dict, given: dict) -> dict:
        claims = self.tokens.read(
            given.get("REFRESH_TOKEN", ""), token_use="refresh", client_id=client["ClientId"]
        )
        user = self._user(client, claims["username"]) if claims else None
        if user is None or user["attributes"]["sub"] != claims["sub"]:
            raise AwsError("NotAuthorizedException", "Invalid Refresh Token")
        _check_secret(client, user["Username"], given)
        if not user["Enabled"]:
            raise AwsError("NotAuthorizedException", "User is disabled.")
        results = self._results(client, user, claims["auth_time"])
        del results["RefreshToken"]  # the one that came in goes on
        return {"ChallengeParameters": {}, "AuthenticationResult": results}

    def _results(self, client: dict, user: dict, signed_in: float) -> dict:
        groups = self.directory.groups_of(user)
        claims = {
            "sub": user["attributes"]["sub"],
            "iss": self.tokens.issuer(client["UserPoolId"]),
            "auth_time": int(signed_in),
        } | ({"cognito:groups": groups} if groups else {})
        identity = {"aud": client["ClientId"], "cognito:username": user["Username"]} | user["attributes"]
        access = {"client_id": client["ClientId"], "username": user["Username"]}
        scope = "aws.cognito.signin.user.admin"
        seconds = _validity(client, "AccessToken", "hours")
        return {
            "AccessToken": self.tokens.sign(seconds, token_use="access", scope=scope, **claims, **access),
            "ExpiresIn": seconds,
            "TokenType": "Bearer",
            "RefreshToken": self.tokens.sign(
                _validity(client, "RefreshToken", "days"), token_use="refresh", **claims, **access
            ),
            "IdToken": self.tokens.sign(
                _validity(client, "IdToken", "hours"), token_use="id", **(claims | identity)
            ),
        }


def _invitation(user: dict) -> list:
    """Another one for each user and each temporary password: a session is good for one change of it."""
    return [user["attributes"]["sub"], user["UserStatus"], user.get("password_expires")]


def _validity(client: dict, token: str, unit: str) -> int:
    """Seconds that this kind of token is good for: one ``unit``, unless the client says otherwise."""
    unit = (client.get("TokenValidityUnits") or {}).get(token, unit)
    return (client.get(f"{token}Validity") or 1) * UNITS[unit]


def _check_secret(client: dict, username: str, given: dict) -> None:
    """SECRET_HASH is base64 of the HMAC-SHA256, by the client's secret, of user name and client id."""
    if not client.get("ClientSecret"):
        return
    if "SECRET_HASH" not in given:
        message = f"Client {client['ClientId']} is configured with secret but SECRET_HASH was not received"
        raise AwsError("NotAuthorizedException", message)
    digest = hmac.digest(client["ClientSecret"].encode(), (username + client["ClientId"]).encode(), "sha256")
    if not hmac.compare_digest(base64.b64encode(digest), given["SECRET_HASH"].encode()):
        message = f"SecretHash does not match for the client: {client['ClientId']}"
        raise AwsError("NotAuthorizedException", message)


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)
