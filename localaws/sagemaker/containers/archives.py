"""model.tar.gz and sourcedir.tar.gz: packed reproducibly, unpacked with their members checked."""

import gzip
import tarfile
from pathlib import Path

from localaws.sagemaker.containers.patience import JobError


def pack(folder: Path, archive: Path) -> None:
    """The folder's contents as a .tar.gz; the same contents give the same bytes, whatever day it is."""
    with (
        open(archive, "wb") as file,
        gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w") as tar,
    ):
        for path in sorted(folder.rglob("*")):
            tar.add(path, arcname=path.relative_to(folder).as_posix(), recursive=False, filter=_anonymous)


def unpack(archive: Path, folder: Path, uri: str) -> None:
    """Raises JobError, naming ``uri``, for what is no .tar.gz and for members that lead out of the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(folder, filter="data")
    except tarfile.FilterError as problem:
        raise JobError(f"ClientError: {uri}: refused to unpack it: {problem}") from problem
    except (tarfile.TarError, EOFError, gzip.BadGzipFile) as problem:
        raise JobError(f"ClientError: {uri} is not a .tar.gz archive: {problem}") from problem


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member
