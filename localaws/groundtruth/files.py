"""The door to S3: small whole objects, named by their URI."""

import re
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from localaws.api import Clients

S3_URI = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<key>.+)", re.DOTALL)
MISSING = ("404", "NoSuchKey", "NoSuchBucket", "NotFound")


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key``; raises ValueError for anything else."""
    match = S3_URI.fullmatch(uri) if isinstance(uri, str) else None
    if match is None:
        raise ValueError(f"{uri!r} is not an S3 URI like s3://bucket/key")
    return match["bucket"], match["key"]


def error_code(error: ClientError) -> str:
    return error.response["Error"].get("Code", "")


def is_missing(error: ClientError) -> bool:
    return error_code(error) in MISSING


def is_final(error: ClientError) -> bool:
    """Whether asking again cannot help: the request is at fault, not the service or its load."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    return 400 <= status < 500 and status not in (408, 429)


class Files:
    """Reads and writes by URI. Raises ValueError for what is no S3 URI, and botocore's errors."""

    def __init__(self, clients: Clients):
        self.clients = clients

    @property
    def client(self) -> Any:
        return self.clients.client("s3")

    def read(self, uri: str, first: int | None = None) -> bytes:
        """The whole object, or its ``first`` bytes."""
        bucket, key = split_uri(uri)
        span = {"Range": f"bytes=0-{first - 1}"} if first else {}
        try:
            return self.client.get_object(Bucket=bucket, Key=key, **span)["Body"].read()
        except ClientError as error:
            if error_code(error) == "InvalidRange":  # an empty object has no first byte
                return b""
            raise

    def size(self, uri: str) -> int:
        bucket, key = split_uri(uri)
        return self.client.head_object(Bucket=bucket, Key=key)["ContentLength"]

    def write(self, uri: str, body: bytes, content_type: str = "application/json") -> None:
        bucket, key = split_uri(uri)
        self.client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)

    def write_lines(self, uri: str, lines: Iterable[str]) -> None:
        self.write(uri, "".join(f"{line}\n" for line in lines).encode(), "binary/octet-stream")

    def check_bucket(self, bucket: str) -> None:
        self.client.head_bucket(Bucket=bucket)
