"""Requesters as the portal knows them: whoever signs a GetCallerIdentity that names it."""

import base64
from urllib.parse import urlsplit

import httpx
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

HEADER = "x-labelloop-portal"
WEEK = 7 * 24 * 3600
FORM = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}


def signed_query(
    endpoint: str,
    keys: Credentials,
    headers: dict[str, str],
    form: dict[str, str] = FORM,
    expires: int = 3600,
    region: str = "us-east-1",
) -> str:
    """The query of a presigned request to STS at ``endpoint``."""
    request = AWSRequest("GET", f"{endpoint}/", params=form, headers=headers)
    SigV4QueryAuth(keys, "sts", region, expires).add_auth(request)
    return urlsplit(request.url).query


def token_of(query: str) -> str:
    return base64.urlsafe_b64encode(query.encode()).rstrip(b"=").decode()


def keys_of(stand_in) -> Credentials:
    return stand_in.client("sts")._request_signer._credentials


def link_token(stand_in, **changes) -> str:
    """A token that opens the stand-in's portal, but for the changes."""
    host = urlsplit(stand_in.portal).netloc
    given = {"endpoint": stand_in.endpoint, "keys": keys_of(stand_in), "headers": {HEADER: host}}
    return token_of(signed_query(**(given | changes)))


def requester(stand_in) -> httpx.Client:
    """A browser, so to say, that has followed a link."""
    client = httpx.Client(base_url=stand_in.portal, timeout=60)
    reply = client.get("/requester", params={"token": link_token(stand_in)})
    assert reply.status_code == 303, reply.text
    return client
