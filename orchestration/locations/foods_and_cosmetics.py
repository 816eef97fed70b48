"""The code location of loops/foods_and_cosmetics.yaml."""

import dagster as dg

from orchestration.definitions import build_definitions
from orchestration.loop import PROJECT, load_loop


@dg.definitions
def defs() -> dg.Definitions:
    return build_definitions(load_loop(PROJECT / "loops" / "foods_and_cosmetics.yaml"))
