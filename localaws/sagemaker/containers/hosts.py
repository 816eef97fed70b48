"""The hosts of one training job: a container each, on this one machine, that begin and end together."""

import os
import shutil
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

from localaws.sagemaker.containers.bucket import Bucket
from localaws.sagemaker.containers.checkpoints import Checkpoints
from localaws.sagemaker.containers.container import Container
from localaws.sagemaker.containers.training_setup import Setup, checkpoints_of, set_up
from localaws.sagemaker.folders import JobFolder, host_names
from localaws.supervisor import kill_marked

LOOPBACK = "127.0.0.1"


class Hosts:
    """``work`` is what the job's folder says, ``observe`` sees the lines of all hosts.

    On AWS the hosts reach each other by their names. Here all are on loopback, where these names lead
    nowhere: MASTER_ADDR and MASTER_PORT, as PyTorch reads them, say where to meet.
    """

    def __init__(self, folder: JobFolder, work: dict, bucket: Bucket, observe: Callable[[str], None]):
        self.folder, self.work, self.bucket = folder, work, bucket
        self.names = host_names(work)
        self.containers = [Container(folder, observe, name) for name in self.names]
        self.setups: list[Setup] = []
        self.failed: int | None = None  # the place of the host that failed first

    def set_up(self, fail: Callable[[str], None]) -> None:
        """Raises JobError."""
        meeting = meeting_place() if len(self.names) > 1 else {}
        for container, name in zip(self.containers, self.names, strict=True):
            setup = set_up(
                self.work, container.root, container.base, self.bucket, fail, name, self.names, meeting
            )
            self.setups.append(setup)

    def start(self) -> None:
        for container, setup in zip(self.containers, self.setups, strict=True):
            container.start(setup.command, setup.environment, setup.directory)
            setup.begin()

    @property
    def exit_code(self) -> int | None:
        """Of the first host that failed, 0 when all have ended well, None before that."""
        codes = [container.exit_code for container in self.containers]
        if self.failed is None:
            self.failed = next((place for place, code in enumerate(codes) if code), None)
        if self.failed is not None:
            return codes[self.failed]
        return None if None in codes else 0

    def stop(self, grace: float) -> None:
        """SIGTERM to all, SIGKILL for what is still there after ``grace`` seconds."""
        deadline = time.monotonic() + grace
        for container in self.containers:
            container.process.send_signal(signal.SIGTERM)
        for container in self.containers:
            container.stop(max(0.0, deadline - time.monotonic()))

    def close(self) -> int:
        """What still runs after another host has failed is killed; returns the exit code of all."""
        code = self.exit_code
        kill_marked(self.folder.path, spare=os.getpid())
        for container in self.containers:
            container.close()
        return code if code is not None else self.exit_code

    def failure(self) -> tuple[Container, Setup]:
        """The host that failed first."""
        return self.containers[self.failed or 0], self.setups[self.failed or 0]

    def checkpoints(self) -> list[Checkpoints]:
        """Of each host, also where an earlier runner has started them."""
        if self.setups:
            found = [setup.checkpoints for setup in self.setups]
        else:
            found = [checkpoints_of(self.work, each.root, self.bucket) for each in self.containers]
        return [checkpoints for checkpoints in found if checkpoints]

    def gather(self, name: str) -> Path:
        """One folder with the files of all hosts; of files of one name the first host's is kept."""
        first, *others = (container.root / name for container in self.containers)
        for folder in others:
            for path in folder.rglob("*"):
                target = first / path.relative_to(folder)
                if path.is_file() and not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(path, target)
        return first

    def remove(self) -> None:
        for container in self.containers:
            shutil.rmtree(container.root, ignore_errors=True)


def meeting_place() -> dict[str, str]:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return {"MASTER_ADDR": LOOPBACK, "MASTER_PORT": str(probe.getsockname()[1])}
