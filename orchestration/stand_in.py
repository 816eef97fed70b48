"""The stand-in as the command line sees it: a child process with one folder, reached by an endpoint URL."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestration.loop import PROJECT

REGION = "us-east-1"


class StandInError(RuntimeError):
    """The stand-in did not start; the message is its own."""


@dataclass(frozen=True)
class StandIn:
    endpoint: str
    portal: str
    credentials_file: str
    config_file: str
    process: subprocess.Popen

    @property
    def environment(self) -> dict[str, str]:
        """The variables that send every AWS client, the command line interface included, to this stand-in."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_SHARED_CREDENTIALS_FILE": self.credentials_file,
            "AWS_CONFIG_FILE": self.config_file,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def clean_environment() -> dict[str, str]:
    """The caller's environment without AWS settings: a real account's profile must not leak in."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


@contextmanager
def running_stand_in(home: Path, *options: str) -> Iterator[StandIn]:
    """Start the stand-in on ``home`` and point this process's AWS settings at it; stop it at the end.

    ``options`` are those of `python -m localaws`. The child gets a process group of its own, so that Ctrl-C
    in the terminal reaches only the command line, which then stops things in their order. Raises
    StandInError, in the stand-in's own words, when it does not start.
    """
    home.mkdir(parents=True, exist_ok=True)
    log_path = home.with_name(home.name + ".log")
    with open(log_path, "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "localaws", "--home", str(home), "--port", "0", *options],
            cwd=PROJECT,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    try:
        line = process.stdout.readline()
        if not line:
            last_words = log_path.read_text().strip().splitlines()[-1:]
            raise StandInError(last_words[0] if last_words else "the stand-in ended without a word")
        stand_in = StandIn(**json.loads(line), process=process)
        use(stand_in.environment)
        yield stand_in
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait()


@contextmanager
def any_stand_in(home: Path) -> Iterator[StandIn | None]:
    """The stand-in that runs on ``home`` already, for which None is given, or one for as long as the body."""
    with ExitStack() as stack:
        started = None
        try:
            started = stack.enter_context(running_stand_in(home))
        except StandInError as problem:
            if "another server is running" not in str(problem):
                raise
            use_stand_in_of(home)
        yield started


def use_stand_in_of(home: Path) -> None:
    """Point this process's AWS settings at the stand-in that runs, or ran last, on ``home``."""
    if not (home / "config").exists():
        raise StandInError(
            f"there is no stand-in in {home}: set AWS_ENDPOINT_URL, or start it with `labelloop up`"
        )
    use({"AWS_CONFIG_FILE": str(home / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials")})


def use(settings: dict[str, str]) -> None:
    for name in set(os.environ) - set(clean_environment()):
        del os.environ[name]
    os.environ.update(settings)
