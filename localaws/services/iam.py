"""IAM: roles and policies. Kept and simulated, but not enforced: there is one local principal."""

import json
import secrets
import time
from pathlib import Path
from urllib.parse import quote

from localaws.api import AwsError, Identity
from localaws.services.parameters import page, refuse_others
from localaws.services.policies import decide, read_policy
from localaws.store import Store, Taken

# Policies that belong to AWS, with their documents as AWS publishes them, by path and name.
MANAGED = json.loads(Path(__file__).with_name("managed_policies.json").read_text())
MANAGED_PREFIX = "arn:aws:iam::aws:policy/"


class Iam:
    """A role's document carries its inline policies (name: text) and the ARNs of the attached ones."""

    def __init__(self, store: Store, identity: Identity = Identity()):
        self.store = store
        self.identity = identity

    # Roles

    def CreateRole(self, params: dict) -> dict:
        refuse_others(
            params,
            ("RoleName", "Path", "AssumeRolePolicyDocument", "Description", "MaxSessionDuration", "Tags"),
            "CreateRole",
        )
        _check_policy(params["AssumeRolePolicyDocument"], trust=True)
        name, path = params["RoleName"], params.get("Path", "/")
        role = {
            "Path": path,
            "MaxSessionDuration": 3600,
            **params,
            "RoleId": "AROA" + secrets.token_hex(8).upper(),
            "Arn": self.identity.arn("iam", f"role{path}{name}"),
            "CreateDate": int(time.time()),
            "inline": {},
            "attached": [],
        }
        try:
            self.store.add("role", name, role)
        except Taken:
            raise AwsError("EntityAlreadyExists", f"Role with name {name} already exists.", 409) from None
        return {"Role": _role(role)}

    def GetRole(self, params: dict) -> dict:
        return {"Role": _role(self._find(params))}

    def ListRoles(self, params: dict) -> dict:
        prefix = params.get("PathPrefix", "/")
        roles = [_role(role) for role in self.store.all("role") if role["Path"].startswith(prefix)]
        # As AWS: a role's tags are shown by GetRole only.
        return _page(
            "Roles", [role | {"Tags": None} for role in roles], params, lambda role: role["RoleName"]
        )

    def UpdateRole(self, params: dict) -> dict:
        self._change(params, **{key: value for key, value in params.items() if key != "RoleName"})
        return {}

    def UpdateAssumeRolePolicy(self, params: dict) -> None:
        _check_policy(params["PolicyDocument"], trust=True)
        self._change(params, AssumeRolePolicyDocument=params["PolicyDocument"])

    def DeleteRole(self, params: dict) -> None:
        with self.store.transaction():
            role = self._find(params)
            if role["attached"]:
                raise AwsError("DeleteConflict", "Cannot delete entity, must detach all policies first.", 409)
            if role["inline"]:
                raise AwsError("DeleteConflict", "Cannot delete entity, must delete policies first.", 409)
            self.store.delete("role", params["RoleName"])

    def TagRole(self, params: dict) -> None:
        with self.store.transaction():
            tags = {tag["Key"]: tag for tag in (self._find(params).get("Tags") or []) + params["Tags"]}
            self._change(params, Tags=list(tags.values()))

    def ListRoleTags(self, params: dict) -> dict:
        return _page("Tags", self._find(params).get("Tags") or [], params, lambda tag: tag["Key"])

    # Policies written into a role

    def PutRolePolicy(self, params: dict) -> None:
        _check_policy(params["PolicyDocument"])
        with self.store.transaction():
            inline = self._find(params)["inline"] | {params["PolicyName"]: params["PolicyDocument"]}
            self._change(params, inline=inline)

    def GetRolePolicy(self, params: dict) -> dict:
        text = self._find(params)["inline"].get(params["PolicyName"])
        if text is None:
            raise _missing(f"The role policy with name {params['PolicyName']} cannot be found.")
        return {
            "RoleName": params["RoleName"],
            "PolicyName": params["PolicyName"],
            "PolicyDocument": quote(text),
        }

    def ListRolePolicies(self, params: dict) -> dict:
        return _page("PolicyNames", list(self._find(params)["inline"]), params, str)

    def DeleteRolePolicy(self, params: dict) -> None:
        with self.store.transaction():
            self.GetRolePolicy(params)
            inline = self._find(params)["inline"]
            del inline[params["PolicyName"]]
            self._change(params, inline=inline)

    # Policies of their own

    def CreatePolicy(self, params: dict) -> dict:
        _check_policy(params["PolicyDocument"])
        path, now = params.get("Path", "/"), int(time.time())
        arn = self.identity.arn("iam", f"policy{path}{params['PolicyName']}")
        identifier = "ANPA" + secrets.token_hex(8).upper()
        described = {"Arn": arn, "PolicyId": identifier, "CreateDate": now, "UpdateDate": now}
        try:
            self.store.add("policy", arn, {"Path": path} | params | described)
        except Taken:
            message = (
                f"A policy called {params['PolicyName']} already exists. Duplicate names are not allowed."
            )
            raise AwsError("EntityAlreadyExists", message, 409) from None
        return {"Policy": self._policy(arn)}

    def GetPolicy(self, params: dict) -> dict:
        return {"Policy": self._policy(params["PolicyArn"])}

    def GetPolicyVersion(self, params: dict) -> dict:
        """A policy has the one version v1 here."""
        policy = self._policy(params["PolicyArn"])
        if params["VersionId"] != "v1":
            raise _missing(f"Policy {params['PolicyArn']} version {params['VersionId']} does not exist.")
        document = quote(policy["PolicyDocument"])
        version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": document}
        return {"PolicyVersion": version | {"CreateDate": policy.get("CreateDate")}}

    def DeletePolicy(self, params: dict) -> None:
        with self.store.transaction():
            if self._policy(params["PolicyArn"])["AttachmentCount"]:
                raise AwsError("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
            if not self.store.delete("policy", params["PolicyArn"]):
                raise AwsError("AccessDenied", f"{params['PolicyArn']} belongs to AWS.", 403)

    def AttachRolePolicy(self, params: dict) -> None:
        with self.store.transaction():
            attached = {*self._find(params)["attached"], self._policy(params["PolicyArn"])["Arn"]}
            self._change(params, attached=sorted(attached))

    def DetachRolePolicy(self, params: dict) -> None:
        with self.store.transaction():
            attached = self._find(params)["attached"]
            if params["PolicyArn"] not in attached:
                raise _missing(f"Policy {params['PolicyArn']} was not found.")
            self._change(params, attached=[arn for arn in attached if arn != params["PolicyArn"]])

    def ListAttachedRolePolicies(self, params: dict) -> dict:
        attached = [
            {"PolicyArn": arn, "PolicyName": arn.rpartition("/")[2]} for arn in self._find(params)["attached"]
        ]
        return _page("AttachedPolicies", attached, params, lambda policy: policy["PolicyArn"])

    # What they decide

    def SimulatePrincipalPolicy(self, params: dict) -> dict:
        """Each action on each resource, by the role's own policies and those given along."""
        offered = ("PolicySourceArn", "ActionNames", "ResourceArns", "PolicyInputList", "ContextEntries")
        refuse_others(params, (*offered, "MaxItems", "Marker"), "SimulatePrincipalPolicy")
        role = self._find({"RoleName": params["PolicySourceArn"].rpartition("/")[2]})
        if role["Arn"] != params["PolicySourceArn"]:
            raise _missing(f"The entity {params['PolicySourceArn']} cannot be found.")
        texts = [*role["inline"].values(), *params.get("PolicyInputList", [])]
        texts += [self._policy(arn)["PolicyDocument"] for arn in role["attached"]]
        documents = [_check_policy(text) for text in texts]
        context = {
            entry["ContextKeyName"].lower(): entry["ContextKeyValues"]
            for entry in params.get("ContextEntries", [])
        }
        results = []
        for action in params["ActionNames"]:
            for resource in params.get("ResourceArns") or ["*"]:
                try:
                    decision = decide(documents, action, resource, context)
                except ValueError as problem:
                    raise AwsError("PolicyEvaluation", str(problem), 500) from None
                results.append(
                    {
                        "EvalActionName": action,
                        "EvalResourceName": resource,
                        "EvalDecision": decision.verdict,
                        "MatchedStatements": [],
                        "MissingContextValues": decision.missing,
                    }
                )
        # In the order asked for, with numbers as the keys of the pages.
        numbered = [result | {"number": f"{number:06d}"} for number, result in enumerate(results)]
        return _page("EvaluationResults", numbered, params, lambda result: result["number"])

    def _find(self, params: dict) -> dict:
        role = self.store.find("role", params["RoleName"])
        if role is None:
            raise _missing(f"The role with name {params['RoleName']} cannot be found.")
        return role

    def _change(self, params: dict, **changes) -> None:
        self._find(params)
        self.store.update("role", params["RoleName"], **changes)

    def _policy(self, arn: str) -> dict:
        """One of ours, or one of AWS's."""
        name = arn.removeprefix(MANAGED_PREFIX)
        policy = self.store.find("policy", arn)
        if policy is None and name in MANAGED and arn != name:
            path, _, title = f"/{name}".rpartition("/")
            policy = {"Arn": arn, "PolicyName": title, "Path": f"{path}/"}
            policy["PolicyDocument"] = json.dumps(MANAGED[name])
        if policy is None:
            known = f" (of AWS's own, the stand-in knows {', '.join(MANAGED)})" if arn != name else ""
            raise _missing(f"Policy {arn} does not exist or is not attachable.{known}")
        attached = sum(arn in role["attached"] for role in self.store.all("role"))
        return policy | {"DefaultVersionId": "v1", "IsAttachable": True, "AttachmentCount": attached}


def _role(role: dict) -> dict:
    return role | {"AssumeRolePolicyDocument": quote(role["AssumeRolePolicyDocument"])}


def _page(name: str, items: list, params: dict, key) -> dict:
    shown, marker = page(
        items, key, size=params.get("MaxItems", 100), token=params.get("Marker"), refusal="ValidationError"
    )
    return {name: shown, "IsTruncated": marker is not None, "Marker": marker}


def _check_policy(text: str, *, trust: bool = False) -> dict:
    try:
        return read_policy(text, trust=trust)
    except ValueError as problem:
        raise AwsError("MalformedPolicyDocument", str(problem)) from None


def _missing(message: str) -> AwsError:
    return AwsError("NoSuchEntity", message, 404)
