"""Keeps every labeling job moving: a thread for each job that is not at its end."""

import logging
import sqlite3
import threading
import time

from botocore.exceptions import BotoCoreError, ClientError

from localaws.groundtruth.course import Course
from localaws.groundtruth.files import error_code, is_final
from localaws.groundtruth.jobs import ACTIVE, Jobs
from localaws.groundtruth.problems import JobFailure

PAUSE = 0.5  # seconds between two looks at a job: answers that come in meanwhile make one batch
PAUSE_AFTER_TROUBLE = 2.0
LOOK_FOR_JOBS = 5.0
GRACE = 2.0  # seconds for the steps under way when the server stops; what is cut off is done again

logger = logging.getLogger(__name__)


class Engine:
    """Level-triggered: what a thread does follows from the stored state alone, so a restart needs no care."""

    def __init__(self, jobs: Jobs, course: Course, stopping: threading.Event):
        """``stopping`` is set by ``stop``, before anything else."""
        self.jobs = jobs
        self.course = course
        self.stopping = stopping
        self.news = threading.Event()
        self.runners: dict[str, threading.Thread] = {}
        self.bells: dict[str, threading.Event] = {}
        self.keeper = threading.Thread(target=self._keep, name="labeling jobs", daemon=True)

    def start(self) -> None:
        self.keeper.start()

    def stop(self) -> None:
        self.stopping.set()
        self.news.set()
        for bell in list(self.bells.values()):
            bell.set()
        deadline = time.monotonic() + GRACE
        for thread in [self.keeper, *self.runners.values()]:
            if thread.is_alive():
                thread.join(max(0, deadline - time.monotonic()))

    def ring(self, name: str) -> None:
        """Something about this job has changed."""
        if bell := self.bells.get(name):
            bell.set()
        self.news.set()

    def _keep(self) -> None:
        while not self.stopping.is_set():
            self.news.clear()
            try:
                names = [job["LabelingJobName"] for job in self.jobs.active()]
            except sqlite3.Error:
                logger.exception("labeling jobs cannot be looked up")
                names = []
            for name in names:
                if name not in self.runners or not self.runners[name].is_alive():
                    self.bells[name] = threading.Event()
                    self.runners[name] = threading.Thread(
                        target=self._run, args=(name,), name=f"labeling job {name}", daemon=True
                    )
                    self.runners[name].start()
            self.news.wait(LOOK_FOR_JOBS)

    def _run(self, name: str) -> None:
        bell = self.bells[name]
        while not self.stopping.is_set():
            pause = self._step(name)
            if pause is None:
                break
            bell.wait(pause)
            bell.clear()
        self.bells.pop(name, None)

    def _step(self, name: str) -> float | None:
        """One step; how long to pause after it, or None at the job's end."""
        try:
            more = self.course.advance(name)
            if self.jobs.find(name)["LabelingJobStatus"] not in ACTIVE:
                return None
            return 0 if more else PAUSE
        except JobFailure as failure:
            self.course.fail(name, str(failure))
        except ClientError as error:
            if not is_final(error):
                return self._trouble(name, error)
            message = error.response["Error"].get("Message", "")
            self.course.fail(name, f"ClientError: {error.operation_name}: {error_code(error)}: {message}")
        except (BotoCoreError, OSError, sqlite3.Error) as error:
            return self._trouble(name, error)
        except Exception as error:
            logger.exception("labeling job %s", name)
            self.course.fail(name, f"InternalServerError: {type(error).__name__}: {error}")
        return None

    def _trouble(self, name: str, error: Exception) -> float:
        """What another service or the disk does not do now, it may do in a moment: the job waits for it."""
        if not self.stopping.is_set():
            logger.warning("labeling job %s waits: %s: %s", name, type(error).__name__, error)
        return PAUSE_AFTER_TROUBLE
