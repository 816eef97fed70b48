"""The ``endpoint`` part of a loop's file: what serves, how a new model takes over, what is kept."""

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from resources.settings import Settings

LONGEST_DEPLOYMENT = 28_800  # seconds; SageMaker's limit
ROOM_TO_START = 1800  # seconds that the new instances have to start, beside the time of watching them

# Deployments in steps -> SageMaker's limits of step_percent.
STEP_LIMITS = {"canary": (1, 50), "linear": (10, 50)}


class DataCapture(Settings):
    """Requests to the endpoint and its answers, kept in the bucket under loops/<name>/captured/."""

    percentage: int = Field(100, ge=1, le=100, description="Of the requests, drawn by lot")
    label: bool = Field(
        False, description="Captured images join the loop's images, and so the next batch of its workers"
    )


class Endpoint(Settings):
    instance_type: str = Field("ml.m5.large", pattern=r"^ml\.")
    instance_count: int = Field(1, ge=1, le=100)
    health_check_timeout_seconds: int = Field(300, ge=60, le=3600)
    deployment: Literal["all_at_once", "canary", "linear"] = Field(
        "all_at_once",
        description="How traffic moves to a new model: all of it, first a part, or part by part",
    )
    step_percent: int = Field(
        10, ge=1, le=50, description="The first part of a canary deployment, each part of a linear one"
    )
    bake_seconds: int = Field(
        0, ge=0, le=3600, description="How long the new model is watched after each move of traffic"
    )
    alarms: list[Annotated[str, Field(min_length=1, max_length=255)]] = Field(
        [], max_length=10, description="CloudWatch alarms that bring the old model back while it is watched"
    )
    keep_versions: int | None = Field(
        None,
        ge=1,
        description="Configurations and models that are kept beside those in use; the default deletes none",
    )

    data_capture: DataCapture | None = Field(None, description="The default captures nothing")

    @property
    def steps(self) -> int:
        """How often traffic moves in one deployment."""
        return {"all_at_once": 1, "canary": 2, "linear": math.ceil(100 / self.step_percent)}[self.deployment]

    @property
    def deployment_seconds(self) -> int:
        return self.steps * self.bake_seconds + ROOM_TO_START

    @model_validator(mode="after")
    def _as_sagemaker_allows(self) -> "Endpoint":
        least, most = STEP_LIMITS.get(self.deployment, (1, 50))
        if not least <= self.step_percent <= most:
            raise ValueError(
                f"step_percent: a {self.deployment} deployment takes {least} to {most}, "
                f"found {self.step_percent}"
            )
        if self.alarms and not self.bake_seconds:
            raise ValueError("bake_seconds: alarms are watched for that long, so it must be more than 0")
        if self.deployment_seconds > LONGEST_DEPLOYMENT:
            raise ValueError(
                f"bake_seconds: {self.steps} steps of {self.bake_seconds} and {ROOM_TO_START} to start are "
                f"{self.deployment_seconds} seconds; SageMaker allows {LONGEST_DEPLOYMENT} for a deployment"
            )
        return self
