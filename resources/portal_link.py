"""Links to the requester's page of a labeling service: they show how its labeling jobs get on.

A link holds a presigned ``sts:GetCallerIdentity`` that names the portal in a signed header. It proves to that
portal, and to no other, which account it was made in; it can be used for nothing else. AWS's STS confirms a
link for 15 minutes, the stand-in's for as long as it was made for; links made with temporary keys end with
the keys. After a link has opened, the browser stays in for eight hours.
"""

import base64
import re
import threading
from urllib.parse import quote, urlsplit

import dagster as dg

from resources.aws import Aws, explained

HEADER = "x-labelloop-portal"
BEFORE_SIGNING = "before-sign.sts.GetCallerIdentity"
VALID = 7 * 24 * 3600  # seconds
# A portal that AWS itself runs, such as abc.labeling.us-east-1.sagemaker.aws, has no page for requesters.
AWS_PORTAL = re.compile(r".*\.labeling\.[a-z0-9-]+\.sagemaker\.aws")
_SIGNING = threading.Lock()  # the client is shared, and names one portal at a time


def progress_page(aws: Aws, portal: str, job: str | None = None) -> str | None:
    """The page of a job, or of all jobs, at the portal of a work team (its URL); None where AWS runs it."""
    parts = urlsplit(portal)
    if AWS_PORTAL.fullmatch(parts.hostname or ""):
        return None
    path = f"/requester/jobs/{quote(job, safe='')}" if job else "/requester"
    return f"{portal.rstrip('/')}{path}?token={_token(aws, parts.netloc)}"


def progress_metadata(aws: Aws, portal: str, job: str) -> dict[str, dg.MetadataValue]:
    """``progress_page`` of the job, for the metadata of assets; empty where there is no such page."""
    page = progress_page(aws, portal, job)
    return {"progress_page": dg.MetadataValue.url(page)} if page else {}


def _token(aws: Aws, host: str) -> str:
    """The query of the presigned request, in letters, digits, ``-`` and ``_``."""
    sts = aws.client("sts")

    def name_portal(request, **_) -> None:
        request.headers[HEADER] = host

    with _SIGNING, explained("sign a link to the labeling portal"):
        sts.meta.events.register(BEFORE_SIGNING, name_portal)
        try:
            url = sts.generate_presigned_url("get_caller_identity", ExpiresIn=VALID, HttpMethod="GET")
        finally:
            sts.meta.events.unregister(BEFORE_SIGNING, name_portal)
    return base64.urlsafe_b64encode(urlsplit(url).query.encode()).rstrip(b"=").decode()
