"""Addresses that carry their own permission: signed, for one purpose, for a short time."""

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from pathlib import Path


class BadToken(ValueError):
    """Not signed here, for something else, or expired."""


class Signer:
    """Signs with a secret that lies in ``path``, readable by its owner alone; made at the first start."""

    def __init__(self, path: Path):
        self.secret = _secret_of(path)

    def sign(self, purpose: str, content: dict, until: float) -> str:
        """A token for the path of a URL: letters, digits, ``-``, ``_`` and one dot."""
        body = _encode(json.dumps([purpose, int(until), content]).encode())
        return f"{body}.{self._mac(body)}"

    def open(self, purpose: str, token: str) -> dict:
        """The content of a token. Raises BadToken."""
        body, _, mac = token.partition(".")
        if not hmac.compare_digest(mac.encode(), self._mac(body).encode()):
            raise BadToken("the signature is wrong")
        found, until, content = json.loads(_decode(body))
        if found != purpose:
            raise BadToken(f"it is for {found}")
        if until < time.time():
            raise BadToken("it has expired")
        return content

    def derive(self, purpose: str, text: str) -> str:
        """A secret that belongs to ``text``, such as the CSRF token of a session."""
        return self._mac(f"{purpose}\n{text}")

    def _mac(self, text: str) -> str:
        return _encode(hmac.digest(self.secret, text.encode(), hashlib.sha256))


def _secret_of(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        new = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    return path.read_bytes()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
