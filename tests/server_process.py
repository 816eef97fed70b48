"""A server program of this project in a process of its own, as tests start, kill and stop it."""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class ServerProcess:
    """``python -m <module> --home <home> <options>``; its attributes are the members of what it prints."""

    module: str

    def __init__(self, home: Path, environment: Mapping[str, str] | None = None, *options: str):
        """``environment``: all of the process's, or None for the caller's own."""
        self.home = home
        self._environment = environment
        self.options = options
        self.process: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        self.process = launch(self.module, self.home, self._environment, *self.options)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.module} did not start:\n{log_of(self.home).read_text()}")
        self.__dict__.update(json.loads(line))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=30)


def launch(module: str, home: Path, environment: Mapping[str, str] | None, *options: str) -> subprocess.Popen:
    with open(log_of(home), "ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", module, "--home", str(home), *options],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
        )


def log_of(home: Path) -> Path:
    return home.with_suffix(".log")
