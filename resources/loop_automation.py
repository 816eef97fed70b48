"""The ``automation`` part of a loop's file: when the loop moves by itself, and what it takes first."""

from typing import Annotated, Literal

import dagster as dg
from pydantic import AfterValidator, Field

from resources.settings import Settings


def _cron(text: str) -> str:
    try:
        dg.ScheduleDefinition(name="checked", cron_schedule=text, target=dg.AssetSelection.all())
    except dg.DagsterInvalidDefinitionError as error:
        raise ValueError("not a cron expression: five fields, as 0 3 * * * for three at night") from error
    return text


class Automation(Settings):
    """When the loop moves by itself. By default: as soon as there is something new."""

    batch_size: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="A batch opens when so many images wait, and has at most so many. Default: all that wait",
    )
    batches_at_once: int | None = Field(
        None,
        ge=1,
        description="So many batches are with the workers at once. Default: any number; 1 where a selection "
        "other than random chooses what is in the next",
    )
    selection: Literal["random", "uncertainty", "diversity"] = Field(
        "random", description="Which images come first when more than batch_size wait"
    )
    max_wait_minutes: float | None = Field(
        None,
        gt=0,
        description="A smaller batch opens when an image has waited so long. Default: it waits for others",
    )
    max_attempts: int = Field(
        3, ge=1, le=10, description="How often people are asked about an image before it is given up"
    )
    min_new_labels: int = Field(
        1,
        ge=1,
        description="Labels that must be new, changed or gone before a model is trained by itself",
    )
    look_every_seconds: int = Field(
        30,
        ge=5,
        le=86_400,
        description="How often the images are listed: S3 bills a request for every 1,000 of them",
    )
    nightly_prediction: Annotated[str, AfterValidator(_cron)] | None = Field(
        None, description="Cron expression (UTC) of a schedule for batch_predictions: 0 3 * * *"
    )

    @property
    def most_at_work(self) -> int | None:
        """Batches at once. Were all that wait put into batches now, there would be nothing left to choose."""
        chosen = self.selection != "random" and self.batch_size is not None
        return self.batches_at_once or (1 if chosen else None)
