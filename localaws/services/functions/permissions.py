"""Who may call a function: kept and shown, but not enforced."""

import json

from localaws.api import AwsError
from localaws.services.functions.registry import Registry
from localaws.services.parameters import refuse_others
from localaws.store import Store, Taken


class Permissions:
    """The statements of a function's resource-based policy."""

    def __init__(self, store: Store, registry: Registry):
        self.store = store
        self.registry = registry

    def AddPermission(self, params: dict) -> dict:
        offered = (
            "FunctionName",
            "StatementId",
            "Action",
            "Principal",
            "SourceArn",
            "SourceAccount",
            "Qualifier",
        )
        refuse_others(params, offered, "AddPermission")
        function = self.registry.find(params)
        statement = {
            "Sid": params["StatementId"],
            "Effect": "Allow",
            "Principal": _principal(params["Principal"]),
            "Action": params["Action"],
            "Resource": function["FunctionArn"],
        }
        conditions = {}
        if "SourceArn" in params:
            conditions["ArnLike"] = {"AWS:SourceArn": params["SourceArn"]}
        if "SourceAccount" in params:
            conditions["StringEquals"] = {"AWS:SourceAccount": params["SourceAccount"]}
        if conditions:
            statement["Condition"] = conditions
        name = f"{function['FunctionName']}:{params['StatementId']}"
        try:
            self.store.add("function-permission", name, {"name": name, "statement": statement})
        except Taken:
            raise AwsError(
                "ResourceConflictException",
                f"The statement id ({params['StatementId']}) provided already exists. "
                "Please provide a new statement id, or remove the existing statement.",
                409,
            ) from None
        return {"Statement": json.dumps(statement)}

    def RemovePermission(self, params: dict) -> None:
        function = self.registry.find(params)
        if not self.store.delete(
            "function-permission", f"{function['FunctionName']}:{params['StatementId']}"
        ):
            message = f"Statement {params['StatementId']} is not found in resource policy."
            raise AwsError("ResourceNotFoundException", message, 404)

    def GetPolicy(self, params: dict) -> dict:
        function = self.registry.find(params)
        permissions = self.store.all("function-permission", function["FunctionName"] + ":")
        if not permissions:
            raise AwsError("ResourceNotFoundException", "The resource you requested does not exist.", 404)
        statements = [permission["statement"] for permission in permissions]
        policy = {"Version": "2012-10-17", "Id": "default", "Statement": statements}
        return {"Policy": json.dumps(policy), "RevisionId": function["RevisionId"]}


def _principal(given: str) -> str | dict:
    if given == "*":
        return given
    if given.isdigit():
        return {"AWS": f"arn:aws:iam::{given}:root"}
    return {"AWS" if given.startswith("arn:") else "Service": given}
