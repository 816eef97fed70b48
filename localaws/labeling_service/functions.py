"""AWS's own labeling functions, which exist for Ground Truth alone: here they run in child processes."""

import io
import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from botocore.exceptions import ClientError

from localaws.api import AwsError
from localaws.services.functions.invocations import Invocations

LOG_BYTES = 10 * 2**20
LOG_FILES = 2


class BuiltInFunctions:
    """The one operation of a boto3 Lambda client that labeling jobs need, without a server in between."""

    def __init__(self, invocations: Invocations):
        self.invocations = invocations

    def invoke(self, FunctionName: str, Payload: bytes) -> dict:
        """Raises ClientError, as the client does."""
        try:
            answer = self.invocations.Invoke({"FunctionName": FunctionName, "Payload": Payload})
        except AwsError as error:
            told = {"Code": error.code, "Message": error.message}
            metadata = {"HTTPStatusCode": error.status}
            raise ClientError({"Error": told, "ResponseMetadata": metadata}, "Invoke") from None
        return answer | {"Payload": io.BytesIO(answer["Payload"])}


class LogFile:
    """What functions print, in a file: there is no CloudWatch here that would show it."""

    def __init__(self, path: Path):
        self.logger = logging.getLogger(str(path))
        self.logger.propagate = False
        self.logger.setLevel(logging.INFO)
        handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES - 1, delay=True)
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        self.logger.addHandler(handler)

    def write(self, group: str, stream: str, *lines: str) -> None:
        for line in lines:
            self.logger.info("%s %s", group, line)
