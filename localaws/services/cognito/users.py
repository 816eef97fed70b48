"""The users of a pool, as an administrator manages them."""

import re
import time
import uuid

from localaws.api import AwsError
from localaws.services.cognito.directory import SEPARATOR, Directory, described
from localaws.services.cognito.passwords import check_password, hash_password, make_password, policy_of
from localaws.services.parameters import page, refuse_others
from localaws.store import Taken

STANDARD_ATTRIBUTES = {
    *("address", "birthdate", "email", "email_verified", "family_name", "gender", "given_name", "locale"),
    *("middle_name", "name", "nickname", "phone_number", "phone_number_verified", "picture"),
    *("preferred_username", "profile", "updated_at", "website", "zoneinfo"),
}
FILTER = re.compile(r'\s*"?([\w:]+)"?\s*(\^?=)\s*"((?:\\.|[^"\\])*)"\s*')
DAY = 24 * 60 * 60


class Users:
    """No mail is sent: a temporary password that the caller does not choose is known to nobody."""

    def __init__(self, directory: Directory):
        self.directory = directory
        self.store = directory.store

    def AdminCreateUser(self, params: dict) -> dict:
        offered = ("UserPoolId", "Username", "UserAttributes", "TemporaryPassword", "MessageAction")
        offered += ("DesiredDeliveryMediums", "ForceAliasCreation")
        refuse_others(params, offered, "AdminCreateUser")
        pool, name = self.directory.pool(params), self.directory.user_name(params)
        if params.get("MessageAction") == "RESEND":
            return {"User": described(self._invite_again(params, pool))}
        attributes = {attribute["Name"]: attribute["Value"] for attribute in params.get("UserAttributes", [])}
        _check_attributes(attributes, pool)
        now = time.time()
        user = {
            "name": name,
            "UserPoolId": pool["Id"],
            "Username": params["Username"],
            "attributes": {"sub": str(uuid.uuid4())} | attributes,
            "Enabled": True,
            "UserCreateDate": now,
            "UserLastModifiedDate": now,
        } | _temporary_password(params, pool)
        try:
            self.store.add("user", name, user)
        except Taken:
            raise AwsError("UsernameExistsException", "User account already exists") from None
        return {"User": described(user)}

    def AdminSetUserPassword(self, params: dict) -> dict:
        pool = self.directory.pool(params)
        if params.get("Permanent"):
            check_password(params["Password"], policy_of(pool))
            changes = {"password": hash_password(params["Password"]), "UserStatus": "CONFIRMED"}
        else:
            changes = _temporary_password({"TemporaryPassword": params["Password"]}, pool)
        self._change(params, **changes)
        return {}

    def AdminGetUser(self, params: dict) -> dict:
        user = described(self.directory.user(params))
        return user | {"UserAttributes": user["Attributes"]}

    def AdminUpdateUserAttributes(self, params: dict) -> dict:
        given = {attribute["Name"]: attribute["Value"] for attribute in params["UserAttributes"]}
        _check_attributes(given, self.directory.pool(params))
        with self.store.transaction():
            self._change(params, attributes=self.directory.user(params)["attributes"] | given)
        return {}

    def AdminEnableUser(self, params: dict) -> dict:
        self._change(params, Enabled=True)
        return {}

    def AdminDisableUser(self, params: dict) -> dict:
        self._change(params, Enabled=False)
        return {}

    def AdminDeleteUser(self, params: dict) -> None:
        user = self.directory.user(params)
        with self.store.transaction():
            for member in self.store.all("group-member", user["UserPoolId"] + SEPARATOR):
                if member["Username"] == user["Username"]:
                    self.store.delete("group-member", member["name"])
            self.store.delete("user", user["name"])

    def ListUsers(self, params: dict) -> dict:
        pool, wanted = self.directory.pool(params), _filter(params.get("Filter"))
        users = [user for user in self.store.all("user", pool["Id"] + SEPARATOR) if wanted(user)]
        users, token = page(
            users,
            lambda user: user["name"],
            size=params.get("Limit", 60),
            token=params.get("PaginationToken"),
            refusal="InvalidParameterException",
        )
        shown = [described(user, params.get("AttributesToGet")) for user in users]
        return {"Users": shown, "PaginationToken": token}

    def _invite_again(self, params: dict, pool: dict) -> dict:
        user = self.directory.user(params)
        if user["UserStatus"] != "FORCE_CHANGE_PASSWORD":
            message = f"Resend not possible. {user['Username']} status is not FORCE_CHANGE_PASSWORD"
            raise AwsError("UnsupportedUserStateException", message)
        self._change(params, **_temporary_password(params, pool))
        return self.directory.user(params)

    def _change(self, params: dict, **changes) -> None:
        self.directory.change_user(params, UserLastModifiedDate=time.time(), **changes)


def _temporary_password(params: dict, pool: dict) -> dict:
    policy = policy_of(pool)
    password = params.get("TemporaryPassword") or make_password(policy["MinimumLength"])
    check_password(password, policy)
    expires = time.time() + policy["TemporaryPasswordValidityDays"] * DAY
    return {
        "password": hash_password(password),
        "password_expires": expires,
        "UserStatus": "FORCE_CHANGE_PASSWORD",
    }


def _check_attributes(attributes: dict, pool: dict) -> None:
    custom = {f"custom:{attribute['Name']}" for attribute in pool.get("Schema") or ()}
    for name, value in attributes.items():
        if name not in STANDARD_ATTRIBUTES | custom:
            message = f"Attributes did not conform to the schema: {name}: attribute is not defined in schema."
            raise AwsError("InvalidParameterException", message)
        if name == "email" and not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
            raise AwsError("InvalidParameterException", f"Invalid email address format: {value!r}")


def _filter(text: str | None):
    """``email ^= "a"``: equality or a prefix, over an attribute, the name or the status."""
    if not text:
        return lambda user: True
    found = FILTER.fullmatch(text)
    if not found:
        message = f'Error while parsing filter {text!r}: one comparison such as email = "a@example.com"'
        raise AwsError("InvalidParameterException", message)
    name, operator, value = found.groups()
    value = re.sub(r"\\(.)", r"\1", value)

    def wanted(user: dict) -> bool:
        fields = {
            "username": user["Username"],
            "cognito:user_status": user["UserStatus"],
            "status": "Enabled" if user["Enabled"] else "Disabled",
        } | user["attributes"]
        there = fields.get(name, "")
        return there == value if operator == "=" else there.startswith(value)

    return wanted
