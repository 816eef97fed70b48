"""S3 as the runners use it: whole objects and prefixes, with patience, and errors that name the object."""

import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from localaws.sagemaker.containers.patience import JobError, Patience, is_missing

THREADS = 16  # the most connections one runner keeps open


def split_uri(uri: str) -> tuple[str, str]:
    """s3://bucket/a/key -> ("bucket", "a/key")."""
    parts = urlsplit(uri, allow_fragments=False)
    if parts.scheme != "s3" or not parts.netloc:
        raise JobError(f"ClientError: {uri!r} is not an S3 URI, s3://bucket/key")
    return parts.netloc, uri.partition(parts.netloc)[2].removeprefix("/")


class Bucket:
    """Objects by their URI. Raises JobError for an object or bucket that is not there."""

    def __init__(self, cancelled: threading.Event | None = None):
        self.patiently = Patience(cancelled)
        self.client = boto3.client(
            "s3",
            config=Config(
                signature_version="s3v4",
                retries={"mode": "standard", "total_max_attempts": 2},
                max_pool_connections=THREADS,
                connect_timeout=5,
            ),
        )

    def read(self, uri: str) -> bytes:
        bucket, key = split_uri(uri)

        def whole() -> bytes:
            return self.client.get_object(Bucket=bucket, Key=key)["Body"].read()

        return self._call(uri, whole)

    def write(self, uri: str, body: bytes, content_type: str | None = None) -> None:
        bucket, key = split_uri(uri)
        options = {"ContentType": content_type} if content_type else {}
        self._call(uri, self.client.put_object, Bucket=bucket, Key=key, Body=body, **options)

    def download(self, uri: str, path: Path) -> None:
        bucket, key = split_uri(uri)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._call(uri, self.client.download_file, bucket, key, str(path))

    def upload(self, path: Path, uri: str) -> None:
        bucket, key = split_uri(uri)
        self._call(uri, self.client.upload_file, str(path), bucket, key)

    def keys(self, uri: str) -> Iterator[str]:
        """The URIs of all objects that start with this one, in S3's order; folders' markers left out."""
        bucket, prefix = split_uri(uri)
        token: dict = {}
        while True:
            page = self._call(uri, self.client.list_objects_v2, Bucket=bucket, Prefix=prefix, **token)
            for entry in page.get("Contents", []):
                if not entry["Key"].endswith("/"):
                    yield f"s3://{bucket}/{entry['Key']}"
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def download_prefix(self, uri: str, folder: Path) -> None:
        """Mirror everything under a prefix."""
        for found in self.keys(uri):
            self.download(found, within(folder, relative_name(found, uri)))

    def upload_tree(self, folder: Path, uri: str) -> None:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.upload(path, f"{uri.rstrip('/')}/{path.relative_to(folder).as_posix()}")

    def _call(self, uri: str, call, *arguments, **options):
        try:
            return self.patiently(call, *arguments, **options)
        except ClientError as problem:
            if is_missing(problem):
                bucket = split_uri(uri)[0]
                what = f"the bucket {bucket}" if "NoSuchBucket" in str(problem) else "the object"
                raise JobError(f"ClientError: {uri}: {what} does not exist") from problem
            raise JobError(f"ClientError: {uri}: {problem}") from problem


def relative_name(uri: str, prefix: str) -> str:
    """A key as seen from its prefix: from the last folder that the prefix names.

    s3://b/photos/2026/a.jpg under s3://b/photos/ is 2026/a.jpg; under s3://b/photos/2026/a it is a.jpg.
    s3://b/photos without its slash names the folder too.
    """
    key, start = split_uri(uri)[1], split_uri(prefix)[1]
    if key.startswith(f"{start}/"):
        start += "/"
    return key[start.rfind("/") + 1 :]


def within(folder: Path, name: str) -> Path:
    """``folder/name``, refused where the name leads out of the folder."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise JobError(f"ClientError: the name {name!r} leads out of its folder")
    return path
