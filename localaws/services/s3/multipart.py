"""Multipart uploads: begin, part, list, complete, abort. No byte moves when one is completed."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from functools import reduce
from urllib.parse import quote
from xml.etree.ElementTree import Element

from . import uploads, versions
from .digests import (
    ALGORITHMS,
    JOINABLE,
    KNOWN,
    algorithm_of,
    crc_of,
    decode,
    encode,
    member_of,
    stated_checksums,
)
from .documents import OWNER, quoted, text_of, timestamp
from .errors import S3Error, invalid_argument, malformed_xml
from .kept_headers import kept_headers
from .messages import Request, Response
from .placement import place
from .representation import checksum_headers
from .storage import Storage
from .tagging import tags_in_header
from .uploads import Part, Upload
from .versions import Content

MOST_PARTS = 10_000
SMALLEST_PART = 5 << 20  # bytes, of any part but the last
MOST_LISTED = 1000


class Multipart:
    def __init__(self, storage: Storage):
        self._storage = storage
        with storage.change() as change:
            uploads.forget_old_outcomes(change)

    def CreateMultipartUpload(self, request: Request) -> Response:
        kept, tags = kept_headers(request.headers), tags_in_header(request.headers.get("x-amz-tagging"))
        algorithm, kind = checksum_kind(request.headers)
        with self._storage.change() as change:
            versions.find_bucket(change, request.bucket)
            upload = uploads.start(change, request.bucket, request.key, algorithm, kind, kept, tags)
        headers = {
            "x-amz-checksum-algorithm": algorithm.upper() if algorithm else None,
            "x-amz-checksum-type": kind,
        }
        result = {"Bucket": request.bucket, "Key": request.key, "UploadId": upload.id}
        return Response.document("InitiateMultipartUploadResult", result, headers)

    def UploadPart(self, request: Request) -> Response:
        number = part_number(request.query)
        received = request.incoming.finish()
        part = Part(number, received.size, received.md5, time.time(), received.checksums, received.pieces)
        with self._storage.change() as change:
            uploads.put_part(change, find_upload(change, request), part)
        stated = {f"x-amz-checksum-{name}": value for name, value in part.checksums.items()}
        return Response(headers={"etag": quoted(part.etag)} | stated)

    def CompleteMultipartUpload(self, request: Request) -> Response:
        stated = request.document("CompleteMultipartUpload").findall("Part")
        with self._storage.change() as change:
            upload = find_upload(change, request, completed=True)
            # Asked again, perhaps because the answer was lost: S3 repeats it.
            outcome = upload.outcome or self._complete(change, request, upload, stated)
        return Response.document("CompleteMultipartUploadResult", outcome["document"], outcome["headers"])

    def AbortMultipartUpload(self, request: Request) -> Response:
        with self._storage.change() as change:
            uploads.forget(change, find_upload(change, request).id)
        return Response(204)

    def ListParts(self, request: Request) -> Response:
        most = request.number("max-parts", MOST_LISTED, MOST_LISTED)
        after = request.number("part-number-marker", 0)
        upload = find_upload(self._storage.index, request)
        parts = uploads.parts_of(self._storage.index, upload, after)
        listed = parts[:most]
        result = {
            "Bucket": upload.bucket,
            "Key": upload.key,
            "UploadId": upload.id,
            "Initiator": OWNER,
            "Owner": OWNER,
            "StorageClass": upload.headers.get("x-amz-storage-class", "STANDARD"),
            "PartNumberMarker": after,
            "NextPartNumberMarker": listed[-1].number if listed else 0,
            "MaxParts": most,
            "IsTruncated": len(listed) < len(parts),
            "ChecksumAlgorithm": upload.algorithm.upper() if upload.algorithm else None,
            "ChecksumType": upload.type,
            "Part": [described(part) for part in listed],
        }
        return Response.document("ListPartsResult", result)

    def _complete(self, change, request: Request, upload: Upload, stated: Sequence[Element]) -> dict:
        content = assembled(upload, chosen_parts(stated, uploads.parts_of(change, upload)))
        check_whole(request.headers, content)
        _, headers = place(change, request, content)
        checksums = {member_of(name): value for name, value in content.checksums.items()}
        document = {
            "Location": f"/{upload.bucket}/{quote(upload.key)}",
            "Bucket": upload.bucket,
            "Key": upload.key,
            "ETag": quoted(content.etag),
            **checksums,
            "ChecksumType": checksum_headers(content).get("x-amz-checksum-type"),
        }
        outcome = {"document": document, "headers": headers}
        uploads.complete(change, upload, outcome)
        return outcome


def find_upload(connection: versions.Connection, request: Request, completed: bool = False) -> Upload:
    return uploads.find(connection, request.bucket, request.key, request.query["uploadId"], completed)


def part_number(query: Mapping[str, str]) -> int:
    value = query["partNumber"]
    if not (value.isascii() and value.isdecimal() and 1 <= int(value) <= MOST_PARTS):
        message = f"Part number must be an integer between 1 and {MOST_PARTS}, inclusive"
        raise invalid_argument("partNumber", value, message)
    return int(value)


def checksum_kind(headers: Mapping[str, str]) -> tuple[str | None, str | None]:
    """The algorithm and type of the checksums an upload is to have. Raises InvalidRequest."""
    if "x-amz-checksum-algorithm" not in headers:
        return None, None
    algorithm = algorithm_of(headers["x-amz-checksum-algorithm"])
    usual = "FULL_OBJECT" if algorithm == "crc64nvme" else "COMPOSITE"
    kind = headers.get("x-amz-checksum-type", usual)
    possible = {"COMPOSITE"} if algorithm not in JOINABLE else {usual, "FULL_OBJECT"}
    if kind not in possible:
        message = f"The {kind} checksum type cannot be used with the {algorithm} checksum algorithm."
        raise S3Error("InvalidRequest", message)
    return algorithm, kind


def described(part: Part) -> dict:
    return {
        "PartNumber": part.number,
        "LastModified": timestamp(part.modified),
        "ETag": quoted(part.etag),
        "Size": part.size,
    } | {member_of(name): value for name, value in part.checksums.items()}


def chosen_parts(stated: Sequence[Element], uploaded: Sequence[Part]) -> list[Part]:
    """The parts that the client names. Raises InvalidPart, InvalidPartOrder, EntityTooSmall, MalformedXML."""
    if not stated:
        raise malformed_xml("<CompleteMultipartUpload> has no <Part>")
    known = {part.number: part for part in uploaded}
    chosen = []
    for element in stated:
        number = text_of(element, "PartNumber")
        part = known.get(int(number)) if number.isdecimal() else None
        if part is None or not is_as_stated(element, part):
            message = (
                "One or more of the specified parts could not be found. The part may not have been uploaded, "
                "or the specified entity tag may not match the part's entity tag."
            )
            raise S3Error("InvalidPart", message, PartNumber=number, ETag=element.findtext("ETag"))
        if chosen and chosen[-1].number >= part.number:
            message = "The list of parts was not in ascending order. Parts must be ordered by part number."
            raise S3Error("InvalidPartOrder", message, PartNumber=number)
        chosen.append(part)
    for part in chosen[:-1]:
        if part.size < SMALLEST_PART:
            message = "Your proposed upload is smaller than the minimum allowed size"
            sizes = {"ProposedSize": part.size, "MinSizeAllowed": SMALLEST_PART, "PartNumber": part.number}
            raise S3Error("EntityTooSmall", message, **sizes)
    return chosen


def is_as_stated(element: Element, part: Part) -> bool:
    if text_of(element, "ETag").strip('"') != part.etag:
        return False
    stated = {name: element.findtext(member_of(name)) for name in KNOWN}
    return all(value is None or part.checksums.get(name, value) == value for name, value in stated.items())


def assembled(upload: Upload, parts: Sequence[Part]) -> Content:
    digest = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in parts), usedforsecurity=False)
    return Content(
        size=sum(part.size for part in parts),
        etag=f"{digest.hexdigest()}-{len(parts)}",
        pieces=[piece for part in parts for piece in part.pieces],
        headers=upload.headers,
        tags=upload.tags,
        checksums=joined_checksum(upload, parts),
    )


def joined_checksum(upload: Upload, parts: Sequence[Part]) -> dict[str, str]:
    """The whole object's checksum, from those of its parts, where every part has one."""
    algorithm = upload.algorithm
    if algorithm not in ALGORITHMS or any(algorithm not in part.checksums for part in parts):
        return {}
    digests = [decode(part.checksums[algorithm]) for part in parts]
    if upload.type == "COMPOSITE":
        running = ALGORITHMS[algorithm]()
        running.update(b"".join(digests))
        return {algorithm: f"{encode(running.digest())}-{len(parts)}"}
    crc = crc_of(algorithm)
    joined = reduce(
        lambda sofar, next_part: crc.join(sofar, int.from_bytes(next_part[0], "big"), next_part[1].size),
        zip(digests[1:], parts[1:], strict=True),
        int.from_bytes(digests[0], "big"),
    )
    return {algorithm: encode(joined.to_bytes(crc.size, "big"))}


def check_whole(headers: Mapping[str, str], content: Content) -> None:
    """What the client says of the whole object must be so. Raises BadDigest, InvalidRequest."""
    for algorithm, value in stated_checksums(headers).items():
        computed = content.checksums.get(algorithm)
        if computed is not None and value.partition("-")[0] != computed.partition("-")[0]:
            message = f"The {algorithm.upper()} you specified did not match the calculated checksum."
            raise S3Error("BadDigest", message, ExpectedDigest=value, CalculatedDigest=computed)
    stated = headers.get("x-amz-mp-object-size")
    if stated is not None and stated != str(content.size):
        message = (
            f"The provided 'x-amz-mp-object-size' header value {stated} does not match what was computed"
        )
        raise S3Error("InvalidRequest", f"{message}: {content.size}")
