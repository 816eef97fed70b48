"""Request bodies: plain or aws-chunked, in blocks, never more of them in memory than one block.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Protocol

from .errors import S3Error

BLOCK = 1 << 20  # bytes
LONGEST_LINE = 16_384  # bytes, of what is between the chunks of an aws-chunked body


class ChunkSignatures(Protocol):
    """The chain of signatures in an aws-chunked body; the gateway puts one into the scope of each request."""

    def next(self, sha256: str) -> str: ...

    def trailer(self, sha256: str) -> str: ...


class Plain:
    """A body that is what it is."""

    trailers: Mapping[str, str] = {}
    complete = True

    def feed(self, data: bytes) -> bytes:
        return data


class AwsChunked:
    """Takes ``size[;chunk-signature=...] CRLF data CRLF ... 0 CRLF [trailers] CRLF`` apart as it arrives."""

    def __init__(self, signatures: ChunkSignatures | None):
        """``signatures`` is the chain that signed chunks must follow; None if they are not signed."""
        self.trailers: dict[str, str] = {}
        self.complete = False  # the last chunk was seen, and the trailers' signature if there must be one
        self._in_trailers = False
        self._signatures = signatures
        self._buffer = bytearray()
        self._left = 0  # bytes of the current chunk still to come, its CRLF included
        self._hash = hashlib.sha256()  # of the current chunk, then of the trailers
        self._stated = ""  # signature of the current chunk

    def feed(self, data: bytes) -> bytes:
        """The payload in ``data``, as far as it can be told. Raises InvalidRequest, SignatureDoesNotMatch."""
        self._buffer += data
        payload = bytearray()
        while self._buffer:
            if self._left:
                payload += self._take_data()
            elif (end := self._buffer.find(b"\r\n")) >= 0:
                line = self._buffer[:end].decode("latin-1")
                del self._buffer[: end + 2]
                self._take_trailer(line) if self._in_trailers else self._begin_chunk(line)
            elif len(self._buffer) > LONGEST_LINE:
                message = f"A line of the aws-chunked body is longer than {LONGEST_LINE} bytes"
                raise S3Error("InvalidRequest", message)
            else:
                break
        return bytes(payload)

    def _begin_chunk(self, line: str) -> None:
        size, _, extension = line.partition(";")
        if not re.fullmatch("[0-9a-fA-F]{1,16}", size):
            raise S3Error("InvalidRequest", f"Not the size of an aws-chunk in hexadecimal: {size[:40]!r}")
        length = int(size, 16)
        self._stated = extension.partition("chunk-signature=")[2].strip()
        self._left = length + 2 if length else 0
        if not length:
            self._in_trailers = self.complete = True
            self._check_chunk()

    def _take_data(self) -> bytes:
        taken = self._buffer[: self._left]
        del self._buffer[: self._left]
        data = bytes(taken[: max(0, self._left - 2)])
        self._left -= len(taken)
        if self._signatures:
            self._hash.update(data)
            if not self._left:
                self._check_chunk()
        return data

    def _check_chunk(self) -> None:
        if self._signatures and self._signatures.next(self._hash.hexdigest()) != self._stated:
            raise chunk_signature_mismatch()
        self._hash = hashlib.sha256()

    def _take_trailer(self, line: str) -> None:
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        if name == "x-amz-trailer-signature":
            if self._signatures and self._signatures.trailer(self._hash.hexdigest()) != value:
                raise chunk_signature_mismatch()
            self.complete = True
        elif name:
            self.trailers[name] = value
            self._hash.update(f"{name}:{value}\n".encode("latin-1"))
            self.complete = self._signatures is None


def chunk_signature_mismatch() -> S3Error:
    message = "The signature of a chunk that we calculated does not match the one you provided."
    return S3Error("SignatureDoesNotMatch", message, 403)


class Body:
    """The body of one request. Raises IncompleteBody where it ends before its declared length."""

    def __init__(
        self,
        receive: Callable[[], Awaitable[dict]],
        headers: Mapping[str, str],
        signatures: ChunkSignatures | None = None,
    ):
        self._receive = receive
        payload = headers.get("x-amz-content-sha256", "")
        chunked = payload.startswith("STREAMING-") or "aws-chunked" in headers.get("content-encoding", "")
        signed = payload.startswith("STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
        self._decoder = AwsChunked(signatures if signed else None) if chunked else Plain()
        self._length = headers.get("x-amz-decoded-content-length" if chunked else "content-length")
        self._size = 0
        self.touched = False  # something was read: the client is sending
        self.done = headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers

    @property
    def length(self) -> int:
        """Bytes of payload, as the client says. Raises MissingContentLength, InvalidArgument."""
        if self._length is None:
            raise S3Error("MissingContentLength", "You must provide the Content-Length HTTP header.", 411)
        if not self._length.isdecimal():
            raise S3Error("InvalidArgument", f"A length is a number of bytes, not {self._length!r}")
        return int(self._length)

    @property
    def trailers(self) -> Mapping[str, str]:
        return self._decoder.trailers

    async def block(self, size: int = BLOCK) -> bytes:
        """The next bytes: at least ``size`` of them, unless the body ends, which ``done`` then tells."""
        pieces, length = [], 0
        while length < size and not self.done:
            self.touched = True
            payload = self._decoder.feed(await self._next_message())
            pieces.append(payload)
            length += len(payload)
            self._size += len(payload)
            if self.done and not self._decoder.complete:
                raise incomplete(self._length, self._size)
        return b"".join(pieces)

    async def read(self, limit: int) -> bytes:
        """All of it. Raises MaxMessageLengthExceeded above ``limit`` bytes."""
        pieces = []
        while not self.done:
            pieces.append(await self.block())
            if self._size > limit:
                message = f"Your request was too big: this operation takes {limit} bytes at most."
                raise S3Error("MaxMessageLengthExceeded", message, MaxMessageLengthBytes=limit)
        return b"".join(pieces)

    async def drain(self) -> None:
        """Read what is left of a body that was refused, so that the connection can serve its next request."""
        with suppress(S3Error):
            while not self.done:
                await self._next_message()

    async def _next_message(self) -> bytes:
        message = await self._receive()
        self.done = not message.get("more_body", False)
        if message["type"] == "http.disconnect":
            raise S3Error("RequestTimeout", "The connection was closed before the whole body arrived.")
        return message.get("body", b"")


def incomplete(expected: object, provided: int) -> S3Error:
    message = "You did not provide the number of bytes specified by the Content-Length HTTP header"
    return S3Error("IncompleteBody", message, NumberBytesExpected=expected, NumberBytesProvided=provided)
