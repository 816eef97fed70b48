"""The code location of loops/packaging_masks.yaml."""

import dagster as dg

from orchestration.definitions import build_definitions
from orchestration.loop import PROJECT, load_loop


@dg.definitions
def defs() -> dg.Definitions:
    return build_definitions(load_loop(PROJECT / "loops" / "packaging_masks.yaml"))
