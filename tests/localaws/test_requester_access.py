"""Who opens the requester's page: whoever holds keys of the account, and names this portal, in time."""

import contextlib
import re
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import botocore.auth
import httpx
import pytest
from botocore.credentials import Credentials

from localaws.api import Identity, OwnClients
from localaws.groundtruth.requester.access import Access, Refused, read_reply
from localaws.services.sts import Sts
from localaws.store import Store
from tests.localaws.conftest import ACCESS_KEY, SECRET_KEY
from tests.localaws.labeling import Studio
from tests.localaws.requesting import (
    FORM,
    HEADER,
    WEEK,
    keys_of,
    link_token,
    requester,
    signed_query,
    token_of,
)
from tests.localaws.standing_alone import LabelingService, clean_environment

PORTAL = "portal.example:8000"


def follow(stand_in, token: str, path: str = "/requester", **options) -> httpx.Response:
    return httpx.get(f"{stand_in.portal}{path}", params={"token": token}, **options)


def sentence(reply: httpx.Response) -> str:
    """What the page says about the link."""
    return re.search(r'<p id="refusal" hidden>(.*?)</p>', reply.text)[1]


@pytest.mark.parametrize("path", ["/requester", "/requester/jobs/some-job"])
def test_a_link_opens_the_page_and_leaves_no_token_in_its_address(stand_in, path):
    reply = follow(stand_in, link_token(stand_in, expires=WEEK), path)
    assert (reply.status_code, reply.headers["location"]) == (303, path)
    cookie = reply.headers["set-cookie"].lower()
    for part in ("requester=", "httponly", "samesite=strict", "max-age=28800", "path=/"):
        assert part in cookie
    assert reply.headers["referrer-policy"] == "no-referrer" and reply.headers["cache-control"] == "no-store"


def test_a_session_shows_who_asks_and_is_kept_by_its_hash_only(own_stand_in):
    client = requester(own_stand_in)
    seen = client.get("/api/requester/jobs").json()
    assert seen["requester"] == "arn:aws:iam::000000000000:root" and seen["jobs"] == []
    files = own_stand_in.home.glob("ground_truth.sqlite3*")
    assert not any(client.cookies["requester"].encode() in file.read_bytes() for file in files)
    own_stand_in.kill()
    own_stand_in.start()
    assert client.get("/api/requester/jobs").status_code == 200


def test_temporary_keys_open_the_page_in_their_own_name(stand_in):
    keys = stand_in.client("sts").get_session_token()["Credentials"]
    temporary = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    assert follow(stand_in, link_token(stand_in, keys=temporary)).status_code == 303
    stolen = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], "another token")
    assert follow(stand_in, link_token(stand_in, keys=stolen)).status_code == 403


def test_nothing_is_told_without_a_session_or_with_a_workers(stand_in):
    with Studio(stand_in, workers=1) as studio:
        session = studio.worker().http.cookies["session"]
    for cookies in ({}, {"requester": "made-up"}, {"requester": session}):
        for path in ("/api/requester/jobs", "/api/requester/jobs/x"):
            reply = httpx.get(stand_in.portal + path, cookies=cookies)
            assert reply.status_code == 401 and "a link of its own" in reply.json()["error"]
    session = requester(stand_in).cookies["requester"]
    assert httpx.get(f"{stand_in.portal}/api/jobs", cookies={"session": session}).status_code == 401


def test_the_page_itself_is_the_same_for_everybody(stand_in):
    reply = httpx.get(f"{stand_in.portal}/requester")
    assert reply.status_code == 200 and sentence(reply) == ""
    assert "script-src 'self'" in reply.headers["content-security-policy"]
    assert "unsafe" not in reply.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"headers": {HEADER: "127.0.0.1:1"}}, 403, "made for another portal.*SignatureDoesNotMatch"),
        ({"headers": {HEADER: PORTAL}}, 403, "made for another portal"),
        ({"headers": {}}, 403, "signed with X-Amz-SignedHeaders .*host.*, not .*host;x-labelloop-portal"),
        ({"headers": {HEADER: "x", "x-more": "y"}}, 403, "signed with X-Amz-SignedHeaders"),
        ({"endpoint": "https://sts.us-east-1.amazonaws.com"}, 403, "does not confirm.*SignatureDoesNotMatch"),
        ({"keys": Credentials("AKIAUNKNOWN", "secret")}, 403, "does not confirm.*InvalidClientTokenId"),
        ({"region": "eu-central-1"}, 403, "does not confirm"),
        ({"form": FORM | {"Action": "GetSessionToken"}}, 403, "signed with Action .*GetSessionToken"),
        ({"form": FORM | {"Version": "2010-01-01"}}, 403, "signed with Version"),
        ({"form": FORM | {"RoleArn": "x"}}, 400, "parameters have no place in it"),
        ({"form": {"Version": "2011-06-15"}}, 400, "Action is missing"),
        ({"expires": WEEK + 1}, 400, "1 to 604800 seconds"),
        ({"expires": 0}, 400, "1 to 604800 seconds"),
    ],
)
def test_a_link_that_was_signed_for_something_else_is_refused(stand_in, changes, status, words):
    reply = follow(stand_in, link_token(stand_in, **changes))
    assert reply.status_code == status and re.search(words, sentence(reply)), sentence(reply)
    assert "set-cookie" not in reply.headers


def test_a_link_with_the_wrong_secret_is_refused(stand_in):
    keys = Credentials(keys_of(stand_in).access_key, "a guess")
    reply = follow(stand_in, link_token(stand_in, keys=keys))
    assert reply.status_code == 403 and "SignatureDoesNotMatch" in sentence(reply)


def test_an_expired_link_says_since_when(stand_in, monkeypatch):
    now = botocore.auth.get_current_datetime()
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: now - timedelta(hours=2))
    reply = follow(stand_in, link_token(stand_in, expires=3600))
    assert reply.status_code == 403
    assert sentence(reply) == f"The link expired at {now - timedelta(hours=1):%Y-%m-%d %H:%M} UTC."
    assert follow(stand_in, link_token(stand_in, expires=3 * 3600)).status_code == 303


@pytest.mark.parametrize(
    "change",
    [
        {"X-Amz-Expires": "604800"},
        {"X-Amz-Date": f"{datetime.now(UTC):%Y%m%d}T000001Z", "X-Amz-Expires": "604800"},
        {"X-Amz-Signature": "0" * 64},
        {"X-Amz-Credential": "AKIA/20260101/us-east-1/sts/aws4_request"},
        {"X-Amz-Security-Token": "another"},
    ],
)
def test_a_link_that_was_changed_is_refused(stand_in, change):
    query = signed_query(stand_in.endpoint, keys_of(stand_in), {HEADER: stand_in.portal[7:]}, expires=60)
    assert follow(stand_in, token_of(query)).status_code == 303
    reply = follow(stand_in, token_of(urlencode(dict(parse_qsl(query)) | change)))
    assert reply.status_code == 403 and "does not confirm the link" in sentence(reply)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "!",
        "a",
        "%00",
        "<script>alert(1)</script>",
        "Zm9v",
        "x" * 9000,
        "é",
        token_of("a=1&a=2"),
        token_of("&"),
    ]
    + [token_of("=".join(["Action", "GetCallerIdentity\r\nHost: evil.example"]))]
    + [token_of("X-Amz-Date=99991231T235959Z&X-Amz-Expires=" + "9" * 5000)],
)
def test_what_is_no_link_is_refused_without_asking_anybody(stand_in, token):
    reply = follow(stand_in, token)
    assert reply.status_code == 400 and sentence(reply).startswith("The link is not complete: ")
    assert "<script>alert" not in reply.text


def test_the_end_of_time_is_not_an_error_of_the_server(stand_in):
    query = dict(parse_qsl(signed_query(stand_in.endpoint, keys_of(stand_in), {HEADER: "x"})))
    for moment in ("99991231T235959Z", "00010101T000000Z", "20261399T000000Z", "yesterday"):
        reply = follow(stand_in, token_of(urlencode(query | {"X-Amz-Date": moment})))
        assert reply.status_code in (400, 403), moment


def test_a_link_opens_under_no_other_name_of_the_portal(stand_in):
    reply = follow(stand_in, link_token(stand_in), headers={"Host": "evil.example"})
    assert reply.status_code == 421 and "set-cookie" not in reply.headers


def test_a_labeling_service_that_stands_alone_asks_the_sts_it_was_given(stand_in, tmp_path):
    keys = keys_of(stand_in)
    environment = clean_environment(
        AWS_ACCESS_KEY_ID=keys.access_key,
        AWS_SECRET_ACCESS_KEY=keys.secret_key,
        AWS_DEFAULT_REGION="us-east-1",
    )
    elsewhere = [f"--{name}-endpoint={stand_in.endpoint}" for name in ("s3", "lambda", "cognito", "sts")]
    service = LabelingService(tmp_path / "labeling", environment, *elsewhere)
    try:
        own = link_token(stand_in, headers={HEADER: urlsplit(service.portal).netloc})
        assert follow(service, own).status_code == 303
        assert follow(service, link_token(stand_in)).status_code == 403
        assert follow(stand_in, own).status_code == 403
    finally:
        service.stop()


# An STS of another account, and what is none, behind the same checks.


def access_to(wire, tmp_path, account: str = "000000000000") -> tuple[Access, str]:
    clients = OwnClients(wire.endpoint, "not used", "not used", "us-east-1")
    keys = Credentials(ACCESS_KEY, SECRET_KEY)
    return Access(clients, account, PORTAL), token_of(signed_query(wire.endpoint, keys, {HEADER: PORTAL}))


def test_keys_of_another_account_do_not_open_the_page(serve, tmp_path):
    other = Identity(account="111122223333")
    wire = serve({"sts": Sts(Store(tmp_path / "sts.sqlite3"), other)})
    access, token = access_to(wire, tmp_path)
    with pytest.raises(Refused, match="account 111122223333; .* the account 000000000000") as refused:
        access.requester(token)
    assert refused.value.status == 403
    own, token = access_to(wire, tmp_path, other.account)
    assert own.requester(token) == "arn:aws:iam::111122223333:root"


def test_only_what_belongs_to_the_signature_is_sent_to_sts(serve, tmp_path):
    calls = []

    class Recorder:
        def GetCallerIdentity(self, params: dict) -> dict:
            calls.append(params)
            return {"Account": "000000000000", "Arn": "arn:aws:iam::000000000000:root", "UserId": "x"}

    access, token = access_to(serve({"sts": Recorder()}), tmp_path)
    access.requester(token)
    assert calls == [{}]
    elsewhere = token_of(
        "https://evil.example/?" + signed_query("http://x", Credentials("a", "b"), {HEADER: PORTAL})
    )
    with pytest.raises(Refused, match="not complete"):
        access.requester(elsewhere)
    assert calls == [{}]


def test_an_sts_that_is_away_is_told_from_a_link_that_is_wrong(serve, tmp_path):
    class Broken:
        def GetCallerIdentity(self, params: dict) -> dict:
            raise RuntimeError("on purpose")

    wire = serve({"sts": Broken()})
    access, token = access_to(wire, tmp_path)
    with pytest.raises(Refused, match="STS cannot check the link now: it answers 500") as refused:
        access.requester(token)
    assert refused.value.status == 503
    wire.server.stop()
    wire.server.wait()
    with pytest.raises(Refused, match="STS cannot be asked about the link now") as refused:
        access.requester(token)
    assert refused.value.status == 503


@pytest.mark.parametrize(
    "body",
    [b"", b"<html><p>Welcome", b"{}", b"<GetCallerIdentityResponse/>", b"\xff\xfe"],
)
def test_a_page_in_the_place_of_sts_lets_nobody_in(stand_in, body):
    operation = stand_in.client("sts").meta.service_model.operation_model("GetCallerIdentity")
    with pytest.raises(Refused) as refused:
        read_reply(operation, {"status_code": 200, "headers": {}, "body": body})
    assert refused.value.status == 502


def test_a_session_is_over_after_eight_hours(own_stand_in):
    client = requester(own_stand_in)
    with contextlib.closing(sqlite3.connect(own_stand_in.home / "ground_truth.sqlite3")) as database:
        (end,) = database.execute("SELECT expires_at FROM requester_session").fetchone()
        assert end == pytest.approx(time.time() + 8 * 3600, abs=60)
        database.execute("UPDATE requester_session SET expires_at = ?", (time.time() - 1,))
        database.commit()
    assert client.get("/api/requester/jobs").status_code == 401
