"""Warm processes, a few for each function."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from localaws.api import AwsError
from localaws.services.functions.process import FunctionProcess

PROCESSES = 4  # of one function at a time; more events than that wait their turn
IDLE_SECONDS = 10 * 60


class Pool:
    """The processes of one revision of a function. Those that are idle are taken up again, the last first."""

    def __init__(self, revision: str, start: Callable[[], FunctionProcess]):
        self.revision = revision
        self._start = start
        self._turns = threading.Semaphore(PROCESSES)
        self._lock = threading.Lock()
        self._processes: set[FunctionProcess] = set()
        self._idle: list[FunctionProcess] = []
        self._retired = self._stopped = False

    @contextmanager
    def process(self, patience: float) -> Iterator[tuple[FunctionProcess, bool]]:
        """A process for one event, and whether it is a new one. Waits ``patience`` seconds for a turn."""
        if not self._turns.acquire(timeout=patience):
            raise AwsError("TooManyRequestsException", "Rate Exceeded.", 429)
        try:
            process, new = self._take()
            try:
                yield process, new
            finally:
                self._give_back(process)
        finally:
            self._turns.release()

    def retire(self) -> None:
        """Running events may finish; nothing starts any more."""
        with self._lock:
            self._retired = True
            idle, self._idle = self._idle, []
        self._stop(idle)

    def stop(self) -> None:
        self._stopped = True
        self.retire()
        self._stop(list(self._processes))

    def stop_idle(self) -> None:
        old = time.monotonic() - IDLE_SECONDS
        with self._lock:
            idle = [process for process in self._idle if process.idle_since < old]
            self._idle = [process for process in self._idle if process not in idle]
        self._stop(idle)

    def _take(self) -> tuple[FunctionProcess, bool]:
        if self._stopped:
            raise AwsError("ServiceException", "The server is shutting down.", 500)
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.alive:
                    return process, False
                self._processes.discard(process)
        process = self._start()
        with self._lock:
            self._processes.add(process)
        return process, True

    def _give_back(self, process: FunctionProcess) -> None:
        with self._lock:
            keep = process.alive and not self._retired
            if keep:
                self._idle.append(process)
        if not keep:
            self._stop([process])

    def _stop(self, processes: list[FunctionProcess]) -> None:
        for process in processes:
            process.stop()
            self._processes.discard(process)


class Pools:
    """By the function's ARN. A change of the function, code or settings, begins a new pool."""

    def __init__(self):
        self._pools: dict[str, Pool] = {}
        self._lock = threading.Lock()

    def pool(self, arn: str, revision: str, start: Callable[[], FunctionProcess]) -> Pool:
        replaced = None
        with self._lock:
            pool = self._pools.get(arn)
            if pool is None or pool.revision != revision:
                replaced, pool = pool, Pool(revision, start)
                self._pools[arn] = pool
            pools = list(self._pools.values())
        if replaced:
            replaced.retire()
        for one in pools:
            one.stop_idle()
        return pool

    def retire(self, arn: str) -> None:
        with self._lock:
            pool = self._pools.pop(arn, None)
        if pool:
            pool.retire()

    def stop(self) -> None:
        with self._lock:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.stop()
