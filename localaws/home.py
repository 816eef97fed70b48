"""The folder that one stand-in lives in: its lock, its ports, its credentials."""

import configparser
import fcntl
import json
import logging
import os
import random
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

logger = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
# Below what Linux and macOS give to outgoing connections: a client that keeps knocking at a port of their
# range while the server is down gets, sooner or later, connected to itself, and the port is gone.
PORTS = range(20000, 32000)


class CannotStart(Exception):
    """Its text is all that the user needs to read."""


@dataclass(frozen=True)
class Credentials:
    access_key: str
    secret_key: str


class Home:
    """Raises CannotStart where another server holds the folder, OSError where it cannot be written."""

    def __init__(self, path: str | Path):
        self.path = Path(path).absolute()
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path.chmod(0o700)  # it may have been there before
        self.credentials_file = self.path / "credentials"
        self.config_file = self.path / "config"
        self._ports_file = self.path / "ports.json"
        self._lock = self._take_lock()
        self.credentials = self._read_credentials()

    def listen(self, name: str, port: int = 0, host: str = LOOPBACK) -> socket.socket:
        """A listening socket on ``port``; 0 is the port of this name's last time, or else any free one.

        Children and clients of the last time find the server again under the old port.
        """
        ports = json.loads(self._ports_file.read_text()) if self._ports_file.exists() else {}
        last = [ports[name]] if name in ports else []
        for candidate in [port] if port else last + random.sample(PORTS, 100):
            try:
                listener = socket.create_server((host, candidate), backlog=1024)
                break
            except OSError as problem:
                reason = os.strerror(problem.errno) if (problem.errno or 0) > 0 else str(problem)
        else:
            raise CannotStart(f"cannot listen on {host} port {port or 'any of 100'}: {reason}")
        if not port and last and candidate not in last:
            logger.warning("port %s of the last time is taken (%s): now on %s", last[0], name, candidate)
        ports[name] = listener.getsockname()[1]
        self._write(self._ports_file, json.dumps(ports))
        return listener

    def write_client_config(self, endpoint_url: str, region: str) -> None:
        """An AWS config file for clients: where the server is, and version 4 for presigned URLs too."""
        lines = ("[default]", f"region = {region}", f"endpoint_url = {endpoint_url}", "s3 =")
        settings = ("    signature_version = s3v4", "    addressing_style = path")
        self._write(self.config_file, "\n".join((*lines, *settings, "")))

    def remember(self, name: str, text: str) -> str:
        """What the file ``name`` of the folder says; ``text``, from now on, where there was none."""
        path = self.path / name
        if not path.exists():
            self._write(path, text)
        return path.read_text()

    def _take_lock(self) -> int:
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(f"another server is running on {self.path}") from None
        return lock

    def _read_credentials(self) -> Credentials:
        if not self.credentials_file.exists():
            keys = (f"LOCALAWS{secrets.token_hex(6).upper()}", secrets.token_urlsafe(30))
            lines = ("[default]", f"aws_access_key_id = {keys[0]}", f"aws_secret_access_key = {keys[1]}", "")
            self._write(self.credentials_file, "\n".join(lines))
        self.credentials_file.chmod(0o600)
        parser = configparser.RawConfigParser()
        try:
            parser.read(self.credentials_file)
            profile = parser["default"]
            return Credentials(profile["aws_access_key_id"], profile["aws_secret_access_key"])
        except (configparser.Error, KeyError):
            raise CannotStart(
                f"{self.credentials_file} is no AWS credentials file with both keys in a [default] profile; "
                "delete it to have a new one made"
            ) from None

    def _write(self, path: Path, text: str) -> None:
        """All of it or nothing, readable to the owner alone."""
        new = path.with_suffix(".new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)
