"""Passwords: a pool's policy, scrypt hashes, and a limit on guessing."""

import hashlib
import hmac
import secrets
import threading
import time
from collections import deque

from localaws.api import AwsError

# What a pool asks for that says nothing itself, and what one leaves open that does.
DEFAULT_POLICY = {
    "MinimumLength": 8,
    "RequireUppercase": True,
    "RequireLowercase": True,
    "RequireNumbers": True,
    "RequireSymbols": True,
    "TemporaryPasswordValidityDays": 7,
}
OPEN_POLICY = {"MinimumLength": 8, "TemporaryPasswordValidityDays": 7}
SYMBOLS = set("^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- ")
CLASSES = {
    "RequireUppercase": ("uppercase", str.isupper),
    "RequireLowercase": ("lowercase", str.islower),
    "RequireNumbers": ("numeric", str.isdigit),
    "RequireSymbols": ("symbol", SYMBOLS.__contains__),
}


def policy_of(pool: dict) -> dict:
    return pool["Policies"]["PasswordPolicy"]


def check_password(password: str, policy: dict) -> None:
    """Raises InvalidPasswordException with the first thing that the policy misses."""
    reason = None
    if len(password) < policy["MinimumLength"]:
        reason = f"Password not long enough: {policy['MinimumLength']} characters at least"
    for requirement, (name, belongs) in CLASSES.items():
        if policy.get(requirement) and not any(map(belongs, password)):
            reason = reason or f"Password must have {name} characters"
    if reason:
        raise AwsError("InvalidPasswordException", f"Password did not conform with policy: {reason}")


def make_password(length: int) -> str:
    """One that satisfies every policy of up to that many characters."""
    return secrets.token_urlsafe(length) + "aA1!"


def hash_password(password: str) -> dict[str, str]:
    salt = secrets.token_bytes(16)
    return {"salt": salt.hex(), "hash": _scrypt(password, salt).hex()}


def is_password(password: str, hashed: dict[str, str] | None) -> bool:
    """Takes as long for a user who does not exist (None)."""
    known = hashed or {"salt": "00" * 16, "hash": "00" * 64}
    found = _scrypt(password, bytes.fromhex(known["salt"]))
    return hmac.compare_digest(found, bytes.fromhex(known["hash"])) and hashed is not None


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)


class Attempts:
    """Failures by key: after ``most`` of them in ``seconds``, no more guesses until some are that old."""

    def __init__(self, most: int = 10, seconds: float = 60):
        self.most = most
        self.seconds = seconds
        self._failures: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def check(self, key: str) -> None:
        with self._lock:
            self._forget()
            if len(self._failures.get(key, ())) >= self.most:
                raise AwsError(
                    "TooManyRequestsException",
                    f"{self.most} failed attempts within {self.seconds:.0f} seconds. Try again in a minute.",
                )

    def failed(self, key: str) -> None:
        with self._lock:
            self._failures.setdefault(key, deque()).append(time.monotonic())

    def _forget(self) -> None:
        old = time.monotonic() - self.seconds
        for key, failures in list(self._failures.items()):
            while failures and failures[0] < old:
                failures.popleft()
            if not failures:
                del self._failures[key]
