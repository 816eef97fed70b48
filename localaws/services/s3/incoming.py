"""An object's bytes on their way from a request into a blob."""

from collections.abc import Mapping
from dataclasses import dataclass

from .blobs import Blobs, BlobWriter, Piece
from .body import Body, incomplete
from .digests import Digests


@dataclass(frozen=True)
class Received:
    """What came in: its bytes are on disk, and what the client stated about them was true."""

    size: int
    md5: str  # hexadecimal
    pieces: list[Piece]
    checksums: dict[str, str]


class Incoming:
    """Takes blocks with ``write``, the last one with ``finish``. Blocking: to be used in a worker thread."""

    def __init__(self, blobs: Blobs, headers: Mapping[str, str], body: Body):
        self._blobs = blobs
        self._body = body
        self._digests = Digests(headers)
        self._writer: BlobWriter | None = None
        self._size = 0
        self.last_block = b""

    def write(self, block: bytes) -> None:
        if not block:
            return
        if self._size + len(block) > self._body.length:
            raise incomplete(self._body.length, self._size + len(block))
        if self._writer is None:
            self._writer = self._blobs.create()
        self._writer.write(block)
        self._digests.update(block)
        self._size += len(block)

    def finish(self) -> Received:
        """Raises IncompleteBody, and what ``Digests.verify`` raises."""
        self.write(self.last_block)
        if self._size != self._body.length:
            raise incomplete(self._body.length, self._size)
        checksums = self._digests.verify(self._body.trailers)
        pieces = []
        if self._writer is not None:
            self._writer.finish()
            pieces = [Piece(self._writer.name, 0, self._size)]
        return Received(self._size, self._digests.md5.hex(), pieces, checksums)

    def abandon(self) -> None:
        """Delete the blob: its request failed."""
        if self._writer is not None:
            self._writer.abandon()
