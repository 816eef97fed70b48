"""Configurations of buckets that are kept and given back word for word.

CORS is also enforced (cors.py). The others are not acted on: nothing expires, no policy forbids, nobody is
notified.
"""

import json
from functools import partial
from typing import NamedTuple

from . import versions
from .cors import check_rules
from .documents import NAMESPACE, parse
from .errors import S3Error
from .messages import Request, Response
from .storage import Storage
from .tagging import BUCKET_TAGS, tags_in_document


class Kind(NamedTuple):
    put: str  # operations; "" where S3 has none
    get: str
    delete: str
    root: str  # of its XML document; "" for JSON
    missing: str  # S3's error for a bucket without one; "" where S3 answers with an empty document
    put_status: int = 200


KINDS = {
    "cors": Kind(
        "PutBucketCors", "GetBucketCors", "DeleteBucketCors", "CORSConfiguration", "NoSuchCORSConfiguration"
    ),
    "lifecycle": Kind(
        "PutBucketLifecycleConfiguration",
        "GetBucketLifecycleConfiguration",
        "DeleteBucketLifecycle",
        "LifecycleConfiguration",
        "NoSuchLifecycleConfiguration",
    ),
    "policy": Kind("PutBucketPolicy", "GetBucketPolicy", "DeleteBucketPolicy", "", "NoSuchBucketPolicy", 204),
    "tagging": Kind(
        "PutBucketTagging", "GetBucketTagging", "DeleteBucketTagging", "Tagging", "NoSuchTagSet", 204
    ),
    "encryption": Kind(
        "PutBucketEncryption",
        "GetBucketEncryption",
        "DeleteBucketEncryption",
        "ServerSideEncryptionConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError",
    ),
    "publicAccessBlock": Kind(
        "PutPublicAccessBlock",
        "GetPublicAccessBlock",
        "DeletePublicAccessBlock",
        "PublicAccessBlockConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
    ),
    "ownershipControls": Kind(
        "PutBucketOwnershipControls",
        "GetBucketOwnershipControls",
        "DeleteBucketOwnershipControls",
        "OwnershipControls",
        "OwnershipControlsNotFoundError",
    ),
    "notification": Kind(
        "PutBucketNotificationConfiguration",
        "GetBucketNotificationConfiguration",
        "",
        "NotificationConfiguration",
        "",
    ),
}


class Configurations:
    """Three operations for each of ``KINDS``, as attributes named after them."""

    def __init__(self, storage: Storage):
        self._storage = storage
        for name, kind in KINDS.items():
            setattr(self, kind.put, partial(self._put, name, kind))
            setattr(self, kind.get, partial(self._get, name, kind))
            if kind.delete:
                setattr(self, kind.delete, partial(self._delete, name))

    def _put(self, name: str, kind: Kind, request: Request) -> Response:
        check(name, kind, request.body)
        with self._storage.change() as change:
            versions.find_bucket(change, request.bucket)
            change.execute(
                "INSERT OR REPLACE INTO configuration VALUES(?, ?, ?)", (request.bucket, name, request.body)
            )
        return Response(kind.put_status)

    def _get(self, name: str, kind: Kind, request: Request) -> Response:
        versions.find_bucket(self._storage.index, request.bucket)
        document = find_configuration(self._storage, request.bucket, name)
        if document is None and kind.missing:
            message = f"The bucket has no {name} configuration"
            raise S3Error(kind.missing, message, 404, BucketName=request.bucket)
        content_type = "application/xml" if kind.root else "application/json"
        empty = f'<{kind.root} xmlns="{NAMESPACE}"/>'.encode()
        return Response(headers={"content-type": content_type}, body=empty if document is None else document)

    def _delete(self, name: str, request: Request) -> Response:
        with self._storage.change() as change:
            versions.find_bucket(change, request.bucket)
            change.execute("DELETE FROM configuration WHERE bucket = ? AND kind = ?", (request.bucket, name))
        return Response(204)


def find_configuration(storage: Storage, bucket: str, name: str) -> bytes | None:
    row = storage.index.execute(
        "SELECT document FROM configuration WHERE bucket = ? AND kind = ?", (bucket, name)
    ).fetchone()
    return row["document"] if row else None


def check(name: str, kind: Kind, body: bytes) -> None:
    """Raises MalformedXML, MalformedPolicy, InvalidTag, and what ``check_rules`` raises."""
    if kind.root:
        document = parse(body, kind.root)
        if name == "cors":
            check_rules(document)
        elif name == "tagging":
            tags_in_document(document, BUCKET_TAGS)
        return
    try:
        policy = json.loads(body)
    except ValueError as error:
        raise S3Error("MalformedPolicy", f"Policies must be valid JSON: {error}") from None
    if not isinstance(policy, dict) or "Statement" not in policy:
        raise S3Error("MalformedPolicy", "Missing required field Statement")
