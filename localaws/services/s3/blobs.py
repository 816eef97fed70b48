"""The bytes of objects: files that are written once, fsynced, and never changed."""

import logging
import os
import secrets
import threading
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple


class Piece(NamedTuple):
    """A run of bytes of one blob; an object is a sequence of these."""

    blob: str
    start: int
    size: int


def cut(pieces: Iterable[Piece], start: int, size: int) -> list[Piece]:
    """The pieces of ``size`` bytes from ``start``, without moving a byte."""
    found = []
    for piece in pieces:
        skipped = min(start, piece.size)
        length = min(piece.size - skipped, size)
        if length:
            found.append(Piece(piece.blob, piece.start + skipped, length))
        start -= skipped
        size -= length
    return found


class Blobs:
    """A folder of blobs. Hold ``guard`` from looking up in the index which to read until ``open``."""

    def __init__(self, folder: Path):
        self.guard = threading.Lock()
        self._folder = folder
        self._readers: Counter[str] = Counter()  # open readers by blob
        self._doomed: set[str] = set()  # deleted as soon as their last reader closes
        for shard in range(256):
            (folder / f"{shard:02x}").mkdir(parents=True, exist_ok=True)
        for directory in (folder, folder.parent):
            sync_directory(directory)

    def path(self, blob: str) -> Path:
        return self._folder / blob[:2] / blob

    def create(self) -> "BlobWriter":
        return BlobWriter(self, secrets.token_hex(16))

    def open(self, pieces: Sequence[Piece]) -> "Reader":
        """To be called under ``guard``: from then on the blobs stay until the reader is closed."""
        return Reader(self, pieces)

    def discard(self, blobs: Iterable[str]) -> None:
        """Delete blobs that no object uses any more."""
        for blob in blobs:
            with self.guard:
                in_use = blob in self._readers
                if in_use:
                    self._doomed.add(blob)
            if not in_use:
                self._remove(blob)

    def sweep(self, used: Collection[str]) -> None:
        """Delete what a crash left behind: files of requests that were never acknowledged."""
        for shard in os.scandir(self._folder):
            for file in os.scandir(shard):
                if file.name not in used:
                    os.unlink(file)

    def hold(self, blobs: Iterable[str]) -> None:
        self._readers.update(blobs)

    def let_go(self, blobs: Iterable[str]) -> None:
        with self.guard:
            self._readers -= Counter(blobs)  # drops those that reach zero
            doomed = {blob for blob in self._doomed.intersection(blobs) if blob not in self._readers}
            self._doomed -= doomed
        for blob in doomed:
            self._remove(blob)

    def _remove(self, blob: str) -> None:
        # The request that made the blob useless is committed: it must not fail now. Next start sweeps again.
        try:
            self.path(blob).unlink(missing_ok=True)
        except OSError:
            logging.getLogger(__name__).exception("could not delete blob %s", blob)


class BlobWriter:
    """A blob in the making; no object has it until an index row names it."""

    def __init__(self, blobs: Blobs, name: str):
        self.name = name
        self._path = blobs.path(name)
        self._file = self._path.open("xb", buffering=0)

    def write(self, block: bytes) -> None:
        rest = memoryview(block)
        while rest:
            rest = rest[self._file.write(rest) :]

    def finish(self) -> None:
        """Return when the bytes are on disk. With them ext4, XFS and btrfs keep the name of a new file: its
        directory needs no fsync of its own."""
        os.fsync(self._file.fileno())
        self._file.close()

    def abandon(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)


class Reader:
    """Reads pieces in a row, like a file. Close it, or its blobs can never be deleted."""

    def __init__(self, blobs: Blobs, pieces: Sequence[Piece]):
        self.size = sum(piece.size for piece in pieces)
        self._blobs = blobs
        self._names = [piece.blob for piece in pieces]
        self._rest = list(reversed(pieces))
        self._file = None
        self._left = 0  # bytes of the current piece
        blobs.hold(self._names)

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; b"" at the end."""
        while not self._left:
            self._close_file()
            if not self._rest:
                return b""
            piece = self._rest.pop()
            self._file = self._blobs.path(piece.blob).open("rb", buffering=0)
            self._file.seek(piece.start)
            self._left = piece.size
        data = self._file.read(min(size, self._left))
        if not data:
            raise EOFError(f"blob {self._file.name} is shorter than the index says")
        self._left -= len(data)
        return data

    def read_all(self) -> bytes:
        pieces = []
        while data := self.read(self.size):
            pieces.append(data)
        return b"".join(pieces)

    def close(self) -> None:
        self._close_file()
        self._blobs.let_go(self._names)
        self._names = []

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _close_file(self) -> None:
        if self._file:
            self._file.close()
            self._file = None


def sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
