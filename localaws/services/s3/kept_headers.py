"""What a PUT keeps of its request's headers, to be given back with the object."""

from collections.abc import Mapping

from .errors import S3Error, not_implemented

METADATA = "x-amz-meta-"
MOST_METADATA = 2048  # bytes
KEPT = (
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
)
# Buckets made since 2023 have access control lists switched off: only those that change nothing are taken.
HARMLESS_ACLS = ("private", "bucket-owner-full-control")


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """What to keep of a request's headers. Raises MetadataTooLarge; refuses what would not be honoured."""
    if any("server-side-encryption-customer" in name for name in headers):
        raise not_implemented("encryption with a customer's own key (SSE-C)")
    if any(name.startswith("x-amz-object-lock-") for name in headers):
        raise not_implemented("object lock")
    refuse_access_lists(headers)
    kept = {name: headers[name] for name in KEPT if name in headers}
    # aws-chunked was how the request came, not what the object is.
    encodings = [name.strip() for name in kept.pop("content-encoding", "").split(",")]
    if encoding := ",".join(name for name in encodings if name not in ("", "aws-chunked")):
        kept["content-encoding"] = encoding
    metadata = {name: value for name, value in headers.items() if name.startswith(METADATA)}
    size = sum(len(name) - len(METADATA) + len(value) for name, value in metadata.items())
    if size > MOST_METADATA:
        message = "Your metadata headers exceed the maximum allowed metadata size"
        raise S3Error("MetadataTooLarge", message, Size=size, MaxSizeAllowed=MOST_METADATA)
    return kept | metadata


def refuse_access_lists(headers: Mapping[str, str]) -> None:
    """Raises AccessControlListNotSupported for an access control list that would have to be honoured."""
    granted = any(name.startswith("x-amz-grant-") for name in headers)
    if granted or headers.get("x-amz-acl", "private") not in HARMLESS_ACLS:
        raise S3Error("AccessControlListNotSupported", "The bucket does not allow ACLs")
