"""Child processes that outlive the server: started detached, found again by the lock they hold."""

import fcntl
import logging
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeVar

MARK = "STAND_IN_RUNNER"  # variable in the environment of a runner and of everything it starts
ROOT = Path(__file__).resolve().parents[1]

Result = TypeVar("Result")

logger = logging.getLogger(__name__)


class Runner:
    """The detached process of one job, and the folder it works in.

    It inherits a locked descriptor of ``<folder>/lock`` and is alive exactly as long as that lock is held: no
    reused process id, no zombie and no restart of the machine can be mistaken for it, and a server that was
    killed finds it again. One thread at a time may call ``start``.
    """

    _children: list[subprocess.Popen] = []  # of this process, until they are reaped

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self.lock = self.folder / "lock"

    def start(self, module: str, environment: Mapping[str, str]) -> None:
        """Run ``python -m <module> <folder>`` in a session of its own; its words go to runner.log there.

        It ignores SIGTERM until it installs a handler.

        Raises BlockingIOError where one is running.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)  # not before: a runner that holds the lock keeps its number in it
            command = shlex.join([sys.executable, "-m", module, str(self.folder)])
            lock = shlex.quote(str(self.lock))
            with open(self.folder / "runner.log", "ab") as log:
                child = subprocess.Popen(
                    # The shell writes its own process id before it becomes the runner: whoever holds the lock
                    # has its id in the file. From then on SIGTERM may come, and must not end one that has no
                    # handler yet: it looks for orders once it has.
                    ["/bin/sh", "-c", f"trap '' TERM; echo $$ >{lock}; exec {command}"],
                    pass_fds=[descriptor],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=ROOT,
                    env={**environment, MARK: str(self.folder)},
                    start_new_session=True,
                )
            self._children.append(child)
        finally:
            os.close(descriptor)  # from now on the lock lives as long as the runner

    @property
    def started(self) -> bool:
        return self.lock.exists() and self.lock.stat().st_size > 0

    @property
    def alive(self) -> bool:
        self._children[:] = [child for child in self._children if child.poll() is None]
        try:
            descriptor = os.open(self.lock, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)

    def send(self, number: signal.Signals) -> None:
        """Signal the runner; nothing happens when it is gone."""
        if self.alive and (process := self.lock.read_text().strip()):
            os.kill(int(process), number)

    def sweep(self) -> None:
        """Kill what the runner has left behind: a lost runner takes everything it started along."""
        kill_marked(self.folder)


def kill_marked(folder: Path, spare: int = 0) -> None:
    """Kill every process that carries the folder's mark in its environment, but for the one to spare.

    By mark and not by process group: children may have left the group, and after a restart of the machine a
    group's number may be somebody else's. What was just being forked is found by looking again.
    """
    mark = f"{MARK}={folder}".encode()
    for _ in range(100):  # not for ever: a process that hangs in the kernel cannot be killed
        processes = [process for process in marked(mark) if process != spare]
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        if not processes:
            return
        time.sleep(0.01)


def marked(mark: bytes) -> Iterator[int]:
    """Process ids, from Linux's /proc; a process that has ended shows no environment any more."""
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # it has ended meanwhile, or is another user's
            if mark in environment.read_bytes().split(b"\0"):
                yield int(environment.parent.name)


def attempt(step: Callable[..., Result], *arguments) -> Result | None:
    """One step of a reconciliation. What goes wrong is logged, holds nobody else up and is tried again."""
    try:
        return step(*arguments)
    except Exception:  # a full disk, say
        logger.exception("%s failed", step.__qualname__)
        return None


class Room(Protocol):
    def reconcile(self) -> None: ...


class Supervisor:
    """Calls ``reconcile`` on each room, again and again: what runs is brought in line with what is wanted.

    Level-triggered: nothing depends on having seen an event, so a restarted server simply goes on.
    """

    def __init__(self, *rooms: Room, interval: float = 0.1):
        self.rooms = rooms
        self.interval = interval
        self._awake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Have the rooms looked at now: something is wanted that was not a moment ago."""
        self._awake.set()

    def stop(self) -> None:
        self._stopping = True
        self.wake()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping:
            self._awake.wait(self.interval)
            self._awake.clear()
            for room in self.rooms:
                attempt(room.reconcile)
