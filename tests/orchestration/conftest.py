import dagster as dg
import pytest

from orchestration.definitions import build_definitions
from resources.loop import Loop
from tests.settings import LEAST


@pytest.fixture
def loop() -> Loop:
    return Loop(**LEAST)


@pytest.fixture
def definitions(loop) -> dg.Definitions:
    return build_definitions(loop)


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance
