"""S3 objects by URI: read, write, list."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dagster as dg
from botocore.exceptions import ClientError

from resources.aws import Aws, error_code, explained, is_missing

# Workers' browsers fetch the images from S3 themselves; without these rules Ground Truth's tasks do not load.
# https://docs.aws.amazon.com/sagemaker/latest/dg/sms-cors-update.html
CORS = {
    "CORSRules": [
        {
            "AllowedHeaders": [],
            "AllowedMethods": ["GET"],
            "AllowedOrigins": ["*"],
            "ExposeHeaders": ["Access-Control-Allow-Origin"],
        }
    ]
}

LONGEST_LINK = 7 * 24 * 3600  # seconds


@dataclass(frozen=True)
class StoredObject:
    uri: str
    key: str
    etag: str
    size: int
    modified: datetime


def split_uri(uri: str) -> tuple[str, str]:
    """``s3://bucket/key`` as (bucket, key). Raises ValueError."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket:
        raise ValueError(f"{uri!r} is not an S3 URI: expected s3://BUCKET/KEY")
    return bucket, key


def as_json(value: Any) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode()


class ObjectStore(dg.ConfigurableResource):
    """The loop's files. Wrong credentials, region or bucket raise dg.Failure with what to change."""

    aws: Aws

    def read(self, uri: str) -> bytes:
        """Raises FileNotFoundError."""
        bucket, key = split_uri(uri)
        try:
            with explained(f"read {uri}"):
                return self.aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if is_missing(error):
                raise FileNotFoundError(uri) from error
            raise

    def read_all(self, uris: Iterable[str]) -> Iterator[bytes]:
        """Several at a time, in the order of the URIs. Raises FileNotFoundError."""
        with ThreadPoolExecutor(max_workers=8) as readers:
            yield from readers.map(self.read, uris)

    def write(self, uri: str, body: bytes, content_type: str = "application/octet-stream") -> str:
        """Returns the URI."""
        bucket, key = split_uri(uri)
        with explained(f"write {uri}"):
            self.aws.client("s3").put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
        return uri

    def update(self, uri: str, body: bytes, content_type: str = "application/octet-stream") -> str:
        """Write, unless just this lies there already; returns the URI."""
        if (
            self.etag(uri) != hashlib.md5(body).hexdigest()
        ):  # never equal where KMS encrypts: then it is written
            self.write(uri, body, content_type)
        return uri

    def exists(self, uri: str) -> bool:
        return self.etag(uri) is not None

    def etag(self, uri: str) -> str | None:
        """None if there is no such object."""
        bucket, key = split_uri(uri)
        try:
            with explained(f"look for {uri}"):
                return self.aws.client("s3").head_object(Bucket=bucket, Key=key)["ETag"].strip('"')
        except ClientError as error:
            if is_missing(error):
                return None
            raise

    def list(self, uri_prefix: str) -> Iterator[StoredObject]:
        """Every object whose URI starts with the prefix, in the order of the keys."""
        bucket, prefix = split_uri(uri_prefix)
        pages = self.aws.client("s3").get_paginator("list_objects_v2")
        with explained(f"list {uri_prefix}"):
            for page in pages.paginate(Bucket=bucket, Prefix=prefix):
                for found in page.get("Contents", ()):
                    yield StoredObject(
                        uri=f"s3://{bucket}/{found['Key']}",
                        key=found["Key"],
                        etag=found["ETag"].strip('"'),
                        size=found["Size"],
                        modified=found["LastModified"],
                    )

    def link(self, uri: str) -> str:
        """An address for browsers, which works for as long as a signature can: at most a week."""
        bucket, key = split_uri(uri)
        return self.aws.client("s3").generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=LONGEST_LINK
        )

    def read_json(self, uri: str) -> Any:
        """Raises FileNotFoundError."""
        return json.loads(self.read(uri))

    def write_json(self, uri: str, value: Any) -> str:
        return self.write(uri, as_json(value), "application/json")

    def update_json(self, uri: str, value: Any) -> str:
        return self.update(uri, as_json(value), "application/json")

    def ensure_bucket(self, name: str) -> None:
        """Create the bucket unless it is there, and let browsers read its images."""
        s3 = self.aws.client("s3")
        region = s3.meta.region_name
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        try:
            with explained(f"look for bucket {name}"):
                s3.head_bucket(Bucket=name)
        except ClientError as error:
            if not is_missing(error):
                raise
            with explained(f"create bucket {name}"):
                s3.create_bucket(Bucket=name, **place)
        self.ensure_cors(name)

    def ensure_cors(self, bucket: str) -> None:
        """Let browsers read the bucket's images, unless it has rules of its own."""
        s3 = self.aws.client("s3")
        try:
            with explained(f"read the CORS rules of bucket {bucket}"):
                s3.get_bucket_cors(Bucket=bucket)
        except ClientError as error:
            if error_code(error) != "NoSuchCORSConfiguration":
                raise
            s3.put_bucket_cors(Bucket=bucket, CORSConfiguration=CORS)
