"""Listings of objects, versions and uploads."""

import json
from collections.abc import Callable, Iterable
from sqlite3 import Row

from . import versions
from .documents import OWNER, quoted, timestamp
from .errors import invalid_argument
from .messages import Request, Response
from .pages import Asked, from_token, just_behind, key_of, to_token
from .storage import Storage

BEFORE_ALL = 2**62  # a sequence that no version has


class Listings:
    def __init__(self, storage: Storage):
        self._storage = storage

    def ListObjects(self, request: Request) -> Response:
        asked = Asked(request, "max-keys")
        marker = request.query.get("marker", "")
        page = asked.page(self._objects(request.bucket), asked.behind(marker))
        # Without groups the last key serves as the next marker, and S3 leaves it out.
        next_marker = key_of(page.last) if page.following is not None and asked.delimiter else None
        result = {
            "Marker": asked.encode(marker),
            "NextMarker": asked.encode(next_marker),
            "Contents": [described_object(row, asked) | {"Owner": OWNER} for row in page.rows],
        }
        return asked.answer("ListBucketResult", page, result)

    def ListObjectsV2(self, request: Request) -> Response:
        asked = Asked(request, "max-keys")
        token, start_after = request.query.get("continuation-token"), request.query.get("start-after", "")
        start = just_behind(start_after) if start_after else ""
        page = asked.page(self._objects(request.bucket), start if token is None else from_token(token))
        owner = {"Owner": OWNER} if request.query.get("fetch-owner") == "true" else {}
        result = {
            "KeyCount": len(page.rows) + len(page.groups),
            "StartAfter": asked.encode(start_after) or None,
            "ContinuationToken": token,
            "NextContinuationToken": None if page.following is None else to_token(key_of(page.following)),
            "Contents": [described_object(row, asked) | owner for row in page.rows],
        }
        return asked.answer("ListBucketResult", page, result)

    def ListObjectVersions(self, request: Request) -> Response:
        asked = Asked(request, "max-keys")
        marker, version_marker = pair_of_markers(request, "key-marker", "version-id-marker")
        start, seen = asked.behind(marker), BEFORE_ALL
        if version_marker:
            start, seen = marker, self._sequence(request.bucket, marker, version_marker)
        versions.find_bucket(self._storage.index, request.bucket)

        def rows_between(first: str, end: str) -> Iterable[Row]:
            return self._storage.index.execute(
                "SELECT key, version, latest, marker, size, etag, modified, headers FROM object "
                "WHERE bucket = ? AND key >= ? AND key < ? AND NOT (key = ? AND sequence >= ?) "
                "ORDER BY key, sequence DESC",
                (request.bucket, first, end, marker, seen),
            )

        page = asked.page(rows_between, start)
        more = page.following is not None
        result = {
            "KeyMarker": asked.encode(marker),
            "VersionIdMarker": version_marker,
            "NextKeyMarker": asked.encode(key_of(page.last)) if more else None,
            "NextVersionIdMarker": page.last["version"] if more and isinstance(page.last, Row) else None,
            "Version": [described_version(row, asked) for row in page.rows if not row["marker"]],
            "DeleteMarker": [described_marker(row, asked) for row in page.rows if row["marker"]],
        }
        return asked.answer("ListVersionsResult", page, result)

    def ListMultipartUploads(self, request: Request) -> Response:
        asked = Asked(request, "max-uploads")
        marker, upload_marker = pair_of_markers(request, "key-marker", "upload-id-marker")
        versions.find_bucket(self._storage.index, request.bucket)

        def rows_between(first: str, end: str) -> Iterable[Row]:
            return self._storage.index.execute(
                "SELECT id, key, started, algorithm, type FROM upload WHERE bucket = ? AND outcome IS NULL "
                "AND key >= ? AND key < ? AND NOT (key = ? AND id <= ?) ORDER BY key, id",
                (request.bucket, first, end, marker, upload_marker),
            )

        page = asked.page(rows_between, marker if upload_marker else asked.behind(marker))
        more = page.following is not None
        result = {
            "KeyMarker": asked.encode(marker),
            "UploadIdMarker": upload_marker,
            "NextKeyMarker": asked.encode(key_of(page.last)) if more else None,
            "NextUploadIdMarker": page.last["id"] if more and isinstance(page.last, Row) else None,
            "Upload": [described_upload(row, asked) for row in page.rows],
        }
        return asked.answer("ListMultipartUploadsResult", page, result, bucket_as="Bucket")

    def _objects(self, bucket: str) -> Callable[[str, str], Iterable[Row]]:
        versions.find_bucket(self._storage.index, bucket)

        def rows_between(first: str, end: str) -> Iterable[Row]:
            return self._storage.index.execute(
                "SELECT key, size, etag, modified, headers FROM object INDEXED BY listed "
                "WHERE bucket = ? AND key >= ? AND key < ? AND latest AND NOT marker ORDER BY key",
                (bucket, first, end),
            )

        return rows_between

    def _sequence(self, bucket: str, key: str, version: str) -> int:
        row = self._storage.index.execute(
            "SELECT sequence FROM object WHERE bucket = ? AND key = ? AND version = ?", (bucket, key, version)
        ).fetchone()
        # Deleted since, as by those who delete page by page? Then what is left of the key is listed again.
        return row["sequence"] if row else BEFORE_ALL


def pair_of_markers(request: Request, key: str, other: str) -> tuple[str, str]:
    """Raises InvalidArgument for a version or upload without its key."""
    markers = request.query.get(key, ""), request.query.get(other, "")
    if markers[1] and not markers[0]:
        raise invalid_argument(other, markers[1], f"A {other} cannot be specified without a {key}.")
    return markers


def storage_class(row: Row) -> str:
    return json.loads(row["headers"]).get("x-amz-storage-class", "STANDARD")


def described_object(row: Row, asked: Asked) -> dict:
    return {
        "Key": asked.encode(row["key"]),
        "LastModified": timestamp(row["modified"]),
        "ETag": quoted(row["etag"]),
        "Size": row["size"],
        "StorageClass": storage_class(row),
    }


def described_version(row: Row, asked: Asked) -> dict:
    return described_object(row, asked) | described_marker(row, asked)


def described_marker(row: Row, asked: Asked) -> dict:
    return {
        "Key": asked.encode(row["key"]),
        "VersionId": row["version"],
        "IsLatest": bool(row["latest"]),
        "LastModified": timestamp(row["modified"]),
        "Owner": OWNER,
    }


def described_upload(row: Row, asked: Asked) -> dict:
    return {
        "Key": asked.encode(row["key"]),
        "UploadId": row["id"],
        "Initiator": OWNER,
        "Owner": OWNER,
        "StorageClass": "STANDARD",
        "Initiated": timestamp(row["started"]),
        "ChecksumAlgorithm": row["algorithm"].upper() if row["algorithm"] else None,
        "ChecksumType": row["type"],
    }
