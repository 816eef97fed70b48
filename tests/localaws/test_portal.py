"""The worker portal's doors: who gets in, from where, to what, and what is refused."""

import re
import secrets
from collections.abc import Iterator

import httpx
import pytest

from localaws.groundtruth.portal.sessions import Throttle
from tests.localaws.labeling import (
    ACS,
    HEIGHT,
    PASSWORD,
    PRE,
    TEMPLATE,
    WIDTH,
    Studio,
    Worker,
    answer,
    box,
    picture,
    wait_for,
)


@pytest.fixture(scope="module")
def studio(stand_in) -> Iterator[Studio]:
    with Studio(stand_in) as studio:
        yield studio


@pytest.fixture(scope="module")
def job(studio) -> str:
    lines = [{"source-ref": uri} for uri in studio.pictures(8)]
    return studio.create(studio.manifest(*lines), NumberOfHumanWorkersPerDataObject=9)


def post(studio, path: str, body: dict, **headers) -> httpx.Response:
    return httpx.post(f"{studio.stand_in.portal}{path}", json=body, headers=headers)


def test_signing_in_tells_who_one_is_and_signing_out_ends_it(studio):
    worker = studio.worker()
    assert set(worker.me) == {"worker", "username", "csrf_token", "teams"}
    assert worker.me["username"] == studio.usernames[0] and worker.me["teams"] == [studio.name]
    assert worker.http.get("/api/session").json() == worker.me
    assert worker.http.post("/api/sign-out").status_code == 200
    assert worker.http.get("/api/session").status_code == 401


def test_the_session_cookie_is_out_of_reach_of_scripts_and_of_other_sites(studio):
    reply = post(studio, "/api/sign-in", {"username": studio.usernames[0], "password": PASSWORD})
    cookie = reply.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "path=/" in cookie


@pytest.mark.parametrize("username", ["first", "nobody"])
def test_a_wrong_password_and_an_unknown_user_are_refused_alike(studio, username):
    name = studio.usernames[0] if username == "first" else f"nobody-{secrets.token_hex(4)}"
    reply = post(studio, "/api/sign-in", {"username": name, "password": "wrong"})
    assert reply.status_code == 401
    assert reply.json() == {"error": "the user name or the password is wrong"}


def test_guessing_a_password_is_slowed_down(studio):
    guess = {"username": f"guessed-{secrets.token_hex(4)}", "password": "wrong"}
    answers = [post(studio, "/api/sign-in", guess).status_code for _ in range(11)]
    assert answers == [401] * 10 + [429]
    assert studio.worker().me  # others are not held up


def test_a_first_password_must_be_replaced_by_a_good_one(studio):
    username = f"new-{secrets.token_hex(4)}"
    studio.cognito.admin_create_user(
        UserPoolId=studio.pool, Username=username, TemporaryPassword="First-2-go!"
    )
    studio.join(username, studio.name)
    challenge = post(studio, "/api/sign-in", {"username": username, "password": "First-2-go!"}).json()
    assert set(challenge) == {"challenge", "session"}
    assert challenge["challenge"] == "NEW_PASSWORD_REQUIRED"
    body = {"username": username, "session": challenge["session"]}
    weak = post(studio, "/api/new-password", body | {"new_password": "short"})
    assert weak.status_code == 422 and "assword" in weak.json()["error"]
    good = post(studio, "/api/new-password", body | {"new_password": PASSWORD})
    assert good.status_code == 200 and good.json()["teams"] == [studio.name]
    assert Worker(studio.stand_in.portal, username).me["teams"] == [studio.name]
    for session in ("short", "made up " * 10):
        bad = post(studio, "/api/new-password", body | {"session": session, "new_password": PASSWORD})
        assert bad.status_code == 401


def test_nothing_opens_without_a_session(studio, job):
    portal = studio.stand_in.portal
    for path in ("/api/session", "/api/jobs"):
        assert httpx.get(portal + path).status_code == 401
    for path in (f"/api/jobs/{job}/claim", "/api/tasks/1/submit", "/api/tasks/1/release", "/api/sign-out"):
        assert post(studio, path, {"lease": "x"}).status_code == 401
    forged = httpx.get(f"{portal}/api/session", cookies={"session": secrets.token_urlsafe(32)})
    assert forged.status_code == 401


def test_a_session_without_its_csrf_token_changes_nothing(studio, job):
    worker = studio.worker()
    for token in (None, "", "wrong", studio.worker(1).me["csrf_token"]):
        worker.http.headers.pop("X-CSRF-Token", None)
        if token is not None:
            worker.http.headers["X-CSRF-Token"] = token
        assert worker.ask(job).status_code == 403
    assert worker.http.get("/api/jobs").status_code == 200


def test_another_origin_or_another_host_gets_nothing(studio, job):
    worker, portal = studio.worker(), studio.stand_in.portal
    own = {"Origin": portal}
    assert worker.http.post(f"/api/jobs/{job}/claim", headers=own).status_code == 200
    for origin in ("https://evil.example", "null", studio.stand_in.endpoint, portal + ".evil.example"):
        refused = worker.http.post(f"/api/jobs/{job}/claim", headers={"Origin": origin})
        assert refused.status_code == 403, origin
    for host in ("evil.example", f"evil.example:{portal.rpartition(':')[2]}", "127.0.0.1:1"):
        assert worker.http.get("/api/session", headers={"Host": host}).status_code == 421, host
    alias = portal.replace("127.0.0.1", "localhost").removeprefix("http://")
    assert worker.http.get("/api/session", headers={"Host": alias}).status_code == 200


def test_a_body_that_is_too_large_or_no_json_is_refused(studio):
    worker = studio.worker()
    assert worker.http.post("/api/sign-in", content=b"x" * 20_000).status_code == 413
    assert worker.http.post("/api/tasks/1/submit", content=b"x" * 17 * 2**20).status_code == 413
    for content in (b"{", b"[]", b'{"lease": NaN}', b"\xff"):
        assert worker.http.post("/api/tasks/1/submit", content=content).status_code == 400
    assert "lease is required" in worker.http.post("/api/tasks/1/submit", json={"lease": 3}).json()["error"]


def test_a_task_shows_its_own_image_and_nothing_else(studio, job):
    worker = studio.worker()
    task = worker.claim(job)
    assert task["element"] == {"tag": "crowd-bounding-box", "name": "boundingBox"}
    assert task["input"]["taskObject"] == task["object"] == f"s3://{studio.bucket}/images/0.jpg"
    image = httpx.get(studio.stand_in.portal + task["image"])  # an image needs no cookie: frames send none
    assert image.content == picture()
    assert image.headers["content-type"] == "image/jpeg"
    assert image.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in image.headers["content-security-policy"]
    path, _, mac = task["image"].partition(".")
    for forged in (task["image"][:-1], f"{path[:-2]}AA.{mac}", path, "/images/x.y"):
        assert httpx.get(studio.stand_in.portal + forged).status_code == 403, forged
    other = task["content"].partition("token=")[2]
    assert httpx.get(f"{studio.stand_in.portal}/images/{other}").status_code == 403


def test_what_is_no_image_is_never_sent_as_one(studio):
    page = studio.write("images/page.jpg", "<script>alert(1)</script>")
    rendered = studio.sagemaker.render_ui_template(
        UiTemplate={"Content": "{{ task.input.uri | grant_read_access }}"},
        Task={"Input": f'{{"uri": "{page}"}}'},
        RoleArn="arn:aws:iam::000000000000:role/labeling",
    )["RenderedContent"]
    address = re.search(rf"{studio.stand_in.portal}/images/[\w.-]+", rendered)[0]
    assert httpx.get(address).status_code == 415


def test_a_rendered_task_is_caged(studio, job):
    worker = studio.worker()
    task = worker.claim(job)
    page = httpx.get(studio.stand_in.portal + task["content"])
    assert page.status_code == 200 and "Draw boxes around the animals" in page.text
    policy = page.headers["content-security-policy"]
    for rule in ("sandbox allow-scripts", "default-src 'none'", "connect-src 'none'", "form-action 'none'"):
        assert rule in policy
    assert "allow-same-origin" not in policy
    (src,) = re.findall(r'src="(http[^"]+/images/[^"]+)"', page.text)
    assert httpx.get(src).content == picture()
    elsewhere = task["content"].replace(f"/tasks/{task['task']}/", "/tasks/999999/")
    assert httpx.get(studio.stand_in.portal + elsewhere).status_code == 403
    worker.act(task, "release")
    assert httpx.get(studio.stand_in.portal + task["content"]).status_code == 410


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"boxes": []}, "must have the key 'boundingBox'"),
        (answer(box(4, "bird")), "box 1 has the label 'bird'"),
        (answer(box(4), box(45)), "box 2 reaches from .45, 6. to .65, 16., outside the image of 60 x 40"),
        (answer(box(4.5)), "box 1: left must be an integer"),
        (answer(box(4, width=0)), "box 1 is 0 x 10 pixels"),
        (answer(box(4), width=HEIGHT, height=WIDTH), "but the stored image has"),
        (answer(*[box(4)] * 5001), "5001 boxes"),
        (answer(box(4)) | {"comment": "x" * 70_000}, "further inputs have"),
        ("nothing", "must be an object"),
        (None, "must be an object"),
    ],
)
def test_a_bad_answer_is_refused_and_the_task_stays_with_its_worker(studio, job, given, message):
    worker = studio.worker(1)
    task = worker.claim(job)
    refused = worker.hand_in(task, given)
    assert refused.status_code == 422 and re.search(message, refused.json()["error"]), refused.text
    assert worker.claim(job)["lease"] == task["lease"]


def test_an_answer_is_accepted_once_and_its_repetition_is_not_an_error(studio, job):
    worker, other = studio.worker(2), studio.worker(1)
    task = worker.claim(job)
    theirs = other.claim(job)
    assert other.hand_in(theirs | {"task": task["task"]}, answer(box(4))).status_code == 409
    assert worker.hand_in(task, answer(box(4))).status_code == 200
    assert worker.hand_in(task, answer(box(4))).status_code == 200  # as after a lost reply
    assert worker.hand_in(task, answer(box(5))).status_code == 409
    assert worker.jobs()[job]["submitted"] == 1


def test_a_declined_task_does_not_come_back_and_a_released_one_does(studio, job):
    worker = studio.worker(2)
    task = worker.claim(job)
    assert worker.act(task, "release").status_code == 200
    assert worker.act(task, "release").status_code == 409
    again = worker.claim(job)
    assert again["object"] == task["object"] and again["lease"] != task["lease"]
    assert worker.act(again, "decline").status_code == 200
    assert worker.claim(job)["object"] != task["object"]


def test_work_is_only_for_the_members_of_the_team_at_that_moment(studio, job):
    username = f"guest-{secrets.token_hex(4)}"
    studio.add_user(username)
    guest = Worker(studio.stand_in.portal, username)
    assert guest.me["teams"] == [] and guest.jobs() == {}
    assert guest.ask(job).status_code == 403
    assert guest.ask("no-such-job").status_code == 403  # which jobs there are is not told either
    studio.join(username, studio.name)
    assert job in guest.jobs() and guest.claim(job)
    studio.cognito.admin_remove_user_from_group(
        UserPoolId=studio.pool, Username=username, GroupName=studio.name
    )
    assert guest.ask(job).status_code == 403 and guest.jobs() == {}
    studio.join(username, studio.name)
    studio.cognito.admin_disable_user(UserPoolId=studio.pool, Username=username)
    assert guest.ask(job).status_code == 403


@pytest.mark.parametrize("path", ["/", "/jobs/a-job-that-is-opened-from-a-mail"])
def test_the_page_of_workers_runs_nothing_but_the_portals_own_scripts(studio, path):
    page = httpx.get(studio.stand_in.portal + path)
    assert page.status_code == 200 and "Worker portal" in page.text
    assert (
        page.headers["content-type"].startswith("text/html") and page.headers["cache-control"] == "no-store"
    )
    policy = page.headers["content-security-policy"]
    for rule in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert rule in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bon\w+=|\bstyle=", page.text)
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert httpx.get(studio.stand_in.portal + address).status_code == 200, address
    assert httpx.get(studio.stand_in.portal + "/nothing").json() == {"error": "Not Found"}


def test_the_starter_template_can_be_previewed_with_its_faults_named(studio):
    (uri,) = studio.pictures(1)
    given = f'{{"taskObject": "{uri}", "labels": ["dog"], "header": "Draw <b>"}}'
    render = studio.sagemaker.render_ui_template
    role = "arn:aws:iam::000000000000:role/labeling"
    good = render(UiTemplate={"Content": TEMPLATE}, Task={"Input": given}, RoleArn=role)
    assert good["Errors"] == [] and 'header="Draw &lt;b&gt;"' in good["RenderedContent"]
    bad = render(UiTemplate={"Content": "<crowd-entity-annotation>"}, Task={"Input": given}, RoleArn=role)
    assert {"UnsupportedElement", "MissingElement"} <= {error["Code"] for error in bad["Errors"]}
    broken = render(UiTemplate={"Content": "{% for %}"}, Task={"Input": given}, RoleArn=role)
    assert broken["RenderedContent"] == "" and broken["Errors"][0]["Code"] == "TemplateSyntaxError"
    for template, task in ((None, given), ("x", "no json")):
        with pytest.raises(studio.sagemaker.exceptions.ClientError, match="ValidationException"):
            render(
                **({"UiTemplate": {"Content": template}} if template else {}),
                Task={"Input": task},
                RoleArn=role,
            )


def test_the_built_in_functions_prepare_and_consolidate_without_being_deployed(studio, job):
    task = studio.describe(job)["HumanTaskConfig"]
    assert task["PreHumanTaskLambdaArn"] == PRE
    assert task["AnnotationConsolidationConfig"]["AnnotationConsolidationLambdaArn"] == ACS
    assert studio.worker().claim(job)["input"]["labels"] == ["dog", "cat"]


def test_one_password_tried_on_many_names_is_slowed_down_too():
    throttle = Throttle(attempts=2, in_all=5)
    assert [throttle.enter("anna") for _ in range(3)] == [True, True, False]
    assert throttle.enter("ben")
    throttle.succeed("ben")  # who has a password of his own wins no more guesses at others' names
    assert [throttle.enter(f"name-{number}") for number in range(4)] == [True, True, True, False]
    assert not throttle.enter("ben")


def test_failed_attempts_are_forgotten_in_time():
    throttle = Throttle(attempts=1, in_all=2, seconds=0.05)
    assert throttle.enter("anna") and throttle.enter("ben") and not throttle.enter("cleo")
    wait_for(lambda: throttle.enter("cleo"), "the first failures to be forgotten")


def test_signing_in_again_ends_the_session_of_before(studio):
    worker = studio.worker()
    before = worker.http.cookies["session"]
    credentials = {"username": worker.me["username"], "password": PASSWORD}
    assert worker.http.post("/api/sign-in", json=credentials).status_code == 200
    assert worker.http.cookies["session"] != before
    old = httpx.get(f"{studio.stand_in.portal}/api/session", cookies={"session": before})
    assert old.status_code == 401
