"""A loop small enough to be killed many times: two dozen photographs, a few epochs, real processes."""

from pathlib import Path

import pytest
import yaml

from demo.photographs import make_photographs
from orchestration.loop import DEFAULT_LOOP

PHOTOGRAPHS = 24


@pytest.fixture(scope="session")
def photographs(tmp_path_factory) -> Path:
    """The COCO file of the photographs, which lie beside it."""
    return make_photographs(tmp_path_factory.mktemp("photographs"), PHOTOGRAPHS, seed=1)


@pytest.fixture
def loop_file(tmp_path) -> Path:
    settings = yaml.safe_load(DEFAULT_LOOP.read_text())
    settings |= {"name": "tiny", "bucket": "tiny-photographs"}
    settings["training"]["hyperparameters"] = {
        "epochs": 4,
        "image_size": 128,
        "batch_size": 4,
        "processes": 1,
    }
    file = tmp_path / "tiny.yaml"
    file.write_text(yaml.safe_dump(settings))
    return file
