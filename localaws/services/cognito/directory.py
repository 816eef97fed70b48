"""Where pools, clients, groups and users are kept, and the refusals for those that are not there."""

from localaws.api import AwsError
from localaws.store import Store

SEPARATOR = "\x1f"  # between the parts of a name; no identifier of AWS's holds it


def joined(*parts: str) -> str:
    return SEPARATOR.join(parts)


class Directory:
    """Documents of the kinds user-pool, user-pool-client, user-group, user and group-member."""

    def __init__(self, store: Store):
        self.store = store

    def pool(self, params: dict) -> dict:
        pool = self.store.find("user-pool", params["UserPoolId"])
        if pool is None:
            raise _not_found(f"User pool {params['UserPoolId']} does not exist.")
        return pool

    def client(self, params: dict) -> dict:
        """By its id; where the call names a pool, of that pool only."""
        client = self.store.find("user-pool-client", params["ClientId"])
        if client is None or client["UserPoolId"] != params.get("UserPoolId", client["UserPoolId"]):
            raise _not_found(f"User pool client {params['ClientId']} does not exist.")
        return client

    def group(self, params: dict) -> dict:
        self.pool(params)
        group = self.store.find("user-group", joined(params["UserPoolId"], params["GroupName"]))
        if group is None:
            raise _not_found(f"Group not found: {params['GroupName']}")
        return group

    def user(self, params: dict) -> dict:
        user = self.store.find("user", self.user_name(params))
        if user is None:
            raise AwsError("UserNotFoundException", "User does not exist.")
        return user

    def user_name(self, params: dict) -> str:
        """The name of the user's document. Letter case tells users apart only in pools that asked for it."""
        case_sensitive = (self.pool(params).get("UsernameConfiguration") or {}).get("CaseSensitive")
        name = params["Username"] if case_sensitive else params["Username"].lower()
        return joined(params["UserPoolId"], name)

    def change_user(self, params: dict, **changes) -> None:
        self.user(params)
        self.store.update("user", self.user_name(params), **changes)

    def groups_of(self, user: dict) -> list[str]:
        """Names, in their order."""
        members = self.store.all("group-member", user["UserPoolId"] + SEPARATOR)
        return [member["GroupName"] for member in members if member["Username"] == user["Username"]]


def described(user: dict, attributes: list[str] | None = None) -> dict:
    """As Cognito shows a user: nothing of the password, and of the attributes those asked for, or all."""
    shown = [
        {"Name": name, "Value": value}
        for name, value in user["attributes"].items()
        if attributes is None or name in attributes
    ]
    fields = ("Username", "UserCreateDate", "UserLastModifiedDate", "Enabled", "UserStatus")
    return {field: user[field] for field in fields} | {"Attributes": shown}


def _not_found(message: str) -> AwsError:
    return AwsError("ResourceNotFoundException", message)
