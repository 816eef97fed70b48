import os
import sys
from collections.abc import Callable
from typing import NamedTuple

import dagster as dg
import pytest

from orchestration.cli import main
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


class Said(NamedTuple):
    status: int
    output: str


Labelloop = Callable[..., Said]


@pytest.fixture
def labelloop(monkeypatch, capfd) -> Labelloop:
    """``labelloop("up", "--port", "1")``: the command in this process, which has Dagster loaded already."""

    def run(*arguments: str) -> Said:
        with monkeypatch.context() as changed:
            changed.setattr(os, "environ", os.environ.copy())
            changed.setattr(sys, "argv", ["labelloop", *arguments])
            with pytest.raises(SystemExit) as ended:
                main()
        return Said(ended.value.code, "".join(capfd.readouterr()))

    return run
