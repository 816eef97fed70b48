"""A function's zip: checked, and unpacked into a folder named after its content."""

import base64
import hashlib
import io
import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath

from localaws.api import AwsError

LARGEST = 262_144_000  # bytes, unpacked, as on AWS


def digest(archive: bytes) -> str:
    """CodeSha256: base64, not hexadecimal."""
    return base64.b64encode(hashlib.sha256(archive).digest()).decode()


def unpack(archive: bytes, parent: Path) -> Path:
    """The folder with the archive's files. InvalidParameterValueException names the member at fault."""
    folder = parent / hashlib.sha256(archive).hexdigest()[:32]
    if folder.exists():
        return folder
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            members = opened.infolist()
            _check(members)
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            for member in members:
                path = Path(opened.extract(member, part))
                if mode := member.external_attr >> 16 & 0o777:
                    path.chmod(mode | 0o600 | (0o100 if member.is_dir() else 0))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as problem:
        if isinstance(problem, OSError) and problem.errno is not None:
            raise  # the disk, not the archive
        raise _refused(f"Could not unzip uploaded file: {problem}") from None
    part.rename(folder)
    return folder


def _check(members: list[zipfile.ZipInfo]) -> None:
    if not members:
        raise _refused("Uploaded file must be a non-empty zip")
    for member in members:
        path = PurePosixPath(member.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in member.filename or ":" in path.parts[0]:
            raise _refused(f"Could not unzip uploaded file: {member.filename!r} leads out of the folder")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise _refused(f"Could not unzip uploaded file: {member.filename!r} is a symbolic link")
    if sum(member.file_size for member in members) >= LARGEST:
        raise _refused(f"Unzipped size must be smaller than {LARGEST} bytes")


def _refused(message: str) -> AwsError:
    return AwsError("InvalidParameterValueException", message)
