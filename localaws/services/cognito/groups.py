"""Groups of users: labeling teams are made of them."""

import time

from localaws.api import AwsError
from localaws.services.cognito.directory import SEPARATOR, Directory, described, joined
from localaws.services.parameters import page, refuse_others
from localaws.store import Taken


class Groups:
    """A membership is a document of its own, so that two callers can add to a group at once."""

    def __init__(self, directory: Directory):
        self.directory = directory
        self.store = directory.store

    def CreateGroup(self, params: dict) -> dict:
        offered = ("UserPoolId", "GroupName", "Description", "Precedence", "RoleArn")
        refuse_others(params, offered, "CreateGroup")
        self.directory.pool(params)
        now, name = time.time(), joined(params["UserPoolId"], params["GroupName"])
        group = params | {"name": name, "CreationDate": now, "LastModifiedDate": now}
        try:
            self.store.add("user-group", name, group)
        except Taken:
            raise AwsError("GroupExistsException", "A group with the name already exists.") from None
        return {"Group": group}

    def GetGroup(self, params: dict) -> dict:
        return {"Group": self.directory.group(params)}

    def UpdateGroup(self, params: dict) -> dict:
        name = self.directory.group(params)["name"]
        return {"Group": self.store.update("user-group", name, **params, LastModifiedDate=time.time())}

    def DeleteGroup(self, params: dict) -> None:
        with self.store.transaction():
            group = self.directory.group(params)
            for member in self.store.all("group-member", group["name"] + SEPARATOR):
                self.store.delete("group-member", member["name"])
            self.store.delete("user-group", group["name"])

    def ListGroups(self, params: dict) -> dict:
        pool = self.directory.pool(params)
        return _groups_page(self.store.all("user-group", pool["Id"] + SEPARATOR), params)

    def AdminAddUserToGroup(self, params: dict) -> None:
        """Adding twice is no error."""
        with self.store.transaction():
            group, user = self.directory.group(params), self.directory.user(params)
            name = joined(group["name"], user["name"])
            member = {"name": name, "GroupName": group["GroupName"], "Username": user["Username"]}
            self.store.replace("group-member", name, member)

    def AdminRemoveUserFromGroup(self, params: dict) -> None:
        group, user = self.directory.group(params), self.directory.user(params)
        self.store.delete("group-member", joined(group["name"], user["name"]))

    def AdminListGroupsForUser(self, params: dict) -> dict:
        user = self.directory.user(params)
        names = self.directory.groups_of(user)
        groups = [self.directory.group(params | {"GroupName": name}) for name in names]
        return _groups_page(groups, params)

    def ListUsersInGroup(self, params: dict) -> dict:
        group = self.directory.group(params)
        members, token = page(
            self.store.all("group-member", group["name"] + SEPARATOR),
            lambda member: member["name"],
            size=params.get("Limit", 60),
            token=params.get("NextToken"),
            refusal="InvalidParameterException",
        )
        users = [self.directory.user(params | {"Username": member["Username"]}) for member in members]
        return {"Users": [described(user) for user in users], "NextToken": token}


def _groups_page(groups: list[dict], params: dict) -> dict:
    shown, token = page(
        groups,
        lambda group: group["GroupName"],
        size=params.get("Limit", 60),
        token=params.get("NextToken"),
        refusal="InvalidParameterException",
    )
    return {"Groups": shown, "NextToken": token}
