"""The door to Lambda: one synchronous call, its failure told in words."""

import json
import threading
from typing import Any

from botocore.exceptions import ClientError

from localaws.api import Clients
from localaws.groundtruth.arns import is_built_in
from localaws.groundtruth.files import error_code, is_final
from localaws.groundtruth.problems import JobFailure
from localaws.groundtruth.strict_json import loads

LONGEST_MESSAGE = 700


class FunctionFailure(Exception):
    """The function ran, and raised or ran out of time."""


class Functions:
    def __init__(self, clients: Clients, stopping: threading.Event, account: str, built_in: Any = None):
        """``stopping`` is set when this server, and perhaps Lambda with it, is about to end.

        ``built_in`` has the ``invoke`` of a boto3 client, and is called for AWS's own functions where Lambda
        itself does not offer them. These are of other accounts than ``account``.
        """
        self.clients = clients
        self.stopping = stopping
        self.account = account
        self.built_in = built_in

    def call(self, arn: str, event: dict) -> object:
        """What the function returned. Raises FunctionFailure when it failed, JobFailure when there is no such
        function or it may not be called, botocore's errors and OSError when Lambda cannot be reached."""
        try:
            response = self._client(arn).invoke(FunctionName=arn, Payload=json.dumps(event).encode())
        except ClientError as error:
            if is_final(error):
                raise JobFailure(
                    f"ClientError: The function {arn} cannot be called: {error_code(error)}: "
                    f"{error.response['Error'].get('Message')}"
                ) from None
            raise
        body = response["Payload"].read()
        if response.get("FunctionError"):
            if self.stopping.is_set():
                raise InterruptedError("the server is stopping, and the function was stopped with it")
            raise FunctionFailure(_told(body))
        try:
            return loads(body)
        except ValueError as problem:
            raise FunctionFailure(f"it returned no JSON but {body[:200]!r}: {problem}") from None

    def _client(self, arn: str) -> Any:
        if self.built_in is not None and is_built_in(arn, self.account):
            return self.built_in
        return self.clients.client("lambda")


def _told(body: bytes) -> str:
    """The message of an error in Lambda's form."""
    try:
        error = json.loads(body)
        message = f"{error.get('errorType', 'Error')}: {error.get('errorMessage')}"
    except (ValueError, AttributeError):
        message = body.decode(errors="replace")
    return message[:LONGEST_MESSAGE]
