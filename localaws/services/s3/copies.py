"""Copies of objects and of ranges of objects. They share the source's blobs: no byte is written."""

import re
import time
from dataclasses import dataclass
from urllib.parse import unquote

from . import uploads, versions
from .blobs import Piece, cut
from .body import BLOCK
from .conditions import check_source
from .digests import Digests, algorithm_of, member_of
from .documents import quoted, timestamp
from .errors import S3Error, invalid_argument
from .kept_headers import kept_headers
from .messages import Request, Response
from .multipart import find_upload, part_number
from .placement import place
from .storage import Change, Storage
from .tagging import tags_in_header
from .uploads import Part
from .versions import Content, Version

LARGEST_COPY = 5 << 30  # bytes


@dataclass(frozen=True)
class Source:
    """What ``x-amz-copy-source`` names."""

    bucket: str
    key: str
    version: str | None

    @classmethod
    def of(cls, request: Request) -> "Source":
        """Raises InvalidArgument."""
        header = request.headers["x-amz-copy-source"]
        name, _, version = header.partition("?versionId=")
        bucket, _, key = unquote(name).removeprefix("/").partition("/")
        if not bucket or not key:
            message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
            raise invalid_argument("x-amz-copy-source", header, message)
        return cls(bucket, key, version or None)

    def find(self, connection: versions.Connection) -> Version:
        return versions.find(connection, self.bucket, self.key, self.version)


class Copies:
    def __init__(self, storage: Storage):
        self._storage = storage

    def CopyObject(self, request: Request) -> Response:
        source = Source.of(request)
        replace_metadata = asks_to_replace(request, "x-amz-metadata-directive")
        replace_tags = asks_to_replace(request, "x-amz-tagging-directive")
        if (source.bucket, source.key, source.version) == (request.bucket, request.key, None) and not (
            replace_metadata or "x-amz-storage-class" in request.headers
        ):
            message = (
                "This copy request is illegal because it is trying to copy an object to itself without "
                "changing the object's metadata, storage class, website redirect location or encryption "
                "attributes."
            )
            raise S3Error("InvalidRequest", message)
        version, checksums = self._look_up(request, source)
        content = Content(
            version.content.size,
            version.content.etag,
            version.content.pieces,
            kept_headers(request.headers) if replace_metadata else version.content.headers,
            tags_in_header(request.headers.get("x-amz-tagging")) if replace_tags else version.content.tags,
            checksums,
        )
        with self._storage.change() as change:
            check_unchanged(change, source, version)
            made, headers = place(change, request, content)
        headers |= source_headers(version)
        return copied("CopyObjectResult", content.etag, made.modified, content.checksums, headers)

    def UploadPartCopy(self, request: Request) -> Response:
        number, source = part_number(request.query), Source.of(request)
        upload = find_upload(self._storage.index, request)
        version, pieces, digests = self._read(request, source, upload.algorithm)
        checksums = digests.verify({})
        size = sum(piece.size for piece in pieces)
        part = Part(number, size, digests.md5.hex(), time.time(), checksums, pieces)
        with self._storage.change() as change:
            check_unchanged(change, source, version)
            uploads.put_part(change, find_upload(change, request), part)
        return copied("CopyPartResult", part.etag, part.modified, checksums, source_headers(version))

    def _look_up(self, request: Request, source: Source) -> tuple[Version, dict[str, str]]:
        """The source, and the checksums of the copy: those it has, unless the client asks for another."""
        version = source.find(self._storage.index)
        check_source(request.headers, version)
        check_size(version.content.size)
        asked = request.headers.get("x-amz-checksum-algorithm")
        if asked is None or algorithm_of(asked) in version.content.checksums:
            return version, version.content.checksums
        version, _, digests = self._read(request, source, algorithm_of(asked))
        return version, digests.verify({})

    def _read(
        self, request: Request, source: Source, algorithm: str | None
    ) -> tuple[Version, list[Piece], Digests]:
        """The source, the pieces of it that are to be copied, and their digests, which take reading them."""
        digests = Digests({}, algorithm)
        with self._storage.blobs.guard:
            version = source.find(self._storage.index)
            check_source(request.headers, version)
            header = request.headers.get("x-amz-copy-source-range")
            pieces = cut(version.content.pieces, *part_range(header, version.content.size))
            reader = self._storage.blobs.open(pieces)
        with reader:
            while block := reader.read(BLOCK):
                digests.update(block)
        return version, pieces, digests


def asks_to_replace(request: Request, directive: str) -> bool:
    value = request.headers.get(directive, "COPY")
    if value not in ("COPY", "REPLACE"):
        raise invalid_argument(directive, value, f"Unknown directive: {directive} must be COPY or REPLACE")
    return value == "REPLACE"


def part_range(header: str | None, size: int) -> tuple[int, int]:
    """(start, length) in bytes of what is to be copied. Raises InvalidArgument, InvalidRequest."""
    if header is None:
        start, end = 0, size - 1
    else:
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", header)
        if not match:
            message = "The x-amz-copy-source-range value must be of the form bytes=first-last"
            raise invalid_argument("x-amz-copy-source-range", header, message)
        start, end = int(match[1]), int(match[2])
        if not start <= end < size:
            message = f"Range specified is not valid for source object of size: {size}"
            raise invalid_argument("x-amz-copy-source-range", header, message)
    check_size(end - start + 1)
    return start, end - start + 1


def check_size(size: int) -> None:
    if size > LARGEST_COPY:
        message = "The specified copy source is larger than the maximum allowable size for a copy source"
        raise S3Error("InvalidRequest", f"{message}: {LARGEST_COPY}")


def check_unchanged(change: Change, source: Source, version: Version) -> None:
    """Nobody may have replaced the source between its reading and its sharing. Raises OperationAborted."""
    if source.find(change).content.pieces != version.content.pieces:
        message = (
            "A conflicting conditional operation is currently in progress against this resource. Try again."
        )
        raise S3Error("OperationAborted", message, 409)


def source_headers(version: Version) -> dict[str, str]:
    return {"x-amz-copy-source-version-id": version.id} if version.headers else {}


def copied(root: str, etag: str, modified: float, checksums: dict[str, str], headers: dict) -> Response:
    result = {"LastModified": timestamp(modified), "ETag": quoted(etag)}
    return Response.document(
        root, result | {member_of(name): value for name, value in checksums.items()}, headers
    )
