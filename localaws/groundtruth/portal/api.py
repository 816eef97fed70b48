"""The portal's JSON endpoints. Every refusal is ``{"error": sentence}``."""

import hmac
import time
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localaws.groundtruth.answers import LARGEST_ANSWER
from localaws.groundtruth.cognito import Challenge, Person, SignIn, WeakPassword, WrongPassword
from localaws.groundtruth.portal.guard import read_json, text_of
from localaws.groundtruth.portal.sessions import LIFETIME, Session, Sessions, Throttle, worker_id
from localaws.groundtruth.portal.signing import Signer
from localaws.groundtruth.portal.workplace import NotYours, OpenTask, Workplace
from localaws.groundtruth.problems import InvalidAnswer
from localaws.groundtruth.tasks import LeaseGone

COOKIE = "session"
SMALL_BODY = 16 * 1024
LONGEST_REFUSAL = 1000  # characters of an answer that a message may repeat

Handler = Callable[[Request, dict[str, Any]], Response]


class Api:
    def __init__(self, workplace: Workplace, sessions: Sessions, signer: Signer, region: str, secure: bool):
        """``secure``: the portal is served over TLS, so its cookie never leaves without."""
        self.workplace = workplace
        self.sessions = sessions
        self.signer = signer
        self.region = region
        self.secure = secure
        self.throttle = Throttle()

    def routes(self) -> list[Route]:
        return [
            route("/api/sign-in", self.sign_in),
            route("/api/new-password", self.set_password),
            route("/api/sign-out", self.sign_out),
            route("/api/session", self.who_am_i, "GET"),
            route("/api/jobs", self.list_jobs, "GET"),
            route("/api/jobs/{name}/claim", self.claim),
            route("/api/tasks/{id:int}/submit", self.submit, largest=LARGEST_ANSWER),
            route("/api/tasks/{id:int}/release", self.release),
            route("/api/tasks/{id:int}/decline", self.decline),
        ]

    # Who works here

    def sign_in(self, request: Request, body: dict) -> Response:
        username, password = text_of(body, "username"), text_of(body, "password")
        door = self._door(username)
        try:
            found = door.with_password(username, password)
        except WrongPassword:
            raise HTTPException(401, "the user name or the password is wrong") from None
        self.throttle.succeed(username)
        if isinstance(found, Challenge):
            return JSONResponse({"challenge": "NEW_PASSWORD_REQUIRED", "session": found.session})
        return self._welcome(request, door, found)

    def set_password(self, request: Request, body: dict) -> Response:
        username, session = text_of(body, "username"), text_of(body, "session")
        door = self._door(username)
        try:
            person = door.with_new_password(username, session, text_of(body, "new_password"))
        except WeakPassword as problem:
            self.throttle.succeed(username)
            raise HTTPException(422, str(problem)) from None
        except WrongPassword:
            raise HTTPException(401, "the session has expired: sign in again") from None
        self.throttle.succeed(username)
        return self._welcome(request, door, person)

    def sign_out(self, request: Request, body: dict) -> Response:
        self._session(request)
        self.sessions.close(request.cookies[COOKIE])
        response = JSONResponse({})
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=self.secure)
        return response

    def who_am_i(self, request: Request, body: dict) -> Response:
        return JSONResponse(self._who(self._session(request)))

    # Tasks

    def list_jobs(self, request: Request, body: dict) -> Response:
        return JSONResponse({"jobs": self.workplace.open_jobs(self._session(request))})

    def claim(self, request: Request, body: dict) -> Response:
        session, name = self._session(request), request.path_params["name"]
        try:
            task = self.workplace.claim(session, name)
        except NotYours:
            raise HTTPException(403, f"you are in no work team of a labeling job {name}") from None
        return JSONResponse(self._described(task, session)) if task else Response(status_code=204)

    def submit(self, request: Request, body: dict) -> Response:
        session, lease = self._session(request), text_of(body, "lease")
        try:
            self.workplace.submit(session, request.path_params["id"], lease, body.get("answer"))
        except LeaseGone:
            raise _lease_gone() from None
        except InvalidAnswer as problem:
            raise HTTPException(422, str(problem)[:LONGEST_REFUSAL]) from None
        return JSONResponse({})

    def release(self, request: Request, body: dict) -> Response:
        return self._hand_back(request, body, self.workplace.release)

    def decline(self, request: Request, body: dict) -> Response:
        return self._hand_back(request, body, self.workplace.decline)

    def _hand_back(self, request: Request, body: dict, way: Callable[[Session, int, str], None]) -> Response:
        try:
            way(self._session(request), request.path_params["id"], text_of(body, "lease"))
        except LeaseGone:
            raise _lease_gone() from None
        return JSONResponse({})

    def _door(self, username: str) -> SignIn:
        door = self.workplace.sign_in()
        if door is None:
            raise HTTPException(503, "there is no private workforce yet: create one with CreateWorkforce")
        if not self.throttle.enter(username):
            raise HTTPException(429, "too many failed attempts: wait some minutes")
        return door

    def _session(self, request: Request) -> Session:
        session = self.sessions.find(request.cookies.get(COOKIE, ""))
        if session is None:
            raise HTTPException(401, "sign in first")
        token = request.headers.get("x-csrf-token", "")
        if request.method == "POST" and not hmac.compare_digest(token.encode(), session.csrf_token.encode()):
            raise HTTPException(403, "the header X-CSRF-Token is not the one of this session")
        return session

    def _welcome(self, request: Request, door: SignIn, person: Person) -> Response:
        self.sessions.close(request.cookies.get(COOKIE, ""))
        worker = worker_id(self.region, person.sub)
        self.workplace.tasks.know_worker(worker, person.sub, person.issuer)
        session_id, session = self.sessions.open(worker, person, door.pool, door.client)
        response = JSONResponse(self._who(session))
        response.set_cookie(
            COOKIE, session_id, LIFETIME, path="/", httponly=True, samesite="strict", secure=self.secure
        )
        return response

    def _who(self, session: Session) -> dict:
        return {
            "worker": session.worker,
            "username": session.username,
            "csrf_token": session.csrf_token,
            "teams": [team["WorkteamName"] for team in self.workplace.teams(session)],
        }

    def _described(self, task: OpenTask, session: Session) -> dict:
        lease, line = task.lease, task.object.line
        source = line.get("source-ref")  # none of a text
        shown = {"task": lease.id, "worker": session.worker, "lease": lease.token}
        content = self.signer.sign("content", shown, lease.until)
        return {
            "task": str(lease.id),
            "job": task.job,
            "object": source or line["source"],
            "lease": lease.token,
            "expires_at": lease.until,
            "labels": task.labels,
            "element": {"tag": task.tag, "name": task.element},
            "image": image_path(self.signer, source, lease.until) if source else None,
            "content": f"/tasks/{lease.id}/content?token={content}",
            "input": task.object.task_input,
        }


def image_path(signer: Signer, uri: str, until: float) -> str:
    """Where the portal shows one image, to whoever has this address, until then."""
    return f"/images/{signer.sign('image', {'uri': uri}, until)}"


def image_address(signer: Signer, portal: str, seconds: float = 900) -> Callable[[str], str]:
    return lambda uri: portal + image_path(signer, uri, time.time() + seconds)


def route(path: str, handler: Handler, method: str = "POST", largest: int = SMALL_BODY) -> Route:
    """A route whose body is read here, and whose work is done in a thread: it talks to disks and services."""

    async def endpoint(request: Request) -> Response:
        body = await read_json(request, largest)
        return await run_in_threadpool(handler, request, body)

    return Route(path, endpoint, methods=[method])


def _lease_gone() -> HTTPException:
    return HTTPException(409, "this task is no longer yours: its time ran out, or it was handed in or back")
