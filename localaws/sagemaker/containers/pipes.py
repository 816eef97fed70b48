"""Pipe mode: a channel as a row of FIFOs, <channel>_0, <channel>_1, ... one per epoch."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from localaws.sagemaker.containers.channels import Content, Fetch
from localaws.sagemaker.containers.patience import Cancelled, JobError
from localaws.sagemaker.containers.recordio import frame

AHEAD = 8  # payloads on their way while one is written


class Feeder(threading.Thread):
    """Writes one epoch after the other for as long as the algorithm opens the next FIFO.

    A FIFO exists before the one in front of it is finished, so an algorithm that looks for the next epoch's
    always finds it. Closing it early ends that epoch. ``fail`` is told why the stream had to be broken off.
    """

    def __init__(self, content: Content, folder: Path, fail: Callable[[str], None]):
        super().__init__(name=f"feed {content.channel.name}", daemon=True)
        self.content = content
        self.folder = folder
        self.fail = fail
        self._make(0)

    def run(self) -> None:
        try:
            with ThreadPoolExecutor(AHEAD) as pool:
                epoch = 0
                while True:
                    self._make(epoch + 1)
                    self._feed(epoch, pool)
                    epoch += 1
        except Cancelled:
            return
        except (JobError, OSError, ValueError) as problem:
            self.fail(str(problem) if isinstance(problem, JobError) else f"InternalServerError: {problem}")

    def _feed(self, epoch: int, pool: ThreadPoolExecutor) -> None:
        path = self._path(epoch)
        with open(path, "wb", buffering=0) as pipe:  # waits until the algorithm opens it
            path.unlink()
            try:
                for payload in fetched(self.content.records(epoch), pool):
                    write_all(pipe.fileno(), frame(payload) if self.content.channel.record_io else payload)
            except BrokenPipeError:
                return

    def _make(self, epoch: int) -> None:
        os.mkfifo(self._path(epoch))

    def _path(self, epoch: int) -> Path:
        return self.folder / f"{self.content.channel.name}_{epoch}"


def fetched(records: Iterable[Fetch], pool: ThreadPoolExecutor) -> Iterator[bytes]:
    """The payloads in order, the next few being fetched meanwhile."""
    waiting: deque = deque()
    try:
        for fetch in records:
            waiting.append(pool.submit(fetch))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
