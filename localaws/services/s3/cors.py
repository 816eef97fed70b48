"""Cross-origin requests, answered from the bucket's own rules and from nothing else.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from .documents import parse
from .errors import S3Error, malformed_xml

METHODS = ("GET", "PUT", "POST", "DELETE", "HEAD")
MOST_RULES = 100
TAGS = ("AllowedOrigin", "AllowedMethod", "AllowedHeader", "ExposeHeader")


@dataclass(frozen=True)
class Rule:
    origins: list[str]
    methods: list[str]
    headers: list[str]
    exposed: list[str]
    max_age: str | None

    def origin_for(self, origin: str) -> str | None:
        """The allowed origin that matches, as the rule writes it."""
        return next((allowed for allowed in self.origins if _matches(allowed, origin)), None)

    def allows_headers(self, names: Iterable[str]) -> bool:
        return all(any(_matches(allowed.lower(), name.lower()) for allowed in self.headers) for name in names)


def rules_of(document: Element) -> list[Rule]:
    return [
        Rule(
            *([child.text or "" for child in rule.findall(tag)] for tag in TAGS),
            max_age=rule.findtext("MaxAgeSeconds"),
        )
        for rule in document.findall("CORSRule")
    ]


def check_rules(document: Element) -> None:
    """Raises InvalidRequest, MalformedXML for rules that S3 would not take."""
    rules = rules_of(document)
    if not 1 <= len(rules) <= MOST_RULES:
        raise malformed_xml(f"between 1 and {MOST_RULES} <CORSRule> elements are allowed, found {len(rules)}")
    for rule in rules:
        if not rule.origins or not rule.methods:
            raise malformed_xml("a <CORSRule> needs <AllowedOrigin> and <AllowedMethod>")
        for method in rule.methods:
            if method not in METHODS:
                message = f"Found unsupported HTTP method in CORS config. Unsupported method is {method}"
                raise S3Error("InvalidRequest", message)
        for tag, patterns in (("AllowedOrigin", rule.origins), ("AllowedHeader", rule.headers)):
            for pattern in patterns:
                if pattern.count("*") > 1:
                    raise S3Error("InvalidRequest", f'{tag} "{pattern}" can not have more than one wildcard.')
        if rule.max_age is not None and not rule.max_age.strip().isdecimal():
            raise malformed_xml(f"<MaxAgeSeconds> must be a number, not {rule.max_age!r}")


def answer_preflight(configuration: bytes | None, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that answer an OPTIONS request. Raises BadRequest, AccessForbidden."""
    for needed in ("origin", "access-control-request-method"):
        if needed not in headers:
            raise S3Error("BadRequest", f"Insufficient information. {needed} request header needed.")
    if configuration is None:
        raise S3Error("AccessForbidden", "CORSResponse: CORS is not enabled for this bucket.", 403)
    allowed = allow(configuration, headers, headers["access-control-request-method"])
    if not allowed:
        message = (
            "CORSResponse: This CORS request is not allowed. This is usually because the evaluation of "
            "Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are "
            "not whitelisted by the resource's CORS spec."
        )
        raise S3Error("AccessForbidden", message, 403)
    return allowed


def allow(configuration: bytes, headers: Mapping[str, str], method: str) -> dict[str, str]:
    """The headers that let a page of the request's origin read the answer; none if no rule does."""
    origin = headers["origin"]
    wanted = [
        name.strip() for name in headers.get("access-control-request-headers", "").split(",") if name.strip()
    ]
    for rule in rules_of(parse(configuration, "CORSConfiguration")):
        allowed = rule.origin_for(origin)
        if allowed is None or method not in rule.methods or not rule.allows_headers(wanted):
            continue
        answer = {
            "access-control-allow-origin": "*" if allowed == "*" else origin,
            "access-control-allow-methods": ", ".join(rule.methods),
            "vary": "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
        }
        if allowed != "*":
            answer["access-control-allow-credentials"] = "true"
        if wanted:
            answer["access-control-allow-headers"] = ", ".join(wanted)
        if rule.exposed:
            answer["access-control-expose-headers"] = ", ".join(rule.exposed)
        if rule.max_age is not None:
            answer["access-control-max-age"] = rule.max_age.strip()
        return answer
    return {}


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text) is not None
