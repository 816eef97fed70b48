"""Buckets for the tests of S3, and signed requests that boto3 would not send by itself."""

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError


def new_bucket(s3, versioned: bool = False) -> str:
    name = f"test-{uuid.uuid4()}"
    s3.create_bucket(Bucket=name)
    if versioned:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@contextmanager
def refused(code: str) -> Iterator[pytest.ExceptionInfo]:
    with pytest.raises(ClientError) as refusal:
        yield refusal
    assert refusal.value.response["Error"]["Code"] == code, refusal.value


def send(
    stand_in, method: str, path: str, headers=None, body=b"", payload: str | None = None
) -> httpx.Response:
    """One request as any SDK might sign it; ``payload`` takes the place of the body's SHA-256."""

    class Signer(S3SigV4Auth):
        def payload(self, request):
            return hashlib.sha256(body).hexdigest() if payload is None else payload

    lines = Path(stand_in.credentials_file).read_text().splitlines()
    keys = dict(line.split(" = ") for line in lines if " = " in line)
    request = AWSRequest(method, stand_in.endpoint + path, headers=dict(headers or {}), data=body)
    credentials = Credentials(keys["aws_access_key_id"], keys["aws_secret_access_key"])
    Signer(credentials, "s3", "us-east-1").add_auth(request)
    return httpx.request(method, request.url, headers=dict(request.headers), content=body, timeout=60)


def blob_files(stand_in) -> list[Path]:
    """The files that hold the bytes of all objects."""
    return [path for path in (Path(stand_in.home) / "s3" / "blobs").rglob("*") if path.is_file()]
