"""The ``training`` part of a loop's file: on what a training runs, and what it begins with."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from resources.settings import Settings

LONGEST = 2_419_200  # seconds; SageMaker's limit
Hyperparameters = dict[str, str | int | float | bool]


class Training(Settings):
    image_uri: str | None = Field(
        None, description="Default: the PyTorch deep learning container of the region"
    )
    instance_type: str = Field("ml.g5.xlarge", pattern=r"^ml\.")
    instance_count: int = Field(1, ge=1, le=20, description="Hosts that train one model together")
    volume_gb: int = Field(30, ge=1, le=16_384)
    max_runtime_seconds: int = Field(3600, ge=60, le=LONGEST)
    init_from: Literal["live", "none"] = Field(
        "none", description="live: begin with the weights of the model that is live, instead of from scratch"
    )
    spot: bool = Field(
        False, description="Train on spare capacity, which costs less and may be interrupted; it goes on then"
    )
    max_wait_seconds: int | None = Field(
        None,
        ge=60,
        le=LONGEST,
        description="With spot: the longest that training and waiting for machines take together. "
        "Default: twice max_runtime_seconds",
    )
    hyperparameters: Hyperparameters = {}
    backbone_weights: str | None = Field(
        None,
        pattern=r"^s3://[^/]+/.*[^/]$",
        description="Weights for hyperparameters.backbone, as torchvision or timm publish them: a file "
        "in the loop's bucket. Default: the backbone begins at random",
    )

    @property
    def longest_wait(self) -> int:
        """Seconds that a spot training may take with all its interruptions."""
        return self.max_wait_seconds or min(2 * self.max_runtime_seconds, LONGEST)

    @field_validator("hyperparameters")
    @classmethod
    def _not_our_own(cls, hyperparameters: Hyperparameters) -> Hyperparameters:
        ours = {"classes", "init_from", "backbone_weights", "backbone-dir"}
        if given := sorted(n for n in hyperparameters if n in ours or n.startswith("sagemaker_")):
            raise ValueError(f"{', '.join(given)} is set by the loop itself")
        return hyperparameters

    @model_validator(mode="after")
    def _weights_of_a_backbone(self) -> "Training":
        if self.backbone_weights and "/" not in (found := str(self.hyperparameters.get("backbone", "own"))):
            raise ValueError(
                "backbone_weights: hyperparameters.backbone must name a network of torchvision or timm, "
                f"as torchvision/resnet18, found {found}"
            )
        return self

    @model_validator(mode="after")
    def _wait_of_spot(self) -> "Training":
        if self.max_wait_seconds is None:
            return self
        if not self.spot:
            raise ValueError("max_wait_seconds: only spot trainings wait for machines, set spot: true")
        if self.max_wait_seconds < self.max_runtime_seconds:
            raise ValueError(
                f"max_wait_seconds: it includes the training itself, so it must be at least "
                f"max_runtime_seconds ({self.max_runtime_seconds}), found {self.max_wait_seconds}"
            )
        return self
