"""One container: a program with /opt/ml, its output in the job's log, and nothing left when it ends."""

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from localaws.sagemaker.containers.mount import base_of, inside, refusal
from localaws.sagemaker.folders import FIRST_HOST, JobFolder
from localaws.supervisor import MARK, kill_marked

# What a container sees of the machine's own environment: nothing but where programs and devices are.
KEPT = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "TMPDIR", "TZ", MARK)
KEPT_PREFIX = "AWS_"  # the way to the stand-in, as a container on AWS has its role's credentials


class Container:
    """Runs ``command`` in ``work``; ``base`` is where the program finds what lies in ``root``.

    ``observe`` sees each line that the program writes, after it is in the log.
    """

    def __init__(
        self,
        folder: JobFolder,
        observe: Callable[[str], None] = lambda line: None,
        host: str = FIRST_HOST,
    ):
        self.folder = folder
        self.root, self.log = folder.container_of(host), folder.log_of(host)
        self.base = base_of(self.root)
        self.observe = observe
        self.last_lines: deque[str] = deque(maxlen=20)
        self.process: subprocess.Popen | None = None

    def start(self, command: list[str], environment: Mapping[str, str], work: Path) -> None:
        if reason := refusal():
            self.say(f"there can be no /opt/ml here ({reason}): it is {self.base}, see SAGEMAKER_BASE_DIR")
        self.process = subprocess.Popen(
            inside(self.root, work, command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=surroundings() | {"SAGEMAKER_BASE_DIR": str(self.base)} | dict(environment),
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def exit_code(self) -> int | None:
        """None while it runs; 128 + n when a signal n ended it, as docker says it."""
        code = self.process.poll()
        return 128 - code if code is not None and code < 0 else code

    def stop(self, grace: float) -> int:
        """SIGTERM, SIGKILL for what is still there after ``grace`` seconds; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(grace)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return self.close()

    def close(self) -> int:
        """What a container has started ends with it; returns the exit code when the log is complete."""
        self.process.wait()
        kill_marked(self.folder.path, spare=os.getpid())
        self._reader.join(timeout=10)  # longer only if something has shed the mark and still holds the pipe
        return self.exit_code

    def say(self, line: str) -> None:
        """A line of the stand-in's own in the job's log."""
        with open(self.log, "ab") as log:
            log.write(f"[sagemaker logs]: {line}\n".encode())

    def _read(self) -> None:
        with open(self.log, "ab", buffering=0) as log:
            for line in self.process.stdout:
                log.write(line)
                text = line.decode(errors="replace").rstrip("\n")
                self.last_lines.append(text)
                self.observe(text)


def surroundings() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith(KEPT_PREFIX)}
    interpreter = os.path.dirname(sys.executable)
    return kept | {
        "PATH": f"{interpreter}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONIOENCODING": "UTF-8",
    }
