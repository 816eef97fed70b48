"""What a GET or HEAD says about an object, and which of its bytes it sends."""

import re
from collections.abc import Mapping
from email.utils import formatdate

from .digests import PREFIX
from .documents import quoted
from .errors import S3Error, not_implemented
from .messages import Request, Response
from .versions import Content, Version

OVERRIDABLE = (
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
)


def represent(request: Request, version: Version) -> tuple[Response, int, int]:
    """The response without its body, and which bytes the body is: (response, start, size)."""
    if "partNumber" in request.query:
        raise not_implemented("GetObject and HeadObject of a single part (partNumber)")
    content = version.content
    headers = object_headers(version) | overridden_headers(request.query)
    wanted = wanted_range(request.headers.get("range", ""), content.size)
    if wanted is None:
        if request.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED":
            headers |= checksum_headers(content)
        return Response(200, headers | {"content-length": content.size}), 0, content.size
    start, size = wanted
    headers |= {"content-length": size, "content-range": f"bytes {start}-{start + size - 1}/{content.size}"}
    return Response(206, headers), start, size


def wanted_range(header: str, size: int) -> tuple[int, int] | None:
    """(start, length) in bytes; None, so all, for several ranges or what is no range. Raises InvalidRange."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", header.strip())
    if not match or match[0] == "bytes=-":
        return None
    if match[1]:
        start, end = int(match[1]), min(int(match[2] or size), size - 1)
        if match[2] and int(match[2]) < start:
            return None
    else:
        start, end = max(size - int(match[2]), 0), size - 1
    if start >= size:
        headers = {"content-range": f"bytes */{size}"}
        message = "The requested range is not satisfiable"
        raise S3Error("InvalidRange", message, 416, headers, RangeRequested=header, ActualObjectSize=size)
    return start, end - start + 1


def object_headers(version: Version) -> dict[str, object]:
    """The headers of a GET or HEAD of the whole object, but for its length."""
    content = version.content
    return (
        {"content-type": "binary/octet-stream"}
        | content.headers
        | version.headers
        | {
            "etag": quoted(content.etag),
            "last-modified": formatdate(version.modified, usegmt=True),
            "accept-ranges": "bytes",
            "x-amz-tagging-count": len(content.tags) or None,
        }
    )


def checksum_headers(content: Content) -> dict[str, str]:
    if not content.checksums:
        return {}
    kind = "COMPOSITE" if any("-" in value for value in content.checksums.values()) else "FULL_OBJECT"
    return {f"{PREFIX}{name}": value for name, value in content.checksums.items()} | {
        "x-amz-checksum-type": kind
    }


def overridden_headers(query: Mapping[str, str]) -> dict[str, str]:
    """``response-content-type=...`` and its kin, with which a presigned URL names the answer's headers."""
    return {name: query[f"response-{name}"] for name in OVERRIDABLE if f"response-{name}" in query}
