"""The batches of one loop. Loops that share a Dagster instance must not share them."""

import dagster as dg

from resources.loop import Loop


def batches_of(loop: Loop) -> dg.DynamicPartitionsDefinition:
    return dg.DynamicPartitionsDefinition(name=f"{loop.name}_batches")
