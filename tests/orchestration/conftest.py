import dagster as dg
import pytest

from orchestration.definitions import build_definitions
from resources.loop import Loop


@pytest.fixture
def loop() -> Loop:
    return Loop(
        name="foods",
        bucket="labelloop-foods",
        images="photographs/",
        labels=["ingredients", "nutrition"],
        labeling={
            "title": "Find the ingredients",
            "description": "Draw a box around each ingredients list",
            "keywords": ["boxes"],
            "instructions": "Draw tight boxes.",
        },
    )


@pytest.fixture
def definitions(loop) -> dg.Definitions:
    return build_definitions(loop)


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance
