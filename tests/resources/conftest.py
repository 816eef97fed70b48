import pytest

from resources.loop import Loop
from tests.settings import LEAST


@pytest.fixture
def loop() -> Loop:
    return Loop(**LEAST)
