"""The functions are deployed as zips of their folders, so the tests load them from there too."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "lambdas"


def load_handler(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{name}_handler", FOLDER / name / "handler.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session", autouse=True)
def folders() -> Iterator[None]:
    """Both folders are where imports are looked up, as Lambda's /var/task is: no module may be in both."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("pre_annotation", "consolidation"):
            patch.syspath_prepend(FOLDER / name)
        yield


@pytest.fixture(scope="session")
def consolidation(folders) -> ModuleType:
    return load_handler("consolidation")


@pytest.fixture
def pre_annotation(folders) -> ModuleType:
    """Loaded afresh, as in a cold start: it remembers the jobs it has seen."""
    return load_handler("pre_annotation")
