"""What all of SageMaker's resources have in common: created once, described, listed with AWS's filters."""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from localaws.api import AwsError, Identity
from localaws.sagemaker.tags import Tags
from localaws.store import Store, Taken

Filter = Callable[[dict, object], bool]

# Filters of the List operations: parameter -> (document, wanted) -> keep it?
MOMENTS: dict[str, tuple[str, Callable[[float, float], bool]]] = {
    "CreationTimeAfter": ("CreationTime", float.__gt__),
    "CreationTimeBefore": ("CreationTime", float.__lt__),
    "LastModifiedTimeAfter": ("LastModifiedTime", float.__gt__),
    "LastModifiedTimeBefore": ("LastModifiedTime", float.__lt__),
}


@dataclass(frozen=True)
class Kind:
    """One kind of resource. ``missing`` and ``taken`` are AWS's words, with {arn} and {name}."""

    name: str  # as in its operations and keys: TrainingJob -> TrainingJobName, TrainingJobStatus
    path: str  # in its ARN
    missing: str
    taken: str
    taken_code: str = "ValidationException"


class Documents:
    """The documents of one kind: CreateX's request, with what the stand-in adds to it.

    Members that start with a lower-case letter are the stand-in's own; answers never show them, since the
    wire layer cuts what the service model does not know.
    """

    def __init__(self, kind: Kind, store: Store, identity: Identity, tags: Tags):
        self.kind = kind
        self.store = store
        self.identity = identity
        self.tags = tags
        self.name_key = f"{kind.name}Name"
        self.arn_key = f"{kind.name}Arn"
        self.status_key = f"{kind.name}Status"

    def arn(self, name: str) -> str:
        return self.identity.arn("sagemaker", f"{self.kind.path}/{name}")

    def refuse_taken(self, name: str) -> None:
        if self.store.find(self.kind.name, name) is not None:
            raise self._taken(name)

    def add(self, params: dict, **more) -> dict:
        """Keep CreateX's request; returns the answer, {"XArn"}. Raises AwsError where the name is in use."""
        name, now = params[self.name_key], time.time()
        arn = self.arn(name)
        document = {key: value for key, value in params.items() if key != "Tags"}
        document |= {self.arn_key: arn, "CreationTime": now, "LastModifiedTime": now} | more
        try:
            self.store.add(self.kind.name, name, document)
        except Taken:
            raise self._taken(name) from None
        self.tags.put(arn, params.get("Tags", []))
        return {self.arn_key: arn}

    def get(self, name: str) -> dict:
        """Raises AwsError, ValidationException as botocore's waiters expect, where there is none."""
        document = self.store.find(self.kind.name, name)
        if document is None:
            message = self.kind.missing.format(arn=self.arn(name), name=name)
            raise AwsError("ValidationException", message)
        return document

    def update(self, name: str, **changes) -> dict:
        return self.store.update(self.kind.name, name, **changes, LastModifiedTime=time.time())

    def update_if(self, name: str, expected: dict, **changes) -> bool:
        changes |= {"LastModifiedTime": time.time()}
        return self.store.update_if(self.kind.name, name, expected, **changes)

    def delete(self, name: str) -> None:
        self.get(name)
        self.store.delete(self.kind.name, name)
        self.tags.forget(self.arn(name))

    def all(self) -> list[dict]:
        return self.store.all(self.kind.name)

    def list(self, params: dict, member: str, keep: Callable[[dict], bool] = lambda document: True) -> dict:
        """One page, {member: [...], "NextToken"?}; newest first unless SortBy and SortOrder say otherwise.

        ``keep`` is a filter that only this kind has.

        A token names the last document of its page, so documents that come or go meanwhile neither hide
        others nor show them twice.
        """
        key = self._sort_key(params.get("SortBy", "CreationTime"))
        backwards = params.get("SortOrder", "Descending") == "Descending"
        kept = [document for document in self.all() if self._matches(document, params) and keep(document)]
        kept.sort(key=key, reverse=backwards)
        if token := params.get("NextToken"):
            last = read_token(token)
            kept = [
                document for document in kept if (key(document) < last if backwards else key(document) > last)
            ]
        size = params.get("MaxResults", 10)
        page = {member: kept[:size]}
        return page | ({"NextToken": write_token(key(kept[size - 1]))} if len(kept) > size else {})

    def _sort_key(self, sort_by: str) -> Callable[[dict], list]:
        field = {"Name": self.name_key, "Status": self.status_key}.get(sort_by, "CreationTime")
        return lambda document: [document[field], document[self.name_key]]

    def _matches(self, document: dict, params: dict) -> bool:
        if params.get("NameContains", "") not in document[self.name_key]:
            return False
        if params.get("StatusEquals") not in (None, document.get(self.status_key)):
            return False
        return all(
            compare(document[field], params[name].timestamp())
            for name, (field, compare) in MOMENTS.items()
            if name in params
        )

    def _taken(self, name: str) -> AwsError:
        message = self.kind.taken.format(arn=self.arn(name), name=name)
        return AwsError(self.kind.taken_code, message)


def write_token(key: list) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def read_token(token: str) -> list:
    try:
        first, name = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        raise AwsError(
            "ValidationException", f"The NextToken {token!r} is not one of this operation"
        ) from None
    return [first, name]
