"""Buckets: create, head, list, delete, where they are, whether they keep versions."""

import ipaddress
import re
import time

from localaws.api import Identity

from . import uploads, versions
from .documents import OWNER, parse, render, timestamp
from .errors import S3Error, malformed_xml, not_implemented
from .kept_headers import refuse_access_lists
from .messages import Request, Response
from .storage import Storage

NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
MOST_LISTED = 10_000


class Buckets:
    def __init__(self, storage: Storage, identity: Identity):
        self._storage = storage
        self._region = identity.region

    def ListBuckets(self, request: Request) -> Response:
        most = request.number("max-buckets", MOST_LISTED, MOST_LISTED)
        prefix, after = request.query.get("prefix", ""), request.query.get("continuation-token", "")
        rows = self._storage.index.execute("SELECT * FROM bucket WHERE name > ? ORDER BY name", (after,))
        found = [row for row in rows if row["name"].startswith(prefix)]
        listed = [
            {
                "Name": row["name"],
                "CreationDate": timestamp(row["created"]),
                "BucketRegion": self._region,
            }
            for row in found[:most]
        ]
        result = {
            "Owner": OWNER,
            "Buckets": {"Bucket": listed},
            "Prefix": prefix or None,
            "ContinuationToken": listed[-1]["Name"] if 0 < most < len(found) else None,
        }
        return Response.document("ListAllMyBucketsResult", result)

    def CreateBucket(self, request: Request) -> Response:
        check_name(request.bucket)
        refuse_access_lists(request.headers)
        if request.headers.get("x-amz-bucket-object-lock-enabled", "false").lower() == "true":
            raise not_implemented("object lock")
        ownership = request.headers.get("x-amz-object-ownership", "BucketOwnerEnforced")
        if ownership != "BucketOwnerEnforced":
            raise not_implemented(f"object ownership {ownership}, which would allow access control lists")
        self._check_location(request.body)
        with self._storage.change() as change:
            if change.execute("SELECT 1 FROM bucket WHERE name = ?", (request.bucket,)).fetchone():
                message = "Your previous request to create the named bucket succeeded and you already own it."
                raise S3Error("BucketAlreadyOwnedByYou", message, 409, BucketName=request.bucket)
            change.execute("INSERT INTO bucket VALUES(?, ?, NULL)", (request.bucket, time.time()))
        return Response(headers={"location": f"/{request.bucket}"})

    def HeadBucket(self, request: Request) -> Response:
        versions.find_bucket(self._storage.index, request.bucket)
        return Response(headers={"x-amz-bucket-region": self._region, "x-amz-access-point-alias": "false"})

    def GetBucketLocation(self, request: Request) -> Response:
        versions.find_bucket(self._storage.index, request.bucket)
        # S3's oldest region has no name here.
        location = "" if self._region == "us-east-1" else self._region
        return Response(
            headers={"content-type": "application/xml"}, body=render("LocationConstraint", location)
        )

    def DeleteBucket(self, request: Request) -> Response:
        with self._storage.change() as change:
            versions.find_bucket(change, request.bucket)
            if change.execute("SELECT 1 FROM object WHERE bucket = ? LIMIT 1", (request.bucket,)).fetchone():
                message = (
                    "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
                )
                raise S3Error("BucketNotEmpty", message, 409, BucketName=request.bucket)
            for upload in change.execute(
                "SELECT id FROM upload WHERE bucket = ?", (request.bucket,)
            ).fetchall():
                uploads.forget(change, upload["id"])
            change.execute("DELETE FROM configuration WHERE bucket = ?", (request.bucket,))
            change.execute("DELETE FROM bucket WHERE name = ?", (request.bucket,))
        return Response(204)

    def GetBucketVersioning(self, request: Request) -> Response:
        bucket = versions.find_bucket(self._storage.index, request.bucket)
        return Response.document("VersioningConfiguration", {"Status": bucket["versioning"]})

    def PutBucketVersioning(self, request: Request) -> Response:
        document = request.document("VersioningConfiguration")
        status = document.findtext("Status")
        if status not in ("Enabled", "Suspended"):
            raise malformed_xml(f"<Status> must be Enabled or Suspended, not {status!r}")
        if document.findtext("MfaDelete") == "Enabled":
            raise not_implemented("MFA delete")
        with self._storage.change() as change:
            versions.find_bucket(change, request.bucket)
            change.execute("UPDATE bucket SET versioning = ? WHERE name = ?", (status, request.bucket))
        return Response()

    def _check_location(self, body: bytes) -> None:
        """Raises IllegalLocationConstraintException for a region that is not this one."""
        stated = (
            parse(body, "CreateBucketConfiguration").findtext("LocationConstraint") if body.strip() else None
        )
        if (stated or "us-east-1") != self._region:
            message = (
                f"The {stated or 'unspecified'} location constraint is incompatible for the region specific "
                f"endpoint this request was sent to ({self._region})."
            )
            raise S3Error("IllegalLocationConstraintException", message)


def check_name(name: str) -> None:
    """Raises InvalidBucketName. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""
    valid = (
        NAME.fullmatch(name)
        and ".." not in name
        and not name.startswith(RESERVED_PREFIXES)
        and not name.endswith(RESERVED_SUFFIXES)
        and not _is_address(name)
    )
    if not valid:
        raise S3Error("InvalidBucketName", "The specified bucket is not valid.", BucketName=name)


def _is_address(name: str) -> bool:
    try:
        return bool(ipaddress.ip_address(name))
    except ValueError:
        return False
