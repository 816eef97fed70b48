"""Single objects: put, get, head, delete, tag."""

from . import versions
from .blobs import cut
from .body import BLOCK
from .conditions import check_read, check_write
from .documents import quoted
from .errors import AwsError, S3Error, malformed_xml, not_implemented
from .kept_headers import kept_headers
from .messages import Request, Response
from .placement import place
from .representation import checksum_headers, object_headers, represent
from .storage import Storage
from .tagging import OBJECT_TAGS, tagging_document, tags_in_document, tags_in_header
from .versions import Content, Version

MOST_DELETED = 1000  # objects in one DeleteObjects


class Objects:
    def __init__(self, storage: Storage):
        self._storage = storage

    def PutObject(self, request: Request) -> Response:
        kept, tags = kept_headers(request.headers), tags_in_header(request.headers.get("x-amz-tagging"))
        if "x-amz-write-offset-bytes" in request.headers:
            raise not_implemented("appending to an object (x-amz-write-offset-bytes)")
        received = request.incoming.finish()
        content = Content(received.size, received.md5, received.pieces, kept, tags, received.checksums)
        with self._storage.change() as change:
            _, headers = place(change, request, content)
        return Response(headers=headers | {"etag": quoted(content.etag)} | checksum_headers(content))

    def GetObject(self, request: Request) -> Response:
        blobs = self._storage.blobs
        with blobs.guard:  # no blob may go between being looked up and being opened
            version = self._find(request)
            if not check_read(request.headers, version):
                return Response(304, object_headers(version))
            response, start, size = represent(request, version)
            reader = blobs.open(cut(version.content.pieces, start, size))
        response.body = reader
        if size <= BLOCK:
            with reader:
                response.body = reader.read_all()
        return response

    def HeadObject(self, request: Request) -> Response:
        version = self._find(request)
        if not check_read(request.headers, version):
            return Response(304, object_headers(version))
        return represent(request, version)[0]

    def DeleteObject(self, request: Request) -> Response:
        with self._storage.change() as change:
            bucket = versions.find_bucket(change, request.bucket)
            if "if-match" in request.headers:
                current = versions.latest(change, request.bucket, request.key)
                check_write(request.headers, request.key, current)
            removed = versions.remove(change, bucket, request.key, request.query.get("versionId"))
        headers = {
            "x-amz-version-id": removed.version,
            "x-amz-delete-marker": "true" if removed.marker else None,
        }
        return Response(204, headers)

    def DeleteObjects(self, request: Request) -> Response:
        """All in one transaction; a key that cannot be deleted is reported beside the others."""
        document = request.document("Delete")
        named = document.findall("Object")
        if not 1 <= len(named) <= MOST_DELETED:
            raise malformed_xml(
                f"between 1 and {MOST_DELETED} <Object> elements are allowed, found {len(named)}"
            )
        deleted, errors = [], []
        with self._storage.change() as change:
            bucket = versions.find_bucket(change, request.bucket)
            for element in named:
                key, version = element.findtext("Key") or "", element.findtext("VersionId")
                named_as = {"Key": key, "VersionId": version}
                try:
                    if not key:
                        raise S3Error("UserKeyMustBeSpecified", "The request must name a key.")
                    if etag := element.findtext("ETag"):
                        check_write({"if-match": etag}, key, versions.latest(change, request.bucket, key))
                    removed = versions.remove(change, bucket, key, version)
                except AwsError as error:
                    errors.append(named_as | {"Code": error.code, "Message": error.message})
                else:
                    marker = {"DeleteMarker": True, "DeleteMarkerVersionId": removed.version}
                    deleted.append(named_as | (marker if removed.marker else {}))
        quiet = document.findtext("Quiet") == "true"
        return Response.document("DeleteResult", {"Deleted": [] if quiet else deleted, "Error": errors})

    def GetObjectTagging(self, request: Request) -> Response:
        version = self._find(request)
        return Response.document("Tagging", tagging_document(version.content.tags), version.headers)

    def PutObjectTagging(self, request: Request) -> Response:
        return self._tag(request, tags_in_document(request.document("Tagging"), OBJECT_TAGS), 200)

    def DeleteObjectTagging(self, request: Request) -> Response:
        return self._tag(request, {}, 204)

    def _find(self, request: Request) -> Version:
        return versions.find(self._storage.index, request.bucket, request.key, request.query.get("versionId"))

    def _tag(self, request: Request, tags: dict[str, str], status: int) -> Response:
        with self._storage.change() as change:
            version = versions.find(change, request.bucket, request.key, request.query.get("versionId"))
            versions.replace_tags(change, request.bucket, version, tags)
        return Response(status, dict(version.headers))
