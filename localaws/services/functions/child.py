"""The program around a function's handler: one JSON line in for each event, one out for each outcome.

It runs as a process of its own, with the function's environment, and imports nothing of this project. What
the function prints goes to standard error, which the parent follows; standard output is for the outcomes.
"""

import contextlib
import importlib
import json
import logging
import os
import queue
import resource
import signal
import sys
import threading
import time
import traceback
from typing import Any, TextIO

RUNTIME_MEGABYTES = 32  # what the interpreter and its threads reserve; Lambda counts what is touched
MARK = "\x1e"  # before a request's id: the end of what that request printed


class Context:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
    function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
    memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
    log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
    log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
    identity = None

    def __init__(self, request: dict):
        self.aws_request_id = request["id"]
        self.invoked_function_arn = request["arn"]
        self.client_context = request["client_context"]
        self._deadline = time.monotonic() + request["seconds"]

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.monotonic()) * 1000))


class RequestId(logging.Filter):
    """Puts the id of the running request into each log record, as Lambda's own log format shows it."""

    current = ""

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = self.current
        return True


class BadHandler(Exception):
    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind


def main() -> None:
    requests, outcomes = take_pipes()
    request_id = set_up_logging()
    limit_memory(int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) + RUNTIME_MEGABYTES)
    waiting: queue.Queue[dict] = queue.Queue()
    threading.Thread(target=receive, args=(requests, waiting), daemon=True).start()
    try:
        handler = find_handler(os.environ["_HANDLER"], os.environ["LAMBDA_TASK_ROOT"])
        send(outcomes, {"ready": True})
    except Exception as problem:
        send(outcomes, {"error": describe(problem)})
        return
    while True:
        request = waiting.get()
        request_id.current = request["id"]
        outcome = run(handler, request)
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(2, f"{MARK}{request['id']}\n".encode())
        send(outcomes, outcome | {"megabytes": megabytes_used()})


def take_pipes() -> tuple[TextIO, TextIO]:
    """Move the two pipes away from the descriptors 0 and 1, where the function would read and print."""
    requests, outcomes = os.fdopen(os.dup(0), encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # a killed function loses no whole line
    return requests, outcomes


def set_up_logging() -> RequestId:
    request_id, handler = RequestId(), logging.StreamHandler(sys.stdout)
    layout = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
    formatter = logging.Formatter(layout, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(request_id)
    logging.getLogger().addHandler(handler)
    return request_id


def limit_memory(megabytes: int) -> None:
    """What goes beyond it is a MemoryError. (On macOS the system takes no notice of this limit.)"""
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    limit = megabytes * 2**20
    if most == resource.RLIM_INFINITY or limit < most:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def receive(requests: TextIO, waiting: queue.Queue) -> None:
    """On a thread of its own, so that a function in the middle of its work, too, ends with the server."""
    for line in requests:
        waiting.put(json.loads(line))
    with contextlib.suppress(ProcessLookupError):  # where this process was not made the leader of a group
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


def find_handler(name: str, root: str) -> Any:
    """``module.function``, the module in the code's folder, with dots or slashes between packages."""
    module_name, _, function_name = name.rpartition(".")
    if not module_name:
        raise BadHandler(
            "Runtime.MalformedHandlerName", f"Bad handler {name!r}: it is written module.function"
        )
    sys.path.insert(0, root)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as problem:
        message = f"Unable to import module {module_name!r}: {problem}"
        raise BadHandler("Runtime.ImportModuleError", message) from problem
    except SyntaxError as problem:
        message = f"Syntax error in module {module_name!r}: {problem}"
        raise BadHandler("Runtime.UserCodeSyntaxError", message) from problem
    if not hasattr(module, function_name):
        message = f"Handler {function_name!r} missing on module {module_name!r}"
        raise BadHandler("Runtime.HandlerNotFound", message)
    return getattr(module, function_name)


def run(handler: Any, request: dict) -> dict:
    """SystemExit goes through: the process ends, and the parent sees that."""
    try:
        result = handler(request["event"], Context(request))
    except Exception as problem:
        return {"error": describe(problem)}
    try:
        return {"result": json.dumps(result, ensure_ascii=False)}
    except (TypeError, ValueError) as problem:
        return {
            "error": describe(BadHandler("Runtime.MarshalError", f"Unable to marshal response: {problem}"))
        }


def describe(problem: Exception) -> dict:
    """The frames of this program, and of the import machinery, are left out of the trace."""
    frames = [
        frame
        for frame in traceback.extract_tb(problem.__traceback__)
        if frame.filename not in (__file__, importlib.__file__) and not frame.filename.startswith("<frozen")
    ]
    return {
        "errorMessage": str(problem),
        "errorType": problem.kind if isinstance(problem, BadHandler) else type(problem).__name__,
        "stackTrace": [] if isinstance(problem, BadHandler) else traceback.format_list(frames),
    }


def megabytes_used() -> int:
    """The peak so far."""
    if sys.platform == "linux":
        # Not ru_maxrss, which counts in what the process that started this one used.
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM:"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20


def send(outcomes: TextIO, outcome: dict) -> None:
    outcomes.write(json.dumps(outcome) + "\n")
    outcomes.flush()


if __name__ == "__main__":
    main()
