"""STS: who is calling, and keys that work for a while."""

import hmac
import secrets
import time

from localaws.api import AwsError, Identity
from localaws.api.identity import caller
from localaws.services.parameters import refuse_others
from localaws.store import Store

HOUR = 60 * 60


class AccessKeys:
    """Temporary access keys, by their id. The gateway looks them up to verify signatures."""

    def __init__(self, store: Store):
        self.store = store

    def issue(self, seconds: int, arn: str, user_id: str) -> dict:
        """New keys of that principal, as STS's Credentials. Those that expired meanwhile are forgotten."""
        now = time.time()
        for key in self.store.all("access-key"):
            if key["Expiration"] <= now:
                self.store.delete("access-key", key["AccessKeyId"])
        key = {
            "AccessKeyId": "ASIA" + secrets.token_hex(8).upper(),
            "SecretAccessKey": secrets.token_urlsafe(30),
            "SessionToken": secrets.token_urlsafe(96),
            "Expiration": int(now) + seconds,
            "Arn": arn,
            "UserId": user_id,
        }
        self.store.add("access-key", key["AccessKeyId"], key)
        return key

    def lookup(self, access_key_id: str, session_token: str | None) -> str | None:
        """The secret, or None for an id that is unknown or expired, and for a token that is not its own."""
        key = self.store.find("access-key", access_key_id)
        if key is None or key["Expiration"] <= time.time():
            return None
        if not hmac.compare_digest(key["SessionToken"].encode(), (session_token or "").encode()):
            return None
        return key["SecretAccessKey"]


class Sts:
    """Roles are assumed, and keys made, for whoever asks: policies are not enforced."""

    def __init__(self, store: Store, identity: Identity = Identity()):
        self.store = store
        self.identity = identity
        self.keys = AccessKeys(store)

    def GetCallerIdentity(self, params: dict) -> dict:
        """The principal of temporary keys, and the account's root for the permanent one."""
        root = {"Arn": self.identity.arn("iam", "root"), "UserId": self.identity.account}
        key = self.store.find("access-key", caller.get() or "") or root
        return {"Account": self.identity.account, "Arn": key["Arn"], "UserId": key["UserId"]}

    def AssumeRole(self, params: dict) -> dict:
        """Keys for a role that exists. A session policy is refused, since it would narrow nothing."""
        offered = ("RoleArn", "RoleSessionName", "DurationSeconds", "Tags", "ExternalId", "SourceIdentity")
        refuse_others(params, offered, "AssumeRole")
        arn, session = params["RoleArn"], params["RoleSessionName"]
        name = arn.rpartition("/")[2]
        role = self.store.find("role", name)
        if role is None or role["Arn"] != arn:
            raise AwsError(
                "AccessDenied",
                f"User: {self.identity.arn('iam', 'root')} is not authorized to perform: sts:AssumeRole "
                f"on resource: {arn} (there is no such role)",
                403,
            )
        seconds = params.get("DurationSeconds", HOUR)
        if seconds > role["MaxSessionDuration"]:
            raise AwsError(
                "ValidationError",
                f"The requested DurationSeconds {seconds} exceeds the MaxSessionDuration "
                f"{role['MaxSessionDuration']} set for this role.",
            )
        assumed = self.identity.arn("sts", f"assumed-role/{name}/{session}")
        user_id = f"{role['RoleId']}:{session}"
        return {
            "Credentials": self.keys.issue(seconds, assumed, user_id),
            "AssumedRoleUser": {"AssumedRoleId": user_id, "Arn": assumed},
        }

    def GetSessionToken(self, params: dict) -> dict:
        refuse_others(params, ("DurationSeconds",), "GetSessionToken")
        me = self.GetCallerIdentity({})
        seconds = params.get("DurationSeconds", 12 * HOUR)
        return {"Credentials": self.keys.issue(seconds, me["Arn"], me["UserId"])}
