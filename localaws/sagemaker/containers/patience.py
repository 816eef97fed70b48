"""Calls to S3 that outlast a restart of the server they go to."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from boto3.exceptions import RetriesExceededError, S3UploadFailedError
from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as UnreachableError
from urllib3.exceptions import HTTPError

PASSING = (
    UnreachableError,
    HTTPClientError,
    IncompleteReadError,
    RetriesExceededError,
    HTTPError,
    ConnectionError,
)

PATIENCE = 600  # seconds without an answer after which the server is given up
BREATHER = (0.2, 0.5, 1, 2, 5)  # seconds between two attempts; the last one stays

Result = TypeVar("Result")


class Cancelled(Exception):
    """The job was asked to stop while it waited."""


class JobError(Exception):
    """Fails the job; the text becomes its FailureReason."""


class OutOfReach(JobError):
    """S3 has not answered for so long that it makes no sense to wait on."""


class Patience:
    """Repeats a call while the server cannot be reached or is in trouble; ``cancelled`` ends the waiting."""

    def __init__(self, cancelled: threading.Event | None = None, patience: float = PATIENCE):
        self.cancelled = cancelled or threading.Event()
        self.patience = patience

    def __call__(self, call: Callable[..., Result], *arguments, **options) -> Result:
        """Raises what ``call`` raises, Cancelled, or OutOfReach after ``patience`` seconds of trouble."""
        began, attempt = time.monotonic(), 0
        while True:
            if self.cancelled.is_set():
                raise Cancelled
            try:
                return call(*arguments, **options)
            except Exception as problem:
                if not is_passing(problem):
                    raise
                if time.monotonic() - began > self.patience:
                    raise OutOfReach(f"InternalServerError: S3 was out of reach: {problem}") from problem
            self.cancelled.wait(BREATHER[min(attempt, len(BREATHER) - 1)])
            attempt += 1


def is_passing(problem: BaseException | None) -> bool:
    """Whether another attempt may succeed: no connection, a torn one, or an error of the server's own."""
    if isinstance(problem, ClientError):
        status = problem.response["ResponseMetadata"].get("HTTPStatusCode", 0)
        return status >= 500 or error_code(problem) in ("SlowDown", "RequestTimeout", "RequestTimeTooSkewed")
    if isinstance(problem, S3UploadFailedError):
        return is_passing(problem.__context__)
    return isinstance(problem, PASSING)


def error_code(problem: ClientError) -> str:
    return problem.response.get("Error", {}).get("Code", "")


def is_missing(problem: ClientError) -> bool:
    """S3 says 404 without a code where it answers a HEAD."""
    return error_code(problem) in ("NoSuchKey", "NoSuchBucket", "404")
