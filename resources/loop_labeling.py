"""The ``labeling`` part of a loop's file: what workers are asked, and what becomes of their answers."""

from typing import Annotated, Literal

from pydantic import Field

from resources.settings import Settings


class Labeling(Settings):
    """What workers are asked. Limits are those of CreateLabelingJob."""

    title: str = Field(min_length=1, max_length=128)
    description: str = Field(min_length=1, max_length=255)
    keywords: list[Annotated[str, Field(min_length=1, max_length=30)]] = Field(min_length=1, max_length=5)
    instructions: str = Field(min_length=1, description="Plain text; empty lines separate paragraphs")
    workers_per_object: int = Field(3, ge=1, le=9)
    task_time_limit_seconds: int = Field(600, ge=30, le=28_800)
    availability_seconds: int = Field(864_000, ge=60, le=2_592_000)
    max_concurrent_tasks: int = Field(1000, ge=1, le=5000)
    template: str | None = Field(
        None, description="Path of a worker template of your own, from the project's root"
    )
    proposals: bool = Field(
        False, description="Once a model is live, workers correct what it sees and do not begin anew"
    )
    gold_share: float = Field(
        0.0,
        ge=0,
        le=0.5,
        description="Images with a known label that are mixed into a batch to score each worker, as a share "
        "of the batch; 0: none, else at least one where any is known",
    )
    gold_confidence: float = Field(
        0.95,
        gt=0,
        le=1,
        description="A label that several workers gave is known if no object's confidence is lower; imported "
        "labels always are",
    )
    ask_again: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Images go to one more worker if the least sure decision about them is less certain; "
        "null: none do",
    )
    consolidation: Literal["votes", "worker_quality"] = Field(
        "votes",
        description="votes: every worker counts the same; worker_quality: as much as earlier answers show",
    )
