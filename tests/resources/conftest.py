import pytest

from resources.loop import Loop

SETTINGS = {
    "name": "foods",
    "bucket": "labelloop-foods",
    "images": "photographs/",
    "labels": ["ingredients", "nutrition"],
    "labeling": {
        "title": "Find the ingredients",
        "description": "Draw a box around each ingredients list",
        "keywords": ["boxes"],
        "instructions": "Draw tight boxes.",
    },
}


@pytest.fixture
def settings() -> dict:
    """The least that a loop's file must say."""
    return SETTINGS


@pytest.fixture
def loop() -> Loop:
    return Loop(**SETTINGS)
