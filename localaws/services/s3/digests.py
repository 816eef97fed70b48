"""What a client says its body hashes to, checked while the body passes.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

import base64
import binascii
import hashlib
import re
import zlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .errors import S3Error

if TYPE_CHECKING:
    from .crc import Crc

PREFIX = "x-amz-checksum-"
JOINABLE = {"crc32", "crc32c", "crc64nvme"}  # of the checksums of parts follows that of the whole


def crc_of(algorithm: str) -> "Crc":
    from . import crc  # it needs numpy: loaded when first asked for, so that the server starts without it

    return {"crc32": crc.CRC32, "crc32c": crc.CRC32C, "crc64nvme": crc.CRC64NVME}[algorithm]


class RunningCrc:
    """A CRC with hashlib's two methods."""

    def __init__(self, update: Callable[[bytes, int], int], size: int):
        self._update, self._size, self._crc = update, size, 0

    def update(self, block: bytes) -> None:
        self._crc = self._update(block, self._crc)

    def digest(self) -> bytes:
        return self._crc.to_bytes(self._size, "big")


ALGORITHMS: dict[str, Callable[[], object]] = {
    "crc32": lambda: RunningCrc(zlib.crc32, 4),
    "crc32c": lambda: RunningCrc(crc_of("crc32c").update, 4),
    "crc64nvme": lambda: RunningCrc(crc_of("crc64nvme").update, 8),
    "sha1": hashlib.sha1,
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
    "md5": hashlib.md5,
}
# What S3 knows besides and the standard library cannot compute: kept and returned as the client stated it.
UNVERIFIED = {"xxhash64", "xxhash3", "xxhash128"}
KNOWN = ALGORITHMS.keys() | UNVERIFIED


def encode(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def algorithm_of(name: str) -> str:
    """CRC32C -> crc32c. Raises InvalidRequest for an algorithm that S3 does not have."""
    if name.lower() not in KNOWN:
        known = ", ".join(sorted(known.upper() for known in KNOWN))
        raise S3Error("InvalidRequest", f"Checksum algorithm {name} is not one of {known}")
    return name.lower()


def member_of(algorithm: str) -> str:
    """The name of a checksum in XML documents: crc32c -> ChecksumCRC32C."""
    return f"Checksum{algorithm.upper()}"


def stated_checksums(headers: Mapping[str, str]) -> dict[str, str]:
    """The checksums named in headers or trailers, by algorithm, in base64."""
    stated = {name.removeprefix(PREFIX): value for name, value in headers.items() if name.startswith(PREFIX)}
    return {algorithm: value for algorithm, value in stated.items() if algorithm in KNOWN}


class Digests:
    """Hashes of one body: feed it with ``update``, then ``verify`` against what the headers state."""

    def __init__(self, headers: Mapping[str, str], ask: str | None = None):
        self._headers = headers
        algorithms = set(stated_checksums(headers))
        asked = ask or headers.get("x-amz-sdk-checksum-algorithm")
        if asked:
            algorithms.add(algorithm_of(asked))
        trailers = [name.strip().lower() for name in headers.get("x-amz-trailer", "").split(",")]
        self._promised = {
            algorithm_of(name.removeprefix(PREFIX)) for name in trailers if name.startswith(PREFIX)
        }
        algorithms |= self._promised
        self._hashes = {name: ALGORITHMS[name]() for name in sorted(algorithms & ALGORITHMS.keys())}
        self._md5 = hashlib.md5(usedforsecurity=False)
        payload = headers.get("x-amz-content-sha256", "")
        self._payload = payload if re.fullmatch("[0-9a-f]{64}", payload) else None
        self._sha256 = hashlib.sha256() if self._payload else None

    def update(self, block: bytes) -> None:
        self._md5.update(block)
        if self._sha256:
            self._sha256.update(block)
        for running in self._hashes.values():
            running.update(block)

    @property
    def md5(self) -> bytes:
        return self._md5.digest()

    def verify(self, trailers: Mapping[str, str]) -> dict[str, str]:
        """The body's checksums by algorithm. Raises BadDigest, InvalidDigest, XAmzContentSHA256Mismatch."""
        if self._sha256 and self._sha256.hexdigest() != self._payload:
            message = "The provided 'x-amz-content-sha256' header does not match what was computed."
            raise S3Error("XAmzContentSHA256Mismatch", message)
        if "content-md5" in self._headers:
            self._verify_content_md5(self._headers["content-md5"])
        stated = stated_checksums(self._headers) | stated_checksums(trailers)
        if self._promised - stated.keys():
            message = "The request contained trailing data that was not well-formed or did not conform"
            raise S3Error("MalformedTrailerError", f"{message}: {sorted(self._promised)} is missing")
        computed = {name: running.digest() for name, running in self._hashes.items()}
        for algorithm in computed.keys() & stated.keys():
            self._verify_checksum(algorithm, stated[algorithm], computed[algorithm])
        return stated | {algorithm: encode(digest) for algorithm, digest in computed.items()}

    def _verify_content_md5(self, stated: str) -> None:
        digest = decode(stated)
        if digest is None or len(digest) != 16:
            raise S3Error("InvalidDigest", f"The Content-MD5 you specified was invalid: {stated!r}")
        if digest != self.md5:
            message = "The Content-MD5 you specified did not match what we received."
            raise S3Error("BadDigest", message, ExpectedDigest=stated, CalculatedDigest=encode(self.md5))

    def _verify_checksum(self, algorithm: str, stated: str, computed: bytes) -> None:
        digest = decode(stated)
        if digest is None or len(digest) != len(computed):
            raise S3Error("InvalidRequest", f"Value for {PREFIX}{algorithm} header is invalid: {stated!r}")
        if digest != computed:
            message = f"The {algorithm.upper()} you specified did not match the calculated checksum."
            raise S3Error("BadDigest", message, ExpectedDigest=stated, CalculatedDigest=encode(computed))


def decode(value: str) -> bytes | None:
    """Base64 to bytes; None if it is no base64."""
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
