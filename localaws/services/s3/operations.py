"""Which operation of S3 a request asks for, told from botocore's own model of S3."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple
from urllib.parse import parse_qsl

from botocore.loaders import Loader

from .errors import S3Error


class Route(NamedTuple):
    """What marks the requests of one operation among all with its method and level."""

    operation: str
    query: Mapping[str, str]  # parameters it must have; "" stands for any value
    headers: tuple[str, ...]

    def matches(self, query: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        return all(
            name in query and value in ("", query[name]) for name, value in self.query.items()
        ) and all(name in headers for name in self.headers)


@cache
def routes() -> Mapping[tuple[str, str], list[Route]]:
    """By method and level ("service", "bucket", "object"), the most demanding route first."""
    model = Loader().load_service_model("s3", "service-2")
    found = defaultdict(list)
    for operation, details in model["operations"].items():
        path, _, query = details["http"]["requestUri"].partition("?")
        level = {"/": "service", "/{Bucket}": "bucket", "/{Bucket}/{Key+}": "object"}.get(path)
        if level is None or details.get("deprecated"):
            continue
        shape = model["shapes"].get(details.get("input", {}).get("shape"), {})
        required = [shape["members"][name] for name in shape.get("required", ())]
        parameters = {
            member["locationName"]: "" for member in required if member.get("location") == "querystring"
        }
        headers = tuple(
            member["locationName"].lower() for member in required if member.get("location") == "header"
        )
        route = Route(operation, parameters | dict(parse_qsl(query, keep_blank_values=True)), headers)
        found[details["http"]["method"], level].append(route)
    for candidates in found.values():
        candidates.sort(key=lambda route: (-len(route.query) - len(route.headers), route.operation))
    return dict(found)


def operation_of(method: str, level: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """``PUT``, ``object``, ``{"tagging": ""}`` is PutObjectTagging. Raises MethodNotAllowed."""
    for route in routes().get((method, level), ()):
        if route.matches(query, headers):
            return route.operation
    message = "The specified method is not allowed against this resource."
    raise S3Error("MethodNotAllowed", message, 405, Method=method, ResourceType=level.upper())
