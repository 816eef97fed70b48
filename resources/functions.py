"""Lambda functions from folders: packed the same way each time, updated only when their code changed."""

import base64
import io
import json
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from botocore.exceptions import ClientError

from resources.aws import Aws, explained, is_missing
from resources.names import sha256

RUNTIME = "python3.12"
SECONDS = 300  # that a call may take
FIRST_DAY_OF_ZIP = (1980, 1, 1, 0, 0, 0)
SECONDS_UNTIL_A_NEW_ROLE_WORKS = 60


@dataclass(frozen=True)
class FunctionVersion:
    name: str
    arn: str
    sha256: str  # of the zip, hexadecimal
    deployed: bool  # False when this very code was there already, with the same settings
    modified: str  # ISO 8601: when code or settings were changed last


class FunctionFailed(Exception):
    """The function ran, and raised or ran out of time."""


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

    def deploy(
        self,
        name: str,
        folder: Path,
        role_arn: str,
        *,
        layers: Sequence[str] = (),
        megabytes: int = 512,
        variables: Mapping[str, str] | None = None,
    ) -> FunctionVersion:
        """Create the function, or update it where its code, layers, memory or environment variables differ.

        The handler is ``handle`` in ``handler.py``; ``layers`` are ARNs of layer versions.
        """
        client, body = self.aws.client("lambda"), pack(folder)
        settings = {
            "MemorySize": megabytes,
            "Timeout": SECONDS,
            "Layers": list(layers),
            "Environment": {"Variables": dict(variables or {})},
        }
        with explained(f"deploy the function {name}"):
            found = self._describe(name)
            if found is None:
                arn = self._create(name, body, role_arn, settings)["FunctionArn"]
                client.get_waiter("function_active_v2").wait(FunctionName=name)
                return FunctionVersion(name, arn, sha256(body), deployed=True, modified=self._modified(name))
            new_settings = _settings_of(found) != settings
            if new_settings:
                client.update_function_configuration(FunctionName=name, **settings)
                client.get_waiter("function_updated_v2").wait(FunctionName=name)
            new_code = found["CodeSha256"] != base64.b64encode(bytes.fromhex(sha256(body))).decode()
            if new_code:
                client.update_function_code(FunctionName=name, ZipFile=body)
                client.get_waiter("function_updated_v2").wait(FunctionName=name)
            changed = new_settings or new_code
            modified = self._modified(name) if changed else found["LastModified"]
        return FunctionVersion(name, found["FunctionArn"], sha256(body), changed, modified)

    def invoke(self, name: str, event: dict) -> object:
        """What the function answers. Raises FunctionFailed when it fails."""
        with explained(f"call the function {name}"):
            response = self.aws.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
        body = json.loads(response["Payload"].read())
        if response.get("FunctionError"):
            raise FunctionFailed(f"{name}: {body.get('errorType')}: {body.get('errorMessage')}")
        return body

    def _modified(self, name: str) -> str:
        return self.aws.client("lambda").get_function(FunctionName=name)["Configuration"]["LastModified"]

    def _describe(self, name: str) -> dict | None:
        try:
            return self.aws.client("lambda").get_function(FunctionName=name)["Configuration"]
        except ClientError as error:
            if is_missing(error):
                return None
            raise

    def _create(self, name: str, body: bytes, role_arn: str, settings: dict) -> dict:
        deadline = time.monotonic() + SECONDS_UNTIL_A_NEW_ROLE_WORKS
        while True:
            try:
                return self.aws.client("lambda").create_function(
                    FunctionName=name,
                    Runtime=RUNTIME,
                    Role=role_arn,
                    Handler="handler.handle",
                    Code={"ZipFile": body},
                    **settings,
                )
            except ClientError as error:
                # IAM tells Lambda about a new role some seconds later.
                if "cannot be assumed" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(3)


def _settings_of(found: dict) -> dict:
    layers = [layer["Arn"] for layer in found.get("Layers", ())]
    variables = found.get("Environment", {}).get("Variables", {})
    return {
        "MemorySize": found["MemorySize"],
        "Timeout": found["Timeout"],
        "Layers": layers,
        "Environment": {"Variables": variables},
    }
