"""What every server program does: listen, say so in one line of JSON, serve until it is told to stop."""

import json
import signal
import socket
import threading
from collections.abc import Sequence
from typing import Any, Protocol

from localaws.server import Server


class Application(Protocol):
    """Two ASGI applications, and the rooms behind them."""

    api: Any
    portal: Any

    def start(self) -> None: ...

    def stop(self) -> None: ...


def stop_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set, from now on."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


def start(application: Application, listeners: Sequence[socket.socket]) -> list[Server]:
    """The servers of the API and of the portal, in this order; they answer when this returns."""
    applications = application.api, application.portal
    servers = [Server(*pair) for pair in zip(applications, listeners, strict=True)]
    for server in servers:
        server.start()
    application.start()
    return servers


def serve(application: Application, servers: Sequence[Server], told: dict, stopping: threading.Event) -> None:
    """Print ``told`` and serve until ``stopping`` is set; requests in flight are finished."""
    print(json.dumps(told), flush=True)
    stopping.wait()
    application.stop()
    for server in servers:
        server.stop()
    for server in servers:
        server.wait()
