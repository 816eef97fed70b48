"""The code location of loops/foods_and_cosmetics.yaml."""

import dagster as dg

from orchestration.definitions import build_definitions
from orchestration.loop import DEFAULT_LOOP, load_loop


@dg.definitions
def defs() -> dg.Definitions:
    return build_definitions(load_loop(DEFAULT_LOOP))
