"""Simulated workers: they join the work teams of open labeling jobs and answer through the portal's HTTP.

Nothing here knows the server's inside: jobs, teams and users are found and made with AWS's own calls, to
wherever boto3's environment leads, and the portal is the one that the work team names.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

import boto3

from demo.answers import answer
from demo.noise import Noise
from demo.portal import PortalSession
from demo.staff import Staff
from vision.exchange import read_coco_truth
from vision.manifest import LabeledImage

PAUSE = 1.0  # seconds between two looks for work
IDLE = 10.0  # seconds without work in which a job that is InProgress may still open further tasks

Progress = Callable[[str, int], None]


@dataclass
class CrowdReport:
    """What the crowd did: answers by job, objects without truth that it declined, leases that ran out."""

    answers: dict[str, int] = field(default_factory=dict)
    declined: set[str] = field(default_factory=set)
    lost: int = 0


def run_crowd(
    *,
    truth: Path,
    workers: int = 3,
    noise: Noise = Noise(),
    job_prefix: str = "",
    portal: str | None = None,
    until_idle: bool = True,
    stopping: threading.Event | None = None,
    progress: Progress | None = None,
    session: boto3.Session | None = None,
) -> CrowdReport:
    """Answer the open labeling jobs whose names begin with ``job_prefix`` as ``workers`` simulated people.

    ``truth`` is a COCO file: see vision.exchange for what it says about boxes, masks and classes. An object
    is found in it by its file name; one that is not there is declined.
    ``portal`` is the portal's address where it is not the work team's own. The crowd ends when nothing is
    left to do (a job that is Initializing is waited for), or with ``until_idle=False`` when ``stopping`` is
    set. ``progress`` is called with a job's name and the number of answers given to it so far. Servers that
    restart are waited for; an answer that the portal refuses raises demo.portal.Refused.
    """
    _, images, _ = read_coco_truth(truth)
    stopping = stopping or threading.Event()
    staff = Staff(session or boto3.Session(), portal)
    notes = Notes(progress)
    members = [Member(f"crowd-{number}", staff, images, noise, notes) for number in range(1, workers + 1)]
    last_work = time.monotonic()
    try:
        with ThreadPoolExecutor(workers) as threads:
            while not stopping.is_set():
                jobs = staff.open_jobs(job_prefix)
                handled = work_once(threads, members, jobs, stopping)
                if handled or any(job["LabelingJobStatus"] == "Initializing" for job in jobs):
                    last_work = time.monotonic()
                if until_idle and (not jobs or time.monotonic() - last_work > IDLE):
                    break
                if not handled:
                    stopping.wait(PAUSE)
    finally:
        for member in members:
            member.leave()
    return notes.report


def work_once(
    threads: ThreadPoolExecutor, members: Sequence["Member"], jobs: Sequence[dict], stopping: threading.Event
) -> int:
    """Let every member do all there is for him; returns how many tasks that were. An error stops them all."""
    ready = [job for job in jobs if job["LabelingJobStatus"] == "InProgress"]
    try:
        return sum(threads.map(lambda member: member.work(ready, stopping), members))
    except BaseException:
        stopping.set()
        raise


class Notes:
    """The report, written by several threads."""

    def __init__(self, progress: Progress | None):
        self.report = CrowdReport()
        self.progress = progress
        self.lock = threading.Lock()

    def answered(self, job: str) -> None:
        with self.lock:
            count = self.report.answers[job] = self.report.answers.get(job, 0) + 1
            if self.progress:
                self.progress(job, count)

    def declined(self, source: str) -> None:
        with self.lock:
            self.report.declined.add(source)

    def lost(self) -> None:
        with self.lock:
            self.report.lost += 1


class Member:
    """One simulated worker."""

    def __init__(
        self, username: str, staff: Staff, images: Mapping[str, LabeledImage], noise: Noise, notes: Notes
    ):
        self.username = username
        self.staff = staff
        self.images = images
        self.noise = noise
        self.notes = notes
        self.session: PortalSession | None = None

    def work(self, jobs: Iterable[dict], stopping: threading.Event) -> int:
        """Answer what can be claimed now; returns how many tasks that were."""
        handled = 0
        for job in jobs:
            self._join(job["WorkteamArn"])
            while not stopping.is_set() and (task := self.session.claim(job["LabelingJobName"])):
                self._answer(task)
                handled += 1
        return handled

    def leave(self) -> None:
        if self.session:
            self.session.close()

    def _join(self, team_arn: str) -> None:
        pool, portal = self.staff.join(self.username, team_arn)
        if self.session is None:
            new_password = partial(self.staff.new_password, self.username, pool)
            self.session = PortalSession(portal, self.username, new_password)

    def _answer(self, task: dict) -> None:
        source = task["object"] or ""
        image = self.images.get(PurePosixPath(source).name)
        if image is None:
            self.session.decline(task)
            self.notes.declined(source)
            return
        value = answer(task, self.username, image, self.noise, self.staff.read)
        if self.session.submit(task, value):
            self.notes.answered(task["job"])
        else:
            self.notes.lost()
