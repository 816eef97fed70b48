"""The functions are deployed as zips of their folders, so the tests load them from there too."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "lambdas"


def load_handler(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{name}_handler", FOLDER / name / "handler.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def consolidation() -> ModuleType:
    return load_handler("consolidation")


@pytest.fixture
def pre_annotation() -> ModuleType:
    """Loaded afresh, as in a cold start: it remembers the jobs it has seen."""
    return load_handler("pre_annotation")
