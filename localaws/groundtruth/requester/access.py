"""The requester's way in: a link that proves, without a password, that its maker holds keys of the account.

The link carries the query of a presigned ``sts:GetCallerIdentity``, signed together with a header that names
this portal. Only the STS that this service itself is configured for is ever asked about it, and it can only
say who signed: the link opens no other portal and calls nothing else. Amazon EKS knows its users the same
way: https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster

AWS's own STS accepts what it signs for 15 minutes, whatever X-Amz-Expires says; this portal never accepts a
link for longer than it was signed for.
"""

import base64
import time
from datetime import UTC, datetime
from typing import Any, NoReturn
from urllib.parse import parse_qsl, quote

from botocore.model import OperationModel
from botocore.parsers import create_parser

from localaws.api import Clients

HEADER = "x-labelloop-portal"
LONGEST_TOKEN = 8192  # characters; the session token of temporary keys takes most of them
LONGEST_LINK = 7 * 24 * 3600  # seconds
PATIENCE = 10.0  # seconds for the answer of STS
FIXED = {
    "Action": "GetCallerIdentity",
    "Version": "2011-06-15",
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-SignedHeaders": f"host;{HEADER}",
}
SIGNED = {"X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Signature"}
KNOWN = {*FIXED, *SIGNED, "X-Amz-Security-Token"}


class Refused(Exception):
    """The link does not open the page; the message is for whoever followed it."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


class Access:
    """``account`` owns the labeling jobs; ``portal`` is the host that links must be signed for."""

    def __init__(self, clients: Clients, account: str, portal: str):
        self.clients = clients
        self.account = account
        self.portal = portal

    def requester(self, token: str) -> str:
        """The ARN of whoever signed the link. Raises Refused."""
        query = read_token(token)
        check_time(query)
        caller = self._ask_sts(query)
        if caller["Account"] != self.account:
            raise Refused(
                403,
                f"The link was made with keys of the account {caller['Account']}; "
                f"this portal belongs to the account {self.account}.",
            )
        return caller["Arn"]

    def _ask_sts(self, query: dict[str, str]) -> dict[str, Any]:
        import httpx  # loaded at the first call, so that the server starts without it

        sts = self.clients.client("sts")
        text = "&".join(f"{quote(name, safe='')}={quote(query[name], safe='')}" for name in sorted(query))
        address = f"{sts.meta.endpoint_url.rstrip('/')}/?{text}"
        try:
            reply = httpx.get(address, headers={HEADER: self.portal}, timeout=PATIENCE)
        except httpx.HTTPError as problem:
            raise Refused(503, f"STS cannot be asked about the link now: {type(problem).__name__}.") from None
        return read_reply(
            sts.meta.service_model.operation_model("GetCallerIdentity"),
            {"status_code": reply.status_code, "headers": dict(reply.headers), "body": reply.content},
        )


def read_token(token: str) -> dict[str, str]:
    """The query that the link carries, if it is a GetCallerIdentity for a portal. Raises Refused."""
    if len(token) > LONGEST_TOKEN:
        _refuse_form(f"it is longer than {LONGEST_TOKEN} characters")
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        pairs = parse_qsl(
            text.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=2 * len(KNOWN)
        )
    except ValueError:
        _refuse_form("it is no signed query")
    query = dict(pairs)
    if len(query) != len(pairs):
        _refuse_form("a parameter is given twice")
    if missing := ({*FIXED, *SIGNED} - set(query)):
        _refuse_form(f"{', '.join(sorted(missing))} is missing")
    if unknown := set(query) - KNOWN:
        _refuse_form(f"{len(unknown)} of its parameters have no place in it")
    for name, expected in FIXED.items():
        if query[name] != expected:
            raise Refused(403, f"The link is signed with {name} {query[name][:100]!r}, not {expected!r}.")
    return query


def check_time(query: dict[str, str]) -> None:
    """Raises Refused for a link that is over, or was signed for too long."""
    try:
        signed = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        seconds = int(query["X-Amz-Expires"]) if query["X-Amz-Expires"].isdecimal() else 0
    except ValueError:
        _refuse_form("X-Amz-Date or X-Amz-Expires is not readable")
    if not 1 <= seconds <= LONGEST_LINK:
        _refuse_form(f"X-Amz-Expires must be 1 to {LONGEST_LINK} seconds")
    end = signed.timestamp() + seconds
    if end <= time.time():
        raise Refused(403, f"The link expired at {datetime.fromtimestamp(end, UTC):%Y-%m-%d %H:%M} UTC.")


def read_reply(operation: OperationModel, reply: dict[str, Any]) -> dict[str, Any]:
    """Account and Arn from what STS answered. Raises Refused."""
    if reply["status_code"] >= 500:
        raise Refused(503, f"STS cannot check the link now: it answers {reply['status_code']}.")
    try:
        parsed = create_parser("query").parse(reply, operation.output_shape)
    except Exception:  # botocore's parsers raise whatever a foreign document makes them raise
        raise Refused(502, "What answers in the place of STS is not STS.") from None
    if reply["status_code"] != 200:
        code = parsed.get("Error", {}).get("Code", reply["status_code"])
        raise Refused(
            403,
            "AWS does not confirm the link: it was made for another portal, was changed, or is too old, "
            f"or its keys are not valid any more ({code}).",
        )
    if not parsed.get("Account") or not parsed.get("Arn"):
        raise Refused(502, "What answers in the place of STS does not say who signed the link.")
    return parsed


def _refuse_form(reason: str) -> NoReturn:
    raise Refused(400, f"The link is not complete: {reason}.")
