"""What a hostile page or browser may send to the portal: each refused with its status and the reason."""

# ruff: noqa: E501 - a case is a line

import base64
import json
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.localaws.hostile import GONE, MEGABYTE, Case, Door, cases, check, open_door
from tests.localaws.labeling import Studio, answer, box


@pytest.fixture(scope="module")
def studio(stand_in) -> Iterator[Studio]:
    with Studio(stand_in, workers=2) as studio:
        yield studio


@pytest.fixture(scope="module")
def door(studio) -> Door:
    return open_door(studio)


def sign_in(name: str, body: object, status: int, reason: str) -> Case:
    return name, lambda door: door.post("/api/sign-in", body=body), status, reason


def sign_in_raw(name: str, content: bytes, status: int, reason: str, **headers) -> Case:
    return name, lambda door: door.post("/api/sign-in", content, **headers), status, reason


WHO = b'{"username": "x", "password": "y", "z": %s}'
WRONG = "the user name or the password is wrong"


@cases(
    sign_in("an empty object", {}, 400, "username is required"),
    sign_in("no password", {"username": "x"}, 400, "password is required"),
    sign_in("an empty name", {"username": "", "password": "y"}, 400, "username is required"),
    sign_in("null as a name", {"username": None, "password": "y"}, 400, "username is required, as a text"),
    sign_in("a number as a name", {"username": 1, "password": "y"}, 400, "username is required, as a text"),
    sign_in("a list as a password", {"username": "x", "password": ["y"]}, 400, "password is required"),
    sign_in("an object as a name", {"username": {"$ne": ""}, "password": "y"}, 400, "username is required"),
    sign_in("a list", [], 400, "the body must be a JSON object"),
    sign_in("a text", "username", 400, "the body must be a JSON object"),
    sign_in("SQL in the name", {"username": "' OR 1=1 --", "password": "y"}, 401, WRONG),
    sign_in("a NUL in the name", {"username": "a\0b", "password": "y"}, 401, WRONG),
    sign_in("lines in the name", {"username": "a\r\nSet-Cookie: b=c", "password": "y"}, 401, WRONG),
    sign_in("a name of 2,000 letters", {"username": "a" * 2000, "password": "y"}, 401, WRONG),
    sign_in("a name from right to left", {"username": "\u202eadmin", "password": "y"}, 401, WRONG),
    sign_in("an overlong password", {"username": "x", "password": "y" * 20_000}, 413, "more than 16384 bytes"),
    sign_in_raw("no JSON", b"username=x", 400, "the body is not JSON"),
    sign_in_raw("half of an object", b'{"username": "x"', 400, "the body is not JSON"),
    sign_in_raw("Latin-1", b'{"username": "\xe9"}', 400, "not UTF-8"),
    sign_in_raw("UTF-16", '{"username": "x"}'.encode("utf-16"), 400, "not UTF-8"),
    sign_in_raw("half a character, escaped", b'{"username": "\\ud800"}', 400, "half a character"),
    sign_in_raw("half a character, in bytes", WHO % b'"\xed\xa0\x80"', 400, "not UTF-8"),
    sign_in_raw("NaN", WHO % b"NaN", 400, "NaN is no number of JSON"),
    sign_in_raw("minus infinity", WHO % b"-Infinity", 400, "-Infinity is no number of JSON"),
    sign_in_raw("a number beyond all floats", WHO % b"1e999", 400, "1e999 is no number of JSON"),
    sign_in_raw("an integer of 5,000 digits", WHO % (b"9" * 5000), 400, "an integer has 5000 digits"),
    sign_in_raw("nesting of 101", WHO % (b"[" * 101 + b"]" * 101), 400, "nested too deeply"),
    sign_in_raw("nesting of 8,000", b"[" * 8000, 400, "nested too deeply"),
    sign_in_raw("a form", b"{}", 415, "not application/x-www-form", **{"Content-Type": "application/x-www-form-urlencoded"}),
    sign_in_raw("plain text", b"{}", 415, "not text/plain", **{"Content-Type": "text/plain;charset=UTF-8"}),
    sign_in_raw("many parts", b"{}", 415, "not multipart", **{"Content-Type": "multipart/form-data; boundary=x"}),
    (
        "a made-up session for a new password",
        lambda door: door.post("/api/new-password", body={"username": "x", "session": "y" * 30, "new_password": "z"}),
        401,
        "the session has expired",
    ),
    ("signing in by GET", lambda door: door.get("/api/sign-in?username=x&password=y"), 405, "Method Not Allowed"),
)  # fmt: skip
def test_bodies_that_nobody_signs_in_with(door, send, status, reason):
    check(send(door), status, reason)


def with_header(task_way: str | None = None, **headers) -> Callable[[Door], httpx.Response]:
    """A claim, or something about a task, with other headers than its own."""

    def send(door: Door) -> httpx.Response:
        values = {
            name.replace("_", "-"): value(door) if callable(value) else value
            for name, value in headers.items()
        }
        if task_way is None:
            return door.worker.http.post(f"/api/jobs/{door.job}/claim", headers=values)
        task = door.tasks["boxes"]
        own = {"X-CSRF-Token": task["csrf_token"]} | values
        body = {"lease": task["lease"], "answer": answer(box(4)), "draft": {}}
        return door.worker.http.post(f"/api/tasks/{task['task']}/{task_way}", json=body, headers=own)

    return send


def port(door: Door) -> str:
    return door.portal.rpartition(":")[2]


SESSION_TOKEN, TASK_TOKEN = (
    "X-CSRF-Token is not the one of this session",
    "X-CSRF-Token is not the one of this task",
)


@cases(
    ("no session", lambda door: door.post(f"/api/jobs/{door.job}/claim"), 401, "sign in first"),
    ("a made-up session", lambda door: door.get("/api/jobs", Cookie="session=" + "a" * 43), 401, "sign in first"),
    ("a session of odd bytes", lambda door: door.get("/api/jobs", Cookie=b"session=\xff\xfe"), 401, "sign in first"),
    ("a requester's page without a link", lambda door: door.get("/api/requester/jobs"), 401, "for requesters"),
    ("a worker at the requester's data", lambda door: door.worker.http.get("/api/requester/jobs"), 401, "for requesters"),
    ("a claim without its token", with_header(X_CSRF_Token=""), 403, SESSION_TOKEN),
    ("a claim with another session's", with_header(X_CSRF_Token=lambda door: door.other.me["csrf_token"]), 403, SESSION_TOKEN),
    ("a claim with a task's token", with_header(X_CSRF_Token=lambda door: door.tasks["boxes"]["csrf_token"]), 403, SESSION_TOKEN),
    ("a token of odd bytes", with_header(X_CSRF_Token=b"\xff\xfe"), 403, SESSION_TOKEN),
    ("an answer without its token", with_header("submit", X_CSRF_Token=""), 403, TASK_TOKEN),
    ("an answer with the session's", with_header("submit", X_CSRF_Token=lambda door: door.worker.me["csrf_token"]), 403, TASK_TOKEN),
    ("an answer with another lease's", with_header("submit", X_CSRF_Token=lambda door: door.tasks["mask"]["csrf_token"]), 403, TASK_TOKEN),
    ("an answer with another worker's", with_header("submit", X_CSRF_Token=lambda door: door.others["boxes"]["csrf_token"]), 403, TASK_TOKEN),
    ("a draft without its token", with_header("draft", X_CSRF_Token=""), 403, TASK_TOKEN),
    ("a release without its token", with_header("release", X_CSRF_Token=""), 403, TASK_TOKEN),
    ("a decline without its token", with_header("decline", X_CSRF_Token=""), 403, TASK_TOKEN),
    ("a stop without its token", with_header("stop", X_CSRF_Token=""), 403, TASK_TOKEN),
    ("a heartbeat without its token", with_header("activity", X_CSRF_Token=""), 403, TASK_TOKEN),
    ("signing out without the token", lambda door: door.worker.http.post("/api/sign-out", headers={"X-CSRF-Token": ""}), 403, SESSION_TOKEN),
    ("another origin", with_header("submit", Origin="https://evil.example"), 403, "https://evil.example are not accepted"),
    ("the frame's origin", with_header("submit", Origin="null"), 403, "requests from null are not accepted"),
    ("the right host by another scheme", with_header("submit", Origin=lambda door: door.portal.replace("http", "https")), 403, "not accepted"),
    ("an origin that begins like ours", with_header("submit", Origin=lambda door: door.portal + ".evil.example"), 403, "not accepted"),
    ("another port's origin", with_header("submit", Origin="http://127.0.0.1:1"), 403, "not accepted"),
    ("an empty origin", with_header("submit", Origin=""), 403, "not accepted"),
    ("another host", with_header("submit", Host="evil.example"), 421, "this is not the portal of"),
    ("another host on our port", with_header("submit", Host=lambda door: f"evil.example:{port(door)}"), 421, "this is not"),
    ("a host that begins like ours", with_header("submit", Host=lambda door: f"127.0.0.1.evil.example:{port(door)}"), 421, "this is not"),
    ("our host without its port", with_header("submit", Host="127.0.0.1"), 421, "this is not"),
    ("a host with a user", with_header("submit", Host=lambda door: f"a@127.0.0.1:{port(door)}"), 421, "this is not"),
    ("a page for another host", lambda door: door.get("/", Host="evil.example"), 421, "this is not the portal of"),
    ("PUT of an answer", lambda door: door.worker.http.put(f"/api/tasks/{door.tasks['boxes']['task']}/submit"), 405, "Method"),
    ("DELETE of a task", lambda door: door.worker.http.delete(f"/api/tasks/{door.tasks['boxes']['task']}/submit"), 405, "Method"),
    ("a preflight", lambda door: httpx.options(door.portal + "/api/jobs"), 405, "Method"),
    ("a claim by GET", lambda door: door.worker.http.get(f"/api/jobs/{door.job}/claim"), 405, "Method"),
    ("a path that there is not", lambda door: door.worker.http.get("/api/admin"), 404, "Not Found"),
)  # fmt: skip
def test_requests_from_where_no_worker_is(door, send, status, reason):
    check(send(door), status, reason)


def act(way: str, worker: str = "worker", **changes) -> Callable[[Door], httpx.Response]:
    """A right token, and something else about the task that is not right."""

    def send(door: Door) -> httpx.Response:
        values = {name: value(door) if callable(value) else value for name, value in changes.items()}
        task = door.tasks["boxes"] | values
        if task["lease"] != door.tasks["boxes"]["lease"]:
            task["csrf_token"] = token_for(door, worker, task["lease"])
        return getattr(door, worker).act(task, way, answer=answer(box(4)), draft={})

    return send


def token_for(door: Door, worker: str, lease: str) -> str:
    """What the server would give this session for this lease: not even with it does a foreign lease open."""
    known = {
        task["lease"]: task["csrf_token"]
        for task in (door.others if worker == "other" else door.tasks).values()
    }
    return known.get(lease, "")


@cases(
    *((f"{way} of a task number that is another's", act(way, task=lambda door: door.others["boxes"]["task"]), 409, GONE)
      for way in ("submit", "release", "decline", "draft", "stop", "activity")),
    ("a task that there is not", act("submit", task="999999"), 409, GONE),
    ("a task number beyond all rows", act("submit", task="9" * 30), 409, GONE),
    ("a task of another job", act("submit", task=lambda door: door.tasks["mask"]["task"]), 409, GONE),
    ("a negative task number", act("submit", task="-1"), 404, "Not Found"),
    ("a task number of words", act("submit", task="one"), 404, "Not Found"),
    ("a path for a task number", act("submit", task="..%2f1"), 404, "Not Found"),
    ("another worker's lease", act("submit", lease=lambda door: door.others["boxes"]["lease"]), 403, TASK_TOKEN),
    ("a made-up lease", act("submit", lease="made up"), 403, TASK_TOKEN),
    ("a lease that is a number", act("submit", lease=1), 400, "lease is required, as a text"),
    ("no lease", lambda door: door.raw("submit", b'{"answer": {}}'), 400, "lease is required, as a text"),
    ("a lease with half a character", lambda door: door.raw("submit", b'{"lease": "\\ud800"}'), 400, "half a character"),
    ("a job that there is not", lambda door: door.worker.ask("no-such-job"), 403, "in no work team of a labeling job"),
    ("a job with lines in its name", lambda door: door.worker.ask("a%0d%0aSet-Cookie:%20x=y"), 403, "in no work team"),
    ("a job of a path", lambda door: door.worker.ask("..%2f..%2fetc%2fpasswd"), 404, "Not Found"),
    ("a draft that is a text", lambda door: door.worker.act(door.tasks["boxes"], "draft", draft="x"), 400, "draft must be an object"),
    ("a draft that is null", lambda door: door.worker.act(door.tasks["boxes"], "draft", draft=None), 400, "draft is required"),
    ("a draft nested without end", lambda door: door.raw("draft", b'{"draft": ' + b"[" * 9000), 400, "nested too deeply"),
    ("a draft with an endless number", lambda door: door.raw("draft", b'{"draft": {"x": 1e999}}'), 400, "1e999 is no number of JSON"),
    ("a draft of 17 MB", lambda door: door.worker.act(door.tasks["boxes"], "draft", draft={"x": "y" * 17 * MEGABYTE}), 413, "the body has more than"),
    ("an answer of 17 MB", lambda door: door.raw("submit", b" " * 17 * MEGABYTE), 413, "the body has more than"),
    ("an answer as a form", lambda door: door.raw("submit", b"answer=1", **{"Content-Type": "application/x-www-form-urlencoded"}), 415, "must be application/json"),
    ("an answer with a BOM of UTF-16", lambda door: door.raw("submit", b"\xff\xfe{\0}\0"), 400, "not UTF-8"),
)  # fmt: skip
def test_tasks_leases_and_drafts_that_are_not_ones_own(door, send, status, reason):
    check(send(door), status, reason)


def content(changes: Callable[[Door, str], str]) -> Callable[[Door], httpx.Response]:
    return lambda door: door.get(changes(door, door.tasks["boxes"]["content"]))


def image(token: Callable[[Door], str]) -> Callable[[Door], httpx.Response]:
    return lambda door: door.get(f"/images/{token(door)}")


def own_image(door: Door) -> str:
    return door.tasks["boxes"]["image"].removeprefix("/images/")


def signed(purpose: str, shown: dict, seconds: float = 60) -> Callable[[Door], str]:
    """With the server's own secret: what a token says is checked too, not only who made it."""
    return lambda door: door.signer.sign(purpose, shown, time.time() + seconds)


def other_body(door: Door) -> str:
    """The signature of one's own image under the address of another."""
    shown = ["image", int(time.time()) + 60, {"uri": f"s3://{door.bucket}/labels.json"}]
    body = base64.urlsafe_b64encode(json.dumps(shown).encode()).rstrip(b"=").decode()
    return f"{body}.{own_image(door).partition('.')[2]}"


FORGED = "this address does not open: the signature is wrong"


@cases(
    ("a task's content without a token", content(lambda door, path: path.partition("?")[0]), 403, FORGED),
    ("a task's content, token cut off", content(lambda door, path: path[:-1]), 403, FORGED),
    ("a task's content, token of odd signs", content(lambda door, path: path + "%ff%00"), 403, FORGED),
    ("a task's content under another number", content(lambda door, path: path.replace(f"/{door.tasks['boxes']['task']}/", "/1000000/")), 403, "this address is for another task"),
    ("a task's content with an image's token", content(lambda door, path: f"{path.partition('=')[0]}={own_image(door)}"), 403, "it is for image"),
    ("a task's content too late", lambda door: door.get(f"/tasks/1/content?token={signed('content', {'task': 1}, -5)(door)}"), 403, "it has expired"),
    ("the content of a lease that is over", lambda door: door.get("/tasks/1/content?token=" + signed("content", {"task": 1, "worker": "x", "lease": "y"})(door)), 410, GONE),
    ("an image without a signature", image(lambda door: own_image(door).partition(".")[0]), 403, FORGED),
    ("an image, one letter changed", image(lambda door: "A" + own_image(door)[1:]), 403, FORGED),
    ("an image, signature of another", image(other_body), 403, FORGED),
    ("an image, empty token", image(lambda door: "x."), 403, FORGED),
    ("an image, signature of odd signs", image(lambda door: own_image(door) + "%F0%9F%90%95"), 403, FORGED),
    ("an image with a content's token", image(lambda door: door.tasks["boxes"]["content"].partition("=")[2]), 403, "it is for content"),
    ("an image too late", image(signed("image", {"uri": "s3://b/k"}, -5)), 403, "it has expired"),
    ("an image by a path", image(lambda door: "..%2f..%2fportal-secret"), 404, "Not Found"),
    ("an image that is a file of this machine", image(signed("image", {"uri": "file:///etc/passwd"})), 404, "does not exist"),
    ("an image that is no S3 object", image(signed("image", {"uri": "/etc/passwd"})), 404, "does not exist"),
    ("an image that is gone", image(lambda door: signed("image", {"uri": f"s3://{door.bucket}/none.jpg"})(door)), 404, "does not exist"),
    ("an image that is JSON", image(lambda door: signed("image", {"uri": f"s3://{door.bucket}/labels.json"})(door)), 415, "is not a JPEG or PNG image"),
    ("an image that is HTML", image(lambda door: signed("image", {"uri": f"s3://{door.bucket}/template.liquid.html"})(door)), 415, "is not a JPEG or PNG image"),
    ("a static file by a path", lambda door: door.get("/static/x/..%2f..%2fapi.py"), 404, "there is no"),
    ("a static file of another version", lambda door: door.get("/static/0123456789abcdef/elements/index.js"), 404, "load the page again"),
    ("a requester's link of nothing", lambda door: door.get("/requester?token="), 400, "The link is not complete"),
    ("a requester's link of odd signs", lambda door: door.get("/requester?token=%00%ff"), 400, "The link is not complete"),
    ("a requester's link without end", lambda door: door.get("/requester?token=" + "A" * 9000), 400, "longer than 8192"),
    ("a requester's link to another action", lambda door: door.get("/requester?token=" + link(Action="DeleteUser")), 403, "signed with Action"),
    ("a requester's link with a host", lambda door: door.get("/requester?token=" + link(Host="evil.example")), 400, "have no place in it"),
    ("a requester's link without signature", lambda door: door.get("/requester?token=" + link(**{"X-Amz-Signature": None})), 400, "X-Amz-Signature is missing"),
)  # fmt: skip
def test_addresses_that_do_not_open(door, send, status, reason):
    check(send(door), status, reason)


def link(**changes: str | None) -> str:
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    query = {
        "Action": "GetCallerIdentity",
        "Version": "2011-06-15",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-SignedHeaders": "host;x-labelloop-portal",
        "X-Amz-Credential": f"A/{now[:8]}/us-east-1/sts/aws4_request",
        "X-Amz-Date": now,
        "X-Amz-Expires": "60",
        "X-Amz-Signature": "0" * 64,
    } | changes
    text = "&".join(f"{name}={value}" for name, value in query.items() if value is not None)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def test_a_lease_whose_time_is_over_takes_nothing(studio):
    name = studio.create(studio.manifest({"source-ref": studio.pictures(1)[0]}))
    worker = studio.worker()
    task = worker.claim(name)
    studio.pass_time(name, 301)
    for way in ("submit", "draft", "stop", "activity", "release", "decline"):
        check(worker.act(task, way, answer=answer(box(4)), draft={}), 409, GONE)
    again = worker.claim(name)
    assert again["lease"] != task["lease"] and again["object"] == task["object"]
