"""Lambda functions from folders: packed the same way each time, updated only when their code changed."""

import base64
import io
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from botocore.exceptions import ClientError

from resources.aws import Aws, explained, is_missing
from resources.names import sha256

RUNTIME = "python3.12"
FIRST_DAY_OF_ZIP = (1980, 1, 1, 0, 0, 0)
SECONDS_UNTIL_A_NEW_ROLE_WORKS = 60


@dataclass(frozen=True)
class FunctionVersion:
    name: str
    arn: str
    sha256: str  # of the zip, hexadecimal
    deployed: bool  # False when this very code was there already


def pack(folder: Path) -> bytes:
    """The folder's files as a zip whose bytes depend on their names and content alone."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), FIRST_DAY_OF_ZIP)
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    if not archive.namelist():
        raise FileNotFoundError(f"{folder} holds no file to deploy")
    return packed.getvalue()


class Functions(dg.ConfigurableResource):
    aws: Aws

    def deploy(self, name: str, folder: Path, role_arn: str) -> FunctionVersion:
        """Create the function, or update it if its code differs from the folder's.

        The handler is ``handle`` in ``handler.py``.
        """
        client, body = self.aws.client("lambda"), pack(folder)
        code_sha256 = base64.b64encode(bytes.fromhex(sha256(body))).decode()  # as Lambda writes it
        with explained(f"deploy the function {name}"):
            found = self._describe(name)
            if found is None:
                found = self._create(name, body, role_arn)
                client.get_waiter("function_active_v2").wait(FunctionName=name)
            elif found["CodeSha256"] != code_sha256:
                found = client.update_function_code(FunctionName=name, ZipFile=body)
                client.get_waiter("function_updated_v2").wait(FunctionName=name)
            else:
                return FunctionVersion(name, found["FunctionArn"], sha256(body), deployed=False)
        return FunctionVersion(name, found["FunctionArn"], sha256(body), deployed=True)

    def _describe(self, name: str) -> dict | None:
        try:
            return self.aws.client("lambda").get_function(FunctionName=name)["Configuration"]
        except ClientError as error:
            if is_missing(error):
                return None
            raise

    def _create(self, name: str, body: bytes, role_arn: str) -> dict:
        deadline = time.monotonic() + SECONDS_UNTIL_A_NEW_ROLE_WORKS
        while True:
            try:
                return self.aws.client("lambda").create_function(
                    FunctionName=name,
                    Runtime=RUNTIME,
                    Role=role_arn,
                    Handler="handler.handle",
                    Code={"ZipFile": body},
                    Timeout=300,
                    MemorySize=512,
                )
            except ClientError as error:
                # IAM tells Lambda about a new role some seconds later.
                if "cannot be assumed" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(3)
