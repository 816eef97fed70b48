"""Conditional requests: If-Match and its kin (RFC 9110, section 13)."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from .errors import no_such_key, not_implemented, precondition_failed
from .versions import Version


def check_read(headers: Mapping[str, str], version: Version) -> bool:
    """Whether the object is to be sent; False: the client has it already (304). Raises PreconditionFailed."""
    etag, modified = version.content.etag, int(version.modified)
    unmodified_since = _moment(headers.get("if-unmodified-since"))
    if "if-match" in headers:  # it outweighs the date
        if not _matches(headers["if-match"], etag):
            raise precondition_failed("If-Match")
    elif unmodified_since is not None and modified > unmodified_since:
        raise precondition_failed("If-Unmodified-Since")
    if "if-none-match" in headers:
        return not _matches(headers["if-none-match"], etag)
    modified_since = _moment(headers.get("if-modified-since"))
    return modified_since is None or modified > modified_since


def check_source(headers: Mapping[str, str], version: Version) -> None:
    """The same for the source of a copy, where nothing new is a failure too. Raises PreconditionFailed."""
    prefix = "x-amz-copy-source-"
    own = {name.removeprefix(prefix): value for name, value in headers.items() if name.startswith(prefix)}
    if not check_read(own, version):
        raise precondition_failed("x-amz-copy-source-If-None-Match or -If-Modified-Since")


def check_write(headers: Mapping[str, str], key: str, current: Version | None) -> None:
    """Whether the object may be replaced or deleted. Raises PreconditionFailed, NoSuchKey, NotImplemented."""
    if "if-none-match" in headers:
        if headers["if-none-match"].strip() != "*":
            raise not_implemented("If-None-Match on a write with anything but *")
        if current is not None:
            raise precondition_failed("If-None-Match")
    if "if-match" in headers:
        if current is None:
            raise no_such_key(key)
        if not _matches(headers["if-match"], current.content.etag):
            raise precondition_failed("If-Match")


def _matches(header: str, etag: str) -> bool:
    stated = {candidate.strip().removeprefix("W/").strip('"') for candidate in header.split(",")}
    return bool(stated & {etag, "*"})


def _moment(header: str | None) -> float | None:
    """Epoch seconds; None for no date or one that cannot be read, which HTTP says to ignore."""
    try:
        return parsedate_to_datetime(header).timestamp() if header else None
    except ValueError:
        return None
