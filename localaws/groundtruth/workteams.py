"""Work teams: groups of the workforce's user pool."""

import time
from typing import Any

from localaws.api import AwsError, Clients, Identity
from localaws.groundtruth.cognito import check_group
from localaws.groundtruth.jobs import Jobs
from localaws.groundtruth.paging import page
from localaws.groundtruth.validation import invalid
from localaws.groundtruth.workforces import Workforces
from localaws.store import Store, Taken

WORKTEAM = "workteam"
MOST_TEAMS = 25


class Workteams:
    def __init__(
        self,
        store: Store,
        identity: Identity,
        clients: Clients,
        tags: Any,
        jobs: Jobs,
        workforces: Workforces,
    ):
        self.store = store
        self.identity = identity
        self.clients = clients
        self.tags = tags
        self.jobs = jobs
        self.workforces = workforces

    def CreateWorkteam(self, params: dict) -> dict:
        workforce = self._workforce(params)
        self._check(params, workforce)
        name, now = params["WorkteamName"], time.time()
        arn = self.identity.arn("sagemaker", f"workteam/private-crowd/{name}")
        document = {
            "WorkteamName": name,
            "WorkteamArn": arn,
            "WorkforceArn": workforce["WorkforceArn"],
            "MemberDefinitions": params["MemberDefinitions"],
            "Description": params["Description"],
            "WorkerAccessConfiguration": params.get("WorkerAccessConfiguration"),
            "CreateDate": now,
            "LastUpdatedDate": now,
        }
        with self.store.transaction():
            if self.store.find(WORKTEAM, name) is None and len(self.store.all(WORKTEAM)) >= MOST_TEAMS:
                raise AwsError(
                    "ResourceLimitExceeded", f"There are {MOST_TEAMS} work teams, the most allowed."
                )
            try:
                self.store.add(WORKTEAM, name, document)
            except Taken:
                raise AwsError("ResourceInUse", f"The work team {name} exists already.") from None
        if params.get("Tags"):
            self.tags.put(arn, params["Tags"])
        return {"WorkteamArn": arn}

    def DescribeWorkteam(self, params: dict) -> dict:
        return {"Workteam": self._described(self._find(params["WorkteamName"]))}

    def ListWorkteams(self, params: dict) -> dict:
        found = [
            self._described(document)
            for document in self.store.all(WORKTEAM)
            if params.get("NameContains", "") in document["WorkteamName"]
        ]
        field = "CreateDate" if params.get("SortBy") == "CreateDate" else "WorkteamName"
        shown, token = page(found, params, lambda document: document[field], "WorkteamName")
        return {"Workteams": shown, "NextToken": token}

    def UpdateWorkteam(self, params: dict) -> dict:
        name = self._find(params["WorkteamName"])["WorkteamName"]
        self._check(params, self._workforce({}))
        fields = ("MemberDefinitions", "Description", "WorkerAccessConfiguration")
        changes = {field: params[field] for field in fields if field in params}
        updated = self.store.update(WORKTEAM, name, **changes, LastUpdatedDate=time.time())
        return {"Workteam": self._described(updated)}

    def DeleteWorkteam(self, params: dict) -> dict:
        team = self._find(params["WorkteamName"])
        for job in self.jobs.active():
            if job["HumanTaskConfig"]["WorkteamArn"] == team["WorkteamArn"]:
                raise AwsError(
                    "ResourceInUse",
                    f"The work team {team['WorkteamName']} works on the labeling job "
                    f"{job['LabelingJobName']}, which is {job['LabelingJobStatus']}.",
                )
        return {"Success": self.store.delete(WORKTEAM, team["WorkteamName"])}

    def by_arn(self, arn: str) -> dict | None:
        team = self.store.find(WORKTEAM, arn.rpartition("/")[2])
        return team if team and team["WorkteamArn"] == arn else None

    def of_groups(self, groups: set[str]) -> list[dict]:
        """The teams that a member of these groups of the workforce's user pool works in."""
        return [team for team in self.store.all(WORKTEAM) if groups & team_groups(team)]

    def _find(self, name: str) -> dict:
        document = self.store.find(WORKTEAM, name)
        if document is None:
            raise invalid(f"The work team {name} does not exist.")
        return document

    def _described(self, document: dict) -> dict:
        return document | {"SubDomain": self.workforces.portal}

    def _workforce(self, params: dict) -> dict:
        if "WorkforceName" in params:
            return self.workforces.find(params["WorkforceName"])
        workforce = self.workforces.only()
        if workforce is None:
            raise invalid("No workforce found: create the private workforce before its work teams.")
        return workforce

    def _check(self, params: dict, workforce: dict) -> None:
        if (params.get("NotificationConfiguration") or {}).get("NotificationTopicArn"):
            raise invalid("NotificationConfiguration: notifications by SNS are not offered by this server")
        config = workforce["CognitoConfig"]
        for definition in params.get("MemberDefinitions", []):
            member = definition.get("CognitoMemberDefinition")
            if definition.get("OidcMemberDefinition") or not member:
                raise invalid("MemberDefinitions: only CognitoMemberDefinition is offered by this server")
            if (member["UserPool"], member["ClientId"]) != (config["UserPool"], config["ClientId"]):
                raise invalid(
                    f"MemberDefinitions must have the workforce's user pool {config['UserPool']} and client "
                    f"{config['ClientId']}, not {member['UserPool']} and {member['ClientId']}"
                )
            check_group(self.clients, member["UserPool"], member["UserGroup"])


def team_groups(team: dict) -> set[str]:
    """The groups of the user pool whose members make up the team."""
    return {member["CognitoMemberDefinition"]["UserGroup"] for member in team["MemberDefinitions"]}
