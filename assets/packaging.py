"""The detector's sources as the archive that script mode unpacks."""

import gzip
import io
import tarfile
from pathlib import Path

from resources.names import content_hash, sha256


def source_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def source_digest(folder: Path) -> str:
    """A hash of the names and contents. Not of the archive: another zlib packs the same files differently."""
    return content_hash(
        {path.relative_to(folder).as_posix(): sha256(path.read_bytes()) for path in source_files(folder)}
    )


def pack_source(folder: Path) -> bytes:
    """``sourcedir.tar.gz``: sorted, without owners and times."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path in source_files(folder):
            entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
            entry.size, entry.mode = path.stat().st_size, 0o644
            with path.open("rb") as file:
                archive.addfile(entry, file)
    return packed.getvalue()
