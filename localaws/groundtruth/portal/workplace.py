"""What workers may do, whatever the interface: see the jobs of their teams, take tasks, answer them."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from localaws.api import Clients
from localaws.groundtruth.answers import ELEMENTS, check_answer
from localaws.groundtruth.cognito import SignIn
from localaws.groundtruth.jobs import Jobs, key_of
from localaws.groundtruth.objects import Objects, ObjectTask
from localaws.groundtruth.portal.sessions import Session
from localaws.groundtruth.tasks import Lease, LeaseGone, Tasks
from localaws.groundtruth.templates import access_for, render
from localaws.groundtruth.workforces import Workforces
from localaws.groundtruth.workteams import Workteams


class NotYours(Exception):
    """The job belongs to no team that this worker is in now."""


@dataclass(frozen=True)
class OpenTask:
    lease: Lease
    job: str
    title: str
    object: ObjectTask
    labels: list[str]
    tag: str
    element: str  # the name of the answer's value


class Workplace:
    def __init__(
        self,
        jobs: Jobs,
        objects: Objects,
        tasks: Tasks,
        workforces: Workforces,
        workteams: Workteams,
        clients: Clients,
    ):
        self.jobs = jobs
        self.objects = objects
        self.tasks = tasks
        self.workforces = workforces
        self.workteams = workteams
        self.clients = clients

    def sign_in(self) -> SignIn | None:
        """The way in to the workforce; None while there is no workforce."""
        workforce = self.workforces.only()
        if workforce is None:
            return None
        config = workforce["CognitoConfig"]
        return SignIn(self.clients, config["UserPool"], config["ClientId"])

    def teams(self, session: Session) -> list[dict]:
        """The worker's teams at this moment, asked of Cognito."""
        sign_in = self.sign_in()
        if sign_in is None or sign_in.pool != session.pool:
            return []
        return self.workteams.of_groups(sign_in.groups(session.username))

    def open_jobs(self, session: Session) -> list[dict]:
        arns = {team["WorkteamArn"] for team in self.teams(session)}
        return [
            self._described(job, session.worker)
            for job in self.jobs.active()
            if job["LabelingJobStatus"] == "InProgress" and job["HumanTaskConfig"]["WorkteamArn"] in arns
        ]

    def claim(self, session: Session, name: str) -> OpenTask | None:
        """A task of the job, or None while there is none for this worker. Raises NotYours."""
        job = self.jobs.find(name)
        arns = {team["WorkteamArn"] for team in self.teams(session)}
        if job is None or job["HumanTaskConfig"]["WorkteamArn"] not in arns:
            raise NotYours
        if job["LabelingJobStatus"] != "InProgress":
            return None
        limit = job["HumanTaskConfig"]["TaskTimeLimitInSeconds"]
        lease = self.tasks.claim(key_of(name), session.worker, limit)
        return self._open_task(lease) if lease else None

    def held(self, worker: str, task: int, token: str) -> OpenTask:
        """The task that the worker holds. Raises LeaseGone."""
        return self._open_task(self.tasks.held(task, worker, token))

    def submit(self, session: Session, task: int, token: str, answer: object) -> None:
        """Keep the answer: it is on disk when this returns. Raises LeaseGone and InvalidAnswer."""
        content = json.dumps(answer)
        try:
            held = self.held(session.worker, task, token)
        except LeaseGone:
            if self.tasks.was_submitted(task, session.worker, token, content):
                return
            raise
        size = held.object.width, held.object.height
        check_answer(answer, ELEMENTS[held.tag], held.element, held.labels, *size)
        self.tasks.submit(held.lease, session.worker, content)

    def draft(self, task: OpenTask) -> dict | None:
        """What the worker has saved of the task so far."""
        draft = self.tasks.draft(task.lease)
        return json.loads(draft) if draft else None

    def save_draft(self, session: Session, task: int, token: str, draft: dict) -> None:
        """The draft is on disk when this returns. Raises LeaseGone."""
        self.tasks.save_draft(self.tasks.held(task, session.worker, token), session.worker, json.dumps(draft))

    def stop(self, session: Session, task: int, token: str, draft: dict | None) -> None:
        """Put the task aside until the worker claims it again. Raises LeaseGone."""
        content = None if draft is None else json.dumps(draft)
        self.tasks.stop(self.tasks.held(task, session.worker, token), session.worker, content)

    def note_activity(self, session: Session, task: int, token: str) -> None:
        """Raises LeaseGone."""
        self.tasks.note_activity(self.tasks.held(task, session.worker, token), session.worker)

    def progress(self, session: Session, job: str) -> dict[str, int]:
        """How many tasks of the job the worker has done, and how many they are with those still to be had."""
        key = key_of(job)
        done = self.tasks.submitted(key, session.worker)
        left = self.tasks.available(key, session.worker) + self.objects.count(key, "waiting")
        return {"done": done, "total": done + left}

    def release(self, session: Session, task: int, token: str) -> None:
        """Raises LeaseGone."""
        self.tasks.release(self.tasks.held(task, session.worker, token))

    def decline(self, session: Session, task: int, token: str) -> None:
        """Raises LeaseGone."""
        self.tasks.decline(self.tasks.held(task, session.worker, token), session.worker)

    def render(self, task: OpenTask, image_address: Callable[[str], str]) -> str:
        """The worker template for this task. Raises TemplateProblem."""
        template = self.jobs.task(task.job)["template"]
        access = access_for(template, task.object.line, image_address)
        return render(template, task.object.task_input, access)

    def _open_task(self, lease: Lease) -> OpenTask:
        task = self.jobs.task(lease.job)
        job = self.jobs.find(lease.job)
        name, title = job["LabelingJobName"], job["HumanTaskConfig"]["TaskTitle"]
        shown = self.objects.task(lease.job, lease.object)
        return OpenTask(lease, name, title, shown, task["labels"], task["tag"], task["element"])

    def _described(self, job: dict, worker: str) -> dict:
        task, key = job["HumanTaskConfig"], key_of(job["LabelingJobName"])
        state, until = self.tasks.at_hand(key, worker) or (None, None)
        return {
            "name": job["LabelingJobName"],
            "title": task["TaskTitle"],
            "description": task["TaskDescription"],
            "keywords": task.get("TaskKeywords", []),
            "at_hand": state,
            "seconds_left": until and max(0.0, round(until - time.time(), 3)),
            "available": self.tasks.available(key, worker),
            "submitted": self.tasks.submitted(key, worker),
            "total": self.objects.count(key),
        }
