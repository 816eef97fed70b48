"""The private workforce: one Cognito user pool, once per account and region."""

import time
from typing import Any

from localaws.api import AwsError, Clients, Identity
from localaws.groundtruth.cognito import check_pool
from localaws.groundtruth.paging import page
from localaws.groundtruth.validation import invalid
from localaws.store import Store

WORKFORCE = "workforce"
EVERYBODY = {"0.0.0.0/0", "::/0"}


class Workforces:
    def __init__(self, store: Store, identity: Identity, clients: Clients, tags: Any, portal: str):
        """``portal`` is the address where workers sign in."""
        self.store = store
        self.identity = identity
        self.clients = clients
        self.tags = tags
        self.portal = portal

    def CreateWorkforce(self, params: dict) -> dict:
        refuse_access_limits(params)
        if not params.get("CognitoConfig"):
            raise invalid("CognitoConfig is required: it names the user pool and the client of the workers")
        check_pool(self.clients, params["CognitoConfig"])
        name, now = params["WorkforceName"], time.time()
        arn = self.identity.arn("sagemaker", f"workforce/{name}")
        document = {
            "WorkforceName": name,
            "WorkforceArn": arn,
            "CognitoConfig": params["CognitoConfig"],
            "CreateDate": now,
            "LastUpdatedDate": now,
            "Status": "Active",
            "IpAddressType": params.get("IpAddressType", "ipv4"),
        }
        with self.store.transaction():
            if existing := self.only():
                raise invalid(
                    f"Account {self.identity.account} already has the private workforce "
                    f"{existing['WorkforceName']} in {self.identity.region}; delete it to create another."
                )
            self.store.add(WORKFORCE, name, document)
        if params.get("Tags"):
            self.tags.put(arn, params["Tags"])
        return {"WorkforceArn": arn}

    def DescribeWorkforce(self, params: dict) -> dict:
        return {"Workforce": self.find(params["WorkforceName"]) | {"SubDomain": self.portal}}

    def ListWorkforces(self, params: dict) -> dict:
        found = [
            document | {"SubDomain": self.portal}
            for document in self.store.all(WORKFORCE)
            if params.get("NameContains", "") in document["WorkforceName"]
        ]
        field = "CreateDate" if params.get("SortBy") == "CreateDate" else "WorkforceName"
        shown, token = page(found, params, lambda document: document[field], "WorkforceName")
        return {"Workforces": shown, "NextToken": token}

    def UpdateWorkforce(self, params: dict) -> dict:
        refuse_access_limits(params)
        document = self.find(params["WorkforceName"])
        changes = {
            "LastUpdatedDate": time.time(),
            "IpAddressType": params.get("IpAddressType", document["IpAddressType"]),
        }
        self.store.update(WORKFORCE, params["WorkforceName"], **changes)
        return self.DescribeWorkforce(params)

    def DeleteWorkforce(self, params: dict) -> dict:
        name = self.find(params["WorkforceName"])["WorkforceName"]
        with self.store.transaction():
            if teams := [team["WorkteamName"] for team in self.store.all("workteam")]:
                raise AwsError(
                    "ResourceInUse",
                    f"The workforce {name} has work teams; delete them first: {', '.join(teams)}",
                )
            self.store.delete(WORKFORCE, name)
        return {}

    def only(self) -> dict | None:
        """The workforce, if there is one."""
        return next(iter(self.store.all(WORKFORCE)), None)

    def find(self, name: str) -> dict:
        document = self.store.find(WORKFORCE, name)
        if document is None:
            raise invalid(f"No workforce found: {name} does not exist.")
        return document


def refuse_access_limits(params: dict) -> None:
    """Other ways to sign in, and limits on from where, are refused rather than ignored."""
    if params.get("OidcConfig"):
        raise invalid("OidcConfig: workforces of an OIDC identity provider are not offered by this server")
    if params.get("WorkforceVpcConfig"):
        raise invalid("WorkforceVpcConfig: worker portals in a VPC are not offered by this server")
    cidrs = set((params.get("SourceIpConfig") or {}).get("Cidrs") or EVERYBODY)
    if not cidrs <= EVERYBODY:
        raise invalid("SourceIpConfig: allow lists of addresses are not offered by this server")
