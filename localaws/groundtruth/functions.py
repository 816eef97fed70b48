"""The door to Lambda: one synchronous call, its failure told in words."""

import json

from botocore.exceptions import ClientError

from localaws.api import Clients
from localaws.groundtruth.files import error_code, is_final
from localaws.groundtruth.problems import JobFailure

LONGEST_MESSAGE = 700


class FunctionFailure(Exception):
    """The function ran, and raised or ran out of time."""


class Functions:
    def __init__(self, clients: Clients):
        self.clients = clients

    def call(self, arn: str, event: dict) -> object:
        """What the function returned. Raises FunctionFailure when it failed, JobFailure when there is no such
        function or it may not be called, botocore's errors when Lambda cannot be reached."""
        try:
            response = self.clients.client("lambda").invoke(
                FunctionName=arn, Payload=json.dumps(event).encode()
            )
        except ClientError as error:
            if is_final(error):
                raise JobFailure(
                    f"ClientError: The function {arn} cannot be called: {error_code(error)}: "
                    f"{error.response['Error'].get('Message')}"
                ) from None
            raise
        body = response["Payload"].read()
        if response.get("FunctionError"):
            raise FunctionFailure(_told(body))
        try:
            return json.loads(body)
        except ValueError:
            raise FunctionFailure(f"it returned no JSON but {body[:200]!r}") from None


def _told(body: bytes) -> str:
    """The message of an error in Lambda's form."""
    try:
        error = json.loads(body)
        message = f"{error.get('errorType', 'Error')}: {error.get('errorMessage')}"
    except (ValueError, AttributeError):
        message = body.decode(errors="replace")
    return message[:LONGEST_MESSAGE]
