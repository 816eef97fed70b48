"""Under which addresses the service answers; only under these, so that no other name can be pointed at it."""

import logging
from dataclasses import dataclass
from urllib.parse import urlsplit

from localaws.home import LOOPBACK, CannotStart

logger = logging.getLogger(__name__)

LOOPBACK_NAMES = (LOOPBACK, "localhost")
EVERYWHERE = "0.0.0.0"
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Address:
    """``url`` is what callers are told, ``hosts`` are the Host headers that are let in."""

    url: str
    hosts: frozenset[str]


def address_of(option: str, host: str, port: int, url: str) -> Address:
    """The address of a server on ``host`` and ``port``; ``url`` is given where a proxy stands in front of it.

    ``option`` is the command line's name for ``url``. Raises CannotStart.
    """
    listening = {f"{name}:{port}" for name in (LOOPBACK_NAMES if host in LOOPBACK_NAMES else (host,))}
    if url:
        shown = origin_of(option, url)
    elif host == EVERYWHERE:
        raise CannotStart(
            f"--host {EVERYWHERE} is every address of this machine: say with {option} which one others use, "
            f"such as {option} http://labels.example.com:{port}"
        )
    else:
        shown = f"http://{LOOPBACK if host in LOOPBACK_NAMES else host}:{port}"
    parts = urlsplit(shown)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_NAMES:
        logger.warning(
            "%s is not encrypted: on the way there, passwords and images can be read and changed. "
            "Put a TLS proxy in front, and give its address with %s.",
            shown,
            option,
        )
    return Address(shown, frozenset({parts.netloc} | (listening - {f"{EVERYWHERE}:{port}"})))


def origin_of(option: str, url: str) -> str:
    """``url`` as browsers write an origin: in lower case, without a port that goes without saying."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as problem:
        raise CannotStart(f"{option} {url}: {problem}") from None
    if (
        parts.scheme not in DEFAULT_PORTS
        or not host
        or parts.path.strip("/")
        or parts.query
        or parts.username
    ):
        raise CannotStart(f"{option} {url}: it must be an address like https://labels.example.com")
    return f"{parts.scheme}://{host}" + (
        f":{port}" if port not in (None, DEFAULT_PORTS[parts.scheme]) else ""
    )
