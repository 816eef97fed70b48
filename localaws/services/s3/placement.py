"""Where puts, copies and completed uploads meet: new content takes its place under a key."""

from . import versions
from .conditions import check_write
from .messages import Request
from .storage import Change
from .versions import Content, Version


def place(change: Change, request: Request, content: Content) -> tuple[Version, dict[str, str]]:
    """Make ``content`` the latest version, on the request's conditions. Returns it and headers that name it.

    Raises NoSuchBucket, PreconditionFailed, NoSuchKey (If-Match without an object).
    """
    bucket = versions.find_bucket(change, request.bucket)
    if "if-match" in request.headers or "if-none-match" in request.headers:
        check_write(request.headers, request.key, versions.latest(change, request.bucket, request.key))
    change.hold(content.pieces)
    version = versions.append(change, bucket, request.key, content)
    # A bucket that never kept versions does not speak of them.
    return version, {"x-amz-version-id": version.id} if bucket["versioning"] else {}
