"""A function's process, from the server's side: events in, outcomes out, its prints into the logs."""

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from localaws.services.functions.child import MARK
from localaws.services.logs import Logs

CHILD = Path(__file__).with_name("child.py")
INITIALISATION_SECONDS = 30  # Lambda gives 10, on processors of its own
LOGGING_SECONDS = 5  # for the last lines to come through after an outcome
LONGEST_LINE = 256 * 1024
TAIL = 4096

logger = logging.getLogger(__name__)


class Outcome(NamedTuple):
    """``result`` is what the handler returned, as JSON; or ``error`` is what went wrong, as AWS tells it."""

    result: str | None
    error: dict | None
    milliseconds: float
    megabytes: int


class FunctionLog:
    """One log stream of a function; ``tail`` is the end of what was written since ``begin``."""

    def __init__(self, logs: Logs, function_name: str):
        self.logs = logs
        self.group = f"/aws/lambda/{function_name}"
        self.stream = f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{uuid4().hex}"
        self.tail = b""

    def begin(self, *lines: str) -> None:
        self.tail = b""
        self.write(*lines)

    def write(self, *lines: str) -> None:
        self.tail = (self.tail + "".join(f"{line}\n" for line in lines).encode())[-TAIL:]
        try:
            self.logs.write(self.group, self.stream, *lines)
        except Exception:  # a full disk must not stop the function, which would wait for its pipe to be read
            logger.exception("%d lines of %s are not in its log", len(lines), self.group)


class FunctionProcess:
    """Starts when it is made; ready for an event when ``initialise`` returns. One event at a time."""

    def __init__(self, folder: str, environment: Mapping[str, str], log: FunctionLog):
        self.log = log
        self.idle_since = time.monotonic()
        self._timed_out = False
        self._last_line = MARK  # ends what the running request prints
        self._logged = threading.Event()
        # -P: the child's own folder is not where the function's imports are looked up.
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(CHILD)],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        threading.Thread(target=self._follow, name=f"{log.group} log", daemon=True).start()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def initialise(self) -> dict | None:
        """Wait until the handler is imported. Returns the error where that fails, and the process is over."""
        answer = self._answer(None, INITIALISATION_SECONDS)
        if answer is None:
            return self._end_described(INITIALISATION_SECONDS)
        if "error" in answer:
            self.stop()
        return answer.get("error")

    def run(
        self, event: object, *, request_id: str, arn: str, client_context: dict | None, seconds: int
    ) -> Outcome:
        """After a process has run out of time, or ended, it is not ``alive`` any more."""
        request = {"id": request_id, "event": event, "arn": arn, "seconds": seconds}
        request["client_context"] = client_context
        self._last_line = f"{MARK}{request_id}"
        self._logged.clear()
        started = time.monotonic()
        answer = self._answer(request, seconds)
        milliseconds = (time.monotonic() - started) * 1000
        if answer is None:
            answer = {"error": self._end_described(seconds, f"RequestId: {request_id} ")}
        self._logged.wait(LOGGING_SECONDS)
        self.idle_since = time.monotonic()
        return Outcome(answer.get("result"), answer.get("error"), milliseconds, answer.get("megabytes", 0))

    def stop(self) -> None:
        """At once, with everything that it has started and that stayed in its process group."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _answer(self, request: dict | None, seconds: float) -> dict | None:
        """The child's next line; None where the process ended instead, or was killed after ``seconds``."""
        timer = threading.Timer(seconds, self._expire)
        timer.daemon = True
        timer.start()
        try:
            if request is not None:
                self._process.stdin.write(json.dumps(request).encode() + b"\n")
                self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            return None
        finally:
            timer.cancel()
        return json.loads(line) if line.endswith(b"\n") else None

    def _expire(self) -> None:
        self._timed_out = True
        self.stop()

    def _end_described(self, seconds: int, prefix: str = "") -> dict:
        """Why there was no answer, in Lambda's words."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(LOGGING_SECONDS)  # it may have closed its pipes without ending
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)  # and what it left behind
        code = self._process.wait()
        if self._timed_out:
            message = f"{prefix}Error: Task timed out after {seconds:.2f} seconds"
            return {"errorType": "Sandbox.Timedout", "errorMessage": message}
        how = f"exit status {code}" if code >= 0 else f"signal: {signal.strsignal(-code).lower()}"
        message = f"{prefix}Error: Runtime exited with error: {how}"
        return {"errorType": "Runtime.ExitError", "errorMessage": message}

    def _follow(self) -> None:
        """Bring what the function prints into its log as it comes, until its last process is gone."""
        pending = b""
        with self._process.stderr as prints:
            while chunk := os.read(prints.fileno(), 65536):
                *lines, pending = (pending + chunk).split(b"\n")
                if len(pending) > LONGEST_LINE:
                    lines, pending = [*lines, pending], b""
                self._write(lines)
        self._write([pending] if pending else [])
        self._logged.set()

    def _write(self, lines: list[bytes]) -> None:
        texts, ended = [], False
        for line in lines:
            text = line.decode(errors="replace")
            if text.endswith(self._last_line):
                ended, text = True, text.removesuffix(self._last_line)
                if not text:
                    continue
            texts.append(text)
        if texts:
            self.log.write(*texts)
        if ended:
            self._logged.set()
