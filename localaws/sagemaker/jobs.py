"""What training and transform jobs have in common: one runner each, watched until its verdict is in."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from localaws.api import AwsError, Clients
from localaws.sagemaker.documents import Documents
from localaws.sagemaker.folders import JobFolder
from localaws.sagemaker.shipping import Shipper
from localaws.supervisor import Runner, Supervisor, attempt

UNFINISHED = ("InProgress", "Stopping")
LOST = (
    "InternalServerError: We encountered an internal error. Please try again. (The job's runner is gone "
    "without a verdict: it was killed, or the machine went down.)"
)
KILLED = {"interrupt": "Interrupted", "stop": "Stopped"}  # the status of a job by the order that it was given
STOP_GRACE = 120  # seconds between SIGTERM and SIGKILL
PATIENCE_WITH_RUNNER = 60  # seconds more, after which a runner that does not react is killed itself
MOST_INTERRUPTIONS = 3  # with a reason; without one it was the server that stopped
LONGEST_REASON = 1024  # characters, by the service model


@dataclass(frozen=True)
class Surroundings:
    """What jobs and endpoints need of the server around them."""

    home: Path
    clients: Clients
    shipper: Shipper
    stop_grace: float = STOP_GRACE

    def environment(self) -> dict[str, str]:
        """For runners: the machine's own but for AWS settings, which lead to the stand-in."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return own | self.clients.environment()


class Jobs:
    """``work`` of a document is kept in it until the job ends, so a crash before the start loses nothing."""

    module: str  # the runner's program
    folder_name: str
    log_group: str

    def __init__(self, documents: Documents, surroundings: Surroundings):
        self.documents = documents
        self.surroundings = surroundings
        self.home = surroundings.home / self.folder_name
        self.status_key = documents.status_key
        self._unfinished: set[str] = set()

    def attach(self, supervisor: Supervisor) -> None:
        """Take up what an earlier server has left."""
        self.supervisor = supervisor
        self._unfinished = {
            document[self.documents.name_key]
            for document in self.documents.all()
            if document[self.status_key] in UNFINISHED
        }
        for path in self.home.glob("*"):
            if path.name not in self._unfinished:
                JobFolder(path).remove()

    def launch(self, name: str) -> None:
        self._unfinished.add(name)
        self.supervisor.wake()

    def stop_job(self, name: str) -> None:
        """Ask a job to stop. Raises AwsError where it has ended already."""
        status = self.documents.get(name)[self.status_key]
        if status not in UNFINISHED:
            noun = self.documents.kind.path.replace("-", " ")
            raise AwsError(
                "ValidationException", f"The request was rejected because the {noun} is in status {status}."
            )
        self.documents.update_if(name, {self.status_key: "InProgress"}, **self.stopping())
        self.supervisor.wake()

    def reconcile(self) -> None:
        for name in sorted(self._unfinished.copy()):
            if attempt(self._advance, name):
                self._unfinished.discard(name)

    def interrupt(self) -> list[Runner]:
        """The server is going: runners let go, and are started once more by the next server."""
        runners = []
        for name in self._unfinished:
            folder = JobFolder(self.home / name)
            runner = Runner(folder.path)
            if runner.alive:
                folder.give_order("interrupt", 0)
                runner.send(signal.SIGTERM)
                runners.append(runner)
        return runners

    def _advance(self, name: str) -> bool:
        """One step; True when the job has ended and its document says so."""
        document = self.documents.get(name)
        folder = JobFolder(self.home / name)
        runner = Runner(folder.path)
        if runner.alive:
            self._ship(document, folder, to_the_end=False)
            if changes := self.follow(document, folder.moments):
                self.documents.update(name, **changes)
            if document[self.status_key] == "Stopping":
                self._order_stop(folder, runner)
            return False
        verdict = folder.verdict
        if verdict is None and not runner.started:
            if document[self.status_key] == "Stopping":
                return self._end(document, folder, {"status": "Stopped"})
            folder.assign(document["work"])
            runner.start(self.module, self.surroundings.environment())
            return False
        runner.sweep()
        if verdict is None:
            verdict = {"status": "Failed", "reason": LOST}
            if order := folder.order:  # it did not let go in time, and was killed
                verdict = {"status": KILLED[order["action"]], "reason": None}
        if verdict["status"] == "Interrupted":
            if document[self.status_key] == "Stopping":
                verdict = {"status": "Stopped"}
            else:
                return self._start_over(document, folder, verdict)
        return self._end(document, folder, verdict)

    def _order_stop(self, folder: JobFolder, runner: Runner) -> None:
        order = folder.order
        if order is None:
            folder.give_order("stop", self.surroundings.stop_grace)
            runner.send(signal.SIGTERM)
        elif time.time() > order["time"] + order["grace"] + PATIENCE_WITH_RUNNER:
            runner.send(signal.SIGKILL)

    def _start_over(self, document: dict, folder: JobFolder, verdict: dict) -> bool:
        """Once more, but not for ever where the job itself gave up waiting for S3."""
        count = document.get("interruptions", 0) + bool(verdict["reason"])
        if count >= MOST_INTERRUPTIONS:
            return self._end(document, folder, verdict | {"status": "Failed"})
        self.documents.update(document[self.documents.name_key], interruptions=count)
        folder.reopen()
        return False

    def _end(self, document: dict, folder: JobFolder, verdict: dict) -> bool:
        self._ship(document, folder, to_the_end=True)
        changes = self.ended(document, folder.moments, verdict)
        self.documents.update(document[self.documents.name_key], **changes, work=None)
        folder.remove()
        return True

    def _ship(self, document: dict, folder: JobFolder, *, to_the_end: bool) -> None:
        for log, stream in self.logs(document, folder):
            self.surroundings.shipper.ship(log, self.log_group, stream, to_the_end=to_the_end)

    # What differs between the kinds.

    def logs(self, document: dict, folder: JobFolder) -> list[tuple[Path, str]]:
        """Files, and the streams that they are shipped to."""
        return [(folder.log, document["stream"])]

    def stopping(self) -> dict:
        """Changes of a document whose job is asked to stop."""
        return {self.status_key: "Stopping"}

    def follow(self, document: dict, moments: list[dict]) -> dict:
        """Changes by what the runner tells on its way."""
        return {}

    def ended(self, document: dict, moments: list[dict], verdict: dict) -> dict:
        """Changes of a document whose job has ended."""
        raise NotImplementedError


def shorten(reason: str | None) -> str | None:
    return reason[:LONGEST_REASON] if reason else None
