"""A gateway for each test of the wire: the real one, over HTTP, around the handlers that the test brings."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from localaws.api import Service
from localaws.api.sigv4 import Verifier
from localaws.gateway import Gateway
from localaws.server import Server

ACCESS_KEY, SECRET_KEY = "LOCALAWSTEST00000001", "a secret of the tests"


async def no_bucket(scope, receive, send) -> None:
    """S3's place, for tests that look at other services: it says who called and with what."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-reached", b"s3")]})
    await send({"type": "http.response.body", "body": b""})


class WireServer:
    def __init__(self, home: Path, services: dict[str, object]):
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.gateway = Gateway(
            {name: Service(name, implementation) for name, implementation in services.items()},
            s3=no_bucket,
            verifier=Verifier("us-east-1", lambda key, token: {ACCESS_KEY: SECRET_KEY}.get(key)),
            hosts={f"127.0.0.1:{self.port}", f"localhost:{self.port}"},
            home=home,
        )
        self.server = Server(self.gateway, listener)
        self.server.start()

    def client(
        self, service: str, *, region="us-east-1", access_key=ACCESS_KEY, secret_key=SECRET_KEY, **config
    ):
        """boto3 as it is; only the parameter check is off, so that the server's own is what a test sees."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=Config(**({"parameter_validation": False, "retries": {"max_attempts": 0}} | config)),
        )


@pytest.fixture
def serve(tmp_path) -> Iterator[Callable[..., WireServer]]:
    """``serve({"logs": Handlers()})`` starts a gateway; it is stopped behind the test."""
    running = []

    def start(services: dict[str, object]) -> WireServer:
        running.append(WireServer(tmp_path, services))
        return running[-1]

    yield start
    for wire in running:
        wire.server.stop()
        wire.server.wait()
