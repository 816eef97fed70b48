"""Who gets in: signing in with the workforce's user pool, and what a signed-in request must carry."""

import hmac

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from localaws.groundtruth.cognito import Challenge, Person, SignIn, WeakPassword, WrongPassword
from localaws.groundtruth.portal.messages import Reply, route, text_of
from localaws.groundtruth.portal.sessions import LIFETIME, Session, Sessions, Throttle, worker_id
from localaws.groundtruth.portal.workplace import Workplace

COOKIE = "session"


class Entrance:
    def __init__(self, workplace: Workplace, sessions: Sessions, region: str, secure: bool):
        """``secure``: the portal is served over TLS, so its cookie never leaves without."""
        self.workplace = workplace
        self.sessions = sessions
        self.region = region
        self.secure = secure
        self.throttle = Throttle()

    def routes(self) -> list[Route]:
        return [
            route("/api/sign-in", self.sign_in),
            route("/api/new-password", self.set_password),
            route("/api/sign-out", self.sign_out),
            route("/api/session", self.who_am_i, "GET"),
        ]

    def sign_in(self, request: Request, body: dict) -> Response:
        username, password = text_of(body, "username"), text_of(body, "password")
        door = self._door(username)
        try:
            found = door.with_password(username, password)
        except WrongPassword:
            raise HTTPException(401, "the user name or the password is wrong") from None
        self.throttle.succeed(username)
        if isinstance(found, Challenge):
            return Reply({"challenge": "NEW_PASSWORD_REQUIRED", "session": found.session})
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
        self.session(request)
        self.sessions.close(request.cookies[COOKIE])
        response = Reply({})
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=self.secure)
        return response

    def who_am_i(self, request: Request, body: dict) -> Response:
        return Reply(self._who(self.session(request)))

    def session(self, request: Request) -> Session:
        """The session of a request, which a POST proves to come from the portal's own page. Raises
        HTTPException."""
        session = self._known(request)
        if request.method == "POST":
            _check_token(request, session.csrf_token, "this session")
        return session

    def task_session(self, request: Request, lease: str) -> Session:
        """The session of a request about one task, which the token of that task must come with. Raises
        HTTPException."""
        session = self._known(request)
        _check_token(request, self.sessions.task_token(session, lease), "this task")
        return session

    def _known(self, request: Request) -> Session:
        session = self.sessions.find(request.cookies.get(COOKIE, ""))
        if session is None:
            raise HTTPException(401, "sign in first")
        return session

    def _door(self, username: str) -> SignIn:
        door = self.workplace.sign_in()
        if door is None:
            raise HTTPException(503, "there is no private workforce yet: create one with CreateWorkforce")
        if not self.throttle.enter(username):
            raise HTTPException(429, "too many failed attempts: wait some minutes", {"Retry-After": "300"})
        return door

    def _welcome(self, request: Request, door: SignIn, person: Person) -> Response:
        self.sessions.close(request.cookies.get(COOKIE, ""))
        worker = worker_id(self.region, person.sub)
        self.workplace.tasks.know_worker(worker, person.sub, person.issuer, person.username)
        session_id, session = self.sessions.open(worker, person, door.pool, door.client)
        response = Reply(self._who(session))
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


def _check_token(request: Request, expected: str, whose: str) -> None:
    token = request.headers.get("x-csrf-token", "")
    if not hmac.compare_digest(token.encode(), expected.encode()):
        raise HTTPException(403, f"the header X-CSRF-Token is not the one of {whose}")
