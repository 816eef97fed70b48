"""The stand-in as every test sees it: a server process of its own, reached over HTTP with signed requests."""

import functools
import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import botocore.session
import pytest
from botocore.config import Config

from tests.server_process import ServerProcess

# Every session of every test would read AWS's service models anew: half a second for a client.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)

ROOT = Path(__file__).resolve().parents[1]
BCCD = ROOT.parent / "shared" / "data" / "bccd"


class StandIn(ServerProcess):
    """A running ``python -m localaws``; ``kill`` and ``start`` again serve the crash tests."""

    module = "localaws"

    @property
    def environment(self) -> dict[str, str]:
        """What a client program needs to find the stand-in, and nothing of the caller's own AWS settings."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return clean | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_SHARED_CREDENTIALS_FILE": self.credentials_file,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str, **options):
        keys = dict(
            line.split(" = ")
            for line in Path(self.credentials_file).read_text().splitlines()
            if " = " in line
        )
        config = Config(signature_version="s3v4" if service == "s3" else None, retries={"max_attempts": 2})
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=keys["aws_access_key_id"],
            aws_secret_access_key=keys["aws_secret_access_key"],
            **({"config": config} | options),
        )


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory) -> Iterator[StandIn]:
    """One server for the tests that leave no mess behind; use names of your own."""
    server = StandIn(tmp_path_factory.mktemp("stand-in") / "home")
    yield server
    server.stop()


@pytest.fixture
def own_stand_in(tmp_path) -> Iterator[StandIn]:
    """A server of the test's own, for tests that kill it or look at its files."""
    server = StandIn(tmp_path / "home")
    yield server
    server.stop()


@pytest.fixture
def stand_in_environment(stand_in, monkeypatch) -> StandIn:
    """Point boto3's default session at the stand-in, as a user's shell would."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in stand_in.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # an earlier test's knows no keys, or others
    return stand_in


@pytest.fixture(scope="session")
def bccd() -> Path:
    """364 real photographs of blood cells with Pascal VOC boxes, where they are at hand."""
    if not BCCD.is_dir():
        pytest.skip("the BCCD photographs are not beside the checkout (../shared/data/bccd)")
    return BCCD
