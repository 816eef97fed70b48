"""Calls of functions: at once with an answer, or accepted and made soon."""

import base64
import json
import logging
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

from localaws.api import AwsError, Clients
from localaws.services.functions.pools import Pools
from localaws.services.functions.process import FunctionLog, FunctionProcess, Outcome
from localaws.services.functions.registry import Registry
from localaws.services.logs import Logs
from localaws.store import Store

LARGEST_PAYLOAD = {"RequestResponse": 6 * 2**20, "Event": 2**20, "DryRun": 6 * 2**20}  # bytes
LARGEST_ANSWER = 6 * 2**20 + 100
PAUSES = (1, 2)  # seconds before an event is tried again; minutes on AWS
DELIVERIES = 8  # events at once, over all functions

logger = logging.getLogger(__name__)


class Invocations:
    """Accepted events are kept in the store until they ran, so a crash may run one twice, but loses none."""

    def __init__(self, store: Store, logs: Logs, clients: Clients, registry: Registry, pools: Pools):
        self.store = store
        self.logs = logs
        self.clients = clients
        self.registry = registry
        self.pools = pools
        self._deliveries = ThreadPoolExecutor(DELIVERIES, thread_name_prefix="lambda event")
        self._stopped = threading.Event()

    def start(self) -> None:
        for event in self.store.all("function-event"):
            self._deliveries.submit(self._deliver, event["name"])

    def stop(self) -> None:
        self._stopped.set()
        self._deliveries.shutdown(wait=False, cancel_futures=True)

    def Invoke(self, params: dict) -> dict:
        function = self.registry.find_invocable(params)
        kind = params.get("InvocationType") or "RequestResponse"
        event = _read_event(params.get("Payload") or b"{}", kind)
        context = _read_client_context(params.get("ClientContext"))
        if kind == "DryRun":
            return {"StatusCode": 204}
        if kind == "Event":
            self._accept(params["FunctionName"], event)
            return {"StatusCode": 202}
        outcome, tail = self._run(function, event, context)
        return {
            "StatusCode": 200,
            "ExecutedVersion": "$LATEST",
            "Payload": (json.dumps(outcome.error) if outcome.error else outcome.result).encode(),
            "FunctionError": "Unhandled" if outcome.error else None,
            "LogResult": base64.b64encode(tail).decode() if params.get("LogType") == "Tail" else None,
        }

    def _run(
        self, function: dict, event: object, client_context: dict | None = None
    ) -> tuple[Outcome, bytes]:
        """One event in one process, with the lines around it that Lambda writes. Also the end of its log."""
        request_id, arn = str(uuid.uuid4()), function["FunctionArn"]
        pool = self.pools.pool(arn, function["RevisionId"], lambda: self._start(function))
        with pool.process(patience=function["Timeout"]) as (process, is_new):
            log = process.log
            error = process.initialise() if is_new else None
            log.begin(f"START RequestId: {request_id} Version: $LATEST")
            if error:
                outcome = Outcome(None, error | {"requestId": request_id}, 0, 0)
            else:
                outcome = process.run(
                    event,
                    request_id=request_id,
                    arn=arn,
                    client_context=client_context,
                    seconds=function["Timeout"],
                )
            outcome = _checked(outcome, request_id)
            log.write(*_last_lines(outcome, request_id, function["MemorySize"]))
            return outcome, log.tail

    def _start(self, function: dict) -> FunctionProcess:
        log = FunctionLog(self.logs, function["FunctionName"])
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TZ": ":UTC",
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.get('Runtime', 'python3')}",
            **function.get("Environment", {}).get("Variables", {}),
            **self.clients.environment(),
            "AWS_LAMBDA_FUNCTION_NAME": function["FunctionName"],
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function["MemorySize"]),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": log.group,
            "AWS_LAMBDA_LOG_STREAM_NAME": log.stream,
            "LAMBDA_TASK_ROOT": function["folder"],
            "_HANDLER": function["Handler"],
        }
        return FunctionProcess(function["folder"], environment, log)

    def _accept(self, reference: str, event: object) -> None:
        name = str(uuid.uuid4())
        document = {"name": name, "function": reference, "event": event, "attempts": 0}
        self.store.add("function-event", name, document)
        self._deliveries.submit(self._deliver, name)

    def _deliver(self, name: str) -> None:
        """Once, and once more after each pause while it fails."""
        document = self.store.find("function-event", name)
        for attempt in range(document["attempts"], len(PAUSES) + 1):
            if self._ran(document) or self._stopped.is_set():
                break
            self.store.update("function-event", name, attempts=attempt + 1)
            if attempt < len(PAUSES) and self._stopped.wait(PAUSES[attempt]):
                break
        if not self._stopped.is_set():
            self.store.delete("function-event", name)

    def _ran(self, document: dict) -> bool:
        try:
            function = self.registry.find_invocable({"FunctionName": document["function"]})
            outcome, _ = self._run(function, document["event"])
        except AwsError as problem:
            logger.error("an event for %s was not delivered: %s", document["function"], problem)
            return False
        return outcome.error is None


def _read_event(payload: bytes, kind: str) -> object:
    if len(payload) > LARGEST_PAYLOAD[kind]:
        raise AwsError(
            "RequestEntityTooLargeException",
            f"{len(payload)} byte payload is too large for the {kind} invocation type "
            f"(limit {LARGEST_PAYLOAD[kind]} bytes)",
            413,
        )
    try:
        return json.loads(payload)
    except ValueError as problem:
        message = f"Could not parse request body into json: {problem}"
        raise AwsError("InvalidRequestContentException", message) from None


def _read_client_context(text: str | None) -> dict | None:
    try:
        return json.loads(base64.b64decode(text)) if text else None
    except ValueError as problem:
        message = f"Client context must be a valid Base64-encoded JSON object: {problem}"
        raise AwsError("InvalidRequestContentException", message) from None


def _checked(outcome: Outcome, request_id: str) -> Outcome:
    """Too large an answer is an error, as on AWS. Errors carry the id of their request."""
    if outcome.error:
        return outcome._replace(error=outcome.error | {"requestId": request_id})
    size = len(outcome.result.encode())
    if size <= LARGEST_ANSWER:
        return outcome
    limit = f"maximum allowed payload size ({LARGEST_ANSWER} bytes)"
    message = f"Response payload size ({size} bytes) exceeded {limit}."
    error = {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message, "requestId": request_id}
    return outcome._replace(result=None, error=error)


def _last_lines(outcome: Outcome, request_id: str, memory: int) -> list[str]:
    lines = []
    if error := outcome.error:
        told = f"[ERROR] {error['errorType']}: {error['errorMessage']}"
        if trace := "".join(error.get("stackTrace", ())):
            told += f"\nTraceback (most recent call last):\n{trace.rstrip()}"
        lines.append(told)
    lines.append(f"END RequestId: {request_id}")
    lines.append(
        f"REPORT RequestId: {request_id}\tDuration: {outcome.milliseconds:.2f} ms\t"
        f"Memory Size: {memory} MB\tMax Memory Used: {outcome.megabytes} MB"
    )
    return lines
