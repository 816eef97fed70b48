"""The portal's JSON endpoints about tasks. Every refusal is ``{"error": sentence}``.

A task's endpoints want its lease in the body and, as X-CSRF-Token, the token that came with the claim.
"""

import time
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from localaws.groundtruth.answers import LARGEST_ANSWER
from localaws.groundtruth.portal.entrance import Entrance
from localaws.groundtruth.portal.messages import Reply, route, text_of
from localaws.groundtruth.portal.sessions import Session
from localaws.groundtruth.portal.signing import Signer
from localaws.groundtruth.portal.workplace import NotYours, OpenTask, Workplace
from localaws.groundtruth.problems import InvalidAnswer
from localaws.groundtruth.tasks import LeaseGone

LONGEST_REFUSAL = 1000  # characters of an answer that a message may repeat
LAST_TASK = 2**63 - 1  # numbers of rows go no further
LARGEST_DRAFT = LARGEST_ANSWER  # a draft holds what the answer will be made of


class Api:
    def __init__(self, workplace: Workplace, entrance: Entrance, signer: Signer):
        self.workplace = workplace
        self.entrance = entrance
        self.signer = signer

    def routes(self) -> list[Route]:
        return [
            route("/api/jobs", self.list_jobs, "GET"),
            route("/api/jobs/{name}/claim", self.claim),
            route("/api/tasks/{id:int}/activity", self.note_activity),
            route("/api/tasks/{id:int}/draft", self.save_draft, largest=LARGEST_DRAFT),
            route("/api/tasks/{id:int}/stop", self.stop, largest=LARGEST_DRAFT),
            route("/api/tasks/{id:int}/submit", self.submit, largest=LARGEST_ANSWER),
            route("/api/tasks/{id:int}/release", self.release),
            route("/api/tasks/{id:int}/decline", self.decline),
        ]

    def list_jobs(self, request: Request, body: dict) -> Response:
        return Reply({"jobs": self.workplace.open_jobs(self.entrance.session(request))})

    def claim(self, request: Request, body: dict) -> Response:
        session, name = self.entrance.session(request), request.path_params["name"]
        try:
            task = self.workplace.claim(session, name)
        except NotYours:
            raise HTTPException(403, f"you are in no work team of a labeling job {name}") from None
        return Reply(self._described(task, session)) if task else Response(status_code=204)

    def note_activity(self, request: Request, body: dict) -> Response:
        return self._act(request, body, self.workplace.note_activity)

    def save_draft(self, request: Request, body: dict) -> Response:
        if body.get("draft") is None:
            raise HTTPException(400, "draft is required, as an object")
        return self._act(request, body, self.workplace.save_draft, _draft_of(body))

    def stop(self, request: Request, body: dict) -> Response:
        return self._act(request, body, self.workplace.stop, _draft_of(body))

    def submit(self, request: Request, body: dict) -> Response:
        return self._act(request, body, self.workplace.submit, body.get("answer"))

    def release(self, request: Request, body: dict) -> Response:
        return self._act(request, body, self.workplace.release)

    def decline(self, request: Request, body: dict) -> Response:
        return self._act(request, body, self.workplace.decline)

    def _act(self, request: Request, body: dict, act: Callable[..., None], *values: object) -> Response:
        lease = text_of(body, "lease")
        session = self.entrance.task_session(request, lease)
        task = request.path_params["id"]
        try:
            if task > LAST_TASK:
                raise LeaseGone
            act(session, task, lease, *values)
        except LeaseGone:
            raise HTTPException(
                409, "this task is no longer yours: its time ran out, or it was handed in or back"
            ) from None
        except InvalidAnswer as problem:
            raise HTTPException(422, str(problem)[:LONGEST_REFUSAL]) from None
        return Reply({})

    def _described(self, task: OpenTask, session: Session) -> dict:
        lease, line = task.lease, task.object.line
        source = line.get("source-ref")  # none of a text
        shown = {"task": lease.id, "worker": session.worker, "lease": lease.token}
        content = self.signer.sign("content", shown, lease.until)
        return {
            "task": str(lease.id),
            "job": task.job,
            "title": task.title,
            "object": source or line["source"],
            "lease": lease.token,
            "csrf_token": self.entrance.sessions.task_token(session, lease.token),
            "expires_at": lease.until,
            "seconds_left": max(0.0, round(lease.until - time.time(), 3)),
            "progress": self.workplace.progress(session, task.job),
            "draft": self.workplace.draft(task),
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


def _draft_of(body: dict) -> dict | None:
    draft = body.get("draft")
    if draft is not None and not isinstance(draft, dict):
        raise HTTPException(400, f"draft must be an object, but it is a {type(draft).__name__}")
    return draft
