"""An HTTP server in a thread of its own."""

import logging
import os
import socket
import threading
from pathlib import Path

import uvicorn

SECONDS_TO_FINISH = 20  # for requests in flight when the server is told to stop
KEEP_ALIVE = 75  # seconds; longer than boto3's clients leave a connection unused between two calls of a loop


REQUESTS = logging.getLogger("uvicorn.access")


def log_requests(file: Path) -> None:
    """Let servers that are made from now on write a line to ``file`` for each request, before they answer it.

    Addresses with signatures in them are good for a while: the file is for its owner's eyes.
    """
    handler = logging.StreamHandler(open(file, "a", opener=lambda path, flags: os.open(path, flags, 0o600)))  # noqa: SIM115
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    REQUESTS.addHandler(handler)
    REQUESTS.setLevel(logging.INFO)
    REQUESTS.propagate = False


class Server(uvicorn.Server):
    """An ASGI application behind a listening socket; it does not touch the process's signals."""

    def __init__(self, application, listener: socket.socket):
        config = uvicorn.Config(
            application,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=bool(REQUESTS.handlers),
            server_header=False,
            proxy_headers=False,  # nothing stands in front of it, so nobody may claim to
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=SECONDS_TO_FINISH,
        )
        super().__init__(config)
        self.listening = threading.Event()
        self.thread = threading.Thread(target=self.run, args=([listener],), daemon=True)

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            super().run(sockets)
        finally:
            self.listening.set()  # nobody waits for a server that failed

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    def start(self) -> None:
        """Returns when requests are answered."""
        self.thread.start()
        self.listening.wait()
        if not self.started:
            raise RuntimeError("the HTTP server failed to start; the reason is on stderr")

    def stop(self) -> None:
        """Refuse new requests, finish those in flight; ``wait`` until that is done."""
        self.should_exit = True

    def wait(self) -> None:
        self.thread.join(SECONDS_TO_FINISH + 5)
