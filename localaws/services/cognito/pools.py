"""User pools, their clients and their domains."""

import secrets
import string
import time

from localaws.api import AwsError, Identity
from localaws.services.cognito.directory import SEPARATOR, Directory
from localaws.services.cognito.passwords import DEFAULT_POLICY, OPEN_POLICY
from localaws.services.parameters import page, refuse_others
from localaws.store import Taken

# No mail is sent, so what only shapes mails is kept and shown.
POOL_SETTINGS = (
    "UserPoolId",
    "PoolName",
    "Policies",
    "DeletionProtection",
    "AutoVerifiedAttributes",
    "EmailVerificationMessage",
    "EmailVerificationSubject",
    "VerificationMessageTemplate",
    "EmailConfiguration",
    "UserPoolTags",
    "AdminCreateUserConfig",
    "Schema",
    "UsernameConfiguration",
    "AccountRecoverySetting",
    "UserPoolTier",
)
CLIENT_SETTINGS = (
    "UserPoolId",
    "ClientId",
    "ClientName",
    "GenerateSecret",
    "RefreshTokenValidity",
    "AccessTokenValidity",
    "IdTokenValidity",
    "TokenValidityUnits",
    "ReadAttributes",
    "WriteAttributes",
    "ExplicitAuthFlows",
    "SupportedIdentityProviders",
    "CallbackURLs",
    "LogoutURLs",
    "DefaultRedirectURI",
    "AllowedOAuthFlows",
    "AllowedOAuthScopes",
    "AllowedOAuthFlowsUserPoolClient",
    "PreventUserExistenceErrors",
    "EnableTokenRevocation",
    "AuthSessionValidity",
)
CLIENT_DEFAULTS = {
    "RefreshTokenValidity": 30,
    "TokenValidityUnits": {},
    "AllowedOAuthFlowsUserPoolClient": False,
    "EnableTokenRevocation": True,
    "AuthSessionValidity": 3,
}
ALPHABET = string.ascii_lowercase + string.digits


class Pools:
    """As on AWS, an update sets what it does not name back to the default."""

    def __init__(self, directory: Directory, identity: Identity):
        self.directory = directory
        self.store = directory.store
        self.identity = identity

    def CreateUserPool(self, params: dict) -> dict:
        identifier = f"{self.identity.region}_{_random(9, string.ascii_letters + string.digits)}"
        pool = _pool_settings(params, "CreateUserPool") | {
            "Id": identifier,
            "Arn": self.identity.arn("cognito-idp", f"userpool/{identifier}"),
            "CreationDate": time.time(),
        }
        self.store.add("user-pool", identifier, pool)
        return {"UserPool": pool}

    def DescribeUserPool(self, params: dict) -> dict:
        pool = self.directory.pool(params)
        users = self.store.all("user", pool["Id"] + SEPARATOR)
        return {"UserPool": pool | {"EstimatedNumberOfUsers": len(users), "Domain": self._domain(pool["Id"])}}

    def UpdateUserPool(self, params: dict) -> dict:
        old = self.directory.pool(params)
        kept = ("Id", "Arn", "CreationDate", "Name", "Schema", "UsernameConfiguration")
        new = {key: old[key] for key in kept if key in old}
        settings = _pool_settings({"PoolName": old["Name"]} | params, "UpdateUserPool")
        self.store.replace("user-pool", old["Id"], new | settings)
        return {}

    def ListUserPools(self, params: dict) -> dict:
        pools, token = page(
            self.store.all("user-pool"),
            lambda pool: pool["Id"],
            size=params["MaxResults"],
            token=params.get("NextToken"),
            refusal="InvalidParameterException",
        )
        return {"UserPools": pools, "NextToken": token}

    def DeleteUserPool(self, params: dict) -> None:
        """With its clients, groups and users; a domain must have gone before."""
        with self.store.transaction():
            pool = self.directory.pool(params)
            if self._domain(pool["Id"]):
                message = (
                    "User pool cannot be deleted. It has a domain configured that should be deleted first."
                )
                raise _invalid(message)
            if pool.get("DeletionProtection") == "ACTIVE":
                raise _invalid("The user pool cannot be deleted because deletion protection is activated.")
            for client in self._clients(pool["Id"]):
                self.store.delete("user-pool-client", client["ClientId"])
            for kind in ("group-member", "user-group", "user"):
                for document in self.store.all(kind, pool["Id"] + SEPARATOR):
                    self.store.delete(kind, document["name"])
            self.store.delete("user-pool", pool["Id"])

    # Clients

    def CreateUserPoolClient(self, params: dict) -> dict:
        self.directory.pool(params)
        now = time.time()
        client = _client_settings(params, "CreateUserPoolClient") | {
            "ClientId": _random(26),
            "ClientSecret": _random(52) if params.get("GenerateSecret") else None,
            "CreationDate": now,
            "LastModifiedDate": now,
        }
        self.store.add("user-pool-client", client["ClientId"], client)
        return {"UserPoolClient": client}

    def DescribeUserPoolClient(self, params: dict) -> dict:
        return {"UserPoolClient": self.directory.client(params)}

    def UpdateUserPoolClient(self, params: dict) -> dict:
        old = self.directory.client(params)
        kept = {key: old[key] for key in ("ClientName", "ClientSecret", "CreationDate")}
        settings = _client_settings(params, "UpdateUserPoolClient")
        client = kept | settings | {"LastModifiedDate": time.time()}
        self.store.replace("user-pool-client", old["ClientId"], client)
        return {"UserPoolClient": client}

    def ListUserPoolClients(self, params: dict) -> dict:
        self.directory.pool(params)
        clients, token = page(
            self._clients(params["UserPoolId"]),
            lambda client: client["ClientId"],
            size=params.get("MaxResults", 60),
            token=params.get("NextToken"),
            refusal="InvalidParameterException",
        )
        return {"UserPoolClients": clients, "NextToken": token}

    def DeleteUserPoolClient(self, params: dict) -> None:
        self.store.delete("user-pool-client", self.directory.client(params)["ClientId"])

    # Domains

    def CreateUserPoolDomain(self, params: dict) -> dict:
        refuse_others(params, ("Domain", "UserPoolId"), "CreateUserPoolDomain")
        self.directory.pool(params)
        domain = {
            "Domain": params["Domain"],
            "UserPoolId": params["UserPoolId"],
            "AWSAccountId": self.identity.account,
            "Status": "ACTIVE",
        }
        with self.store.transaction():
            if self._domain(params["UserPoolId"]):
                raise _invalid("User pool already has a domain configured.")
            try:
                self.store.add("user-pool-domain", params["Domain"], domain)
            except Taken:
                raise _invalid(
                    f"Domain {params['Domain']} already associated with another user pool."
                ) from None
        return {}

    def DescribeUserPoolDomain(self, params: dict) -> dict:
        """As on AWS, an empty description where there is no such domain."""
        return {"DomainDescription": self.store.find("user-pool-domain", params["Domain"]) or {}}

    def DeleteUserPoolDomain(self, params: dict) -> dict:
        self.directory.pool(params)
        if self._domain(params["UserPoolId"]) != params["Domain"]:
            raise _invalid(f"No such domain {params['Domain']} of user pool {params['UserPoolId']}.")
        self.store.delete("user-pool-domain", params["Domain"])
        return {}

    def _domain(self, pool: str) -> str | None:
        domains = self.store.all("user-pool-domain")
        return next((domain["Domain"] for domain in domains if domain["UserPoolId"] == pool), None)

    def _clients(self, pool: str) -> list[dict]:
        return [client for client in self.store.all("user-pool-client") if client["UserPoolId"] == pool]


def _pool_settings(params: dict, operation: str) -> dict:
    settings = {key: value for key, value in params.items() if (key, value) != ("MfaConfiguration", "OFF")}
    refuse_others(settings, POOL_SETTINGS, operation)
    policies = params.get("Policies") or {}
    refuse_others(policies, ("PasswordPolicy",), f"Policies in {operation}")
    given = policies.get("PasswordPolicy")
    refuse_others(given or {}, DEFAULT_POLICY, f"PasswordPolicy in {operation}")
    policy = DEFAULT_POLICY if given is None else OPEN_POLICY | given
    defaults = {"DeletionProtection": "INACTIVE", "MfaConfiguration": "OFF", "LastModifiedDate": time.time()}
    named = {"Name": params["PoolName"], "Policies": {"PasswordPolicy": policy}}
    return (
        defaults | {key: settings[key] for key in settings if key not in ("PoolName", "UserPoolId")} | named
    )


def _client_settings(params: dict, operation: str) -> dict:
    refuse_others(params, CLIENT_SETTINGS, operation)
    return CLIENT_DEFAULTS | {key: value for key, value in params.items() if key != "GenerateSecret"}


def _random(length: int, alphabet: str = ALPHABET) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)
