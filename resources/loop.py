"""The settings of one loop, as its file in loops/ gives them. Every field is checked before anything runs."""

import json
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from resources.loop_automation import Automation
from resources.loop_budget import Budget
from resources.loop_endpoint import Endpoint
from resources.loop_labeling import Labeling
from resources.loop_training import Training
from resources.settings import Settings as _Settings
from resources.trainers import TRAINERS, Trainer

Side = Literal["train", "validation", "test"]
Task = Literal["bounding_box", "semantic_segmentation", "image_classification"]

PROPOSALS = "proposed-boxes"  # the label attribute of what a model proposes to the workers
KNOWN = "known-answer"  # that of a gold question; lambdas/pre_annotation keeps it from the workers

OWN_ATTRIBUTE = {
    "bounding_box": "boxes",
    "semantic_segmentation": "masks",
    "image_classification": "class",
    "verification": "verified",
    "adjustment": "adjusted",
}


def _pattern(text: str) -> str:
    try:
        groups = re.compile(text).groups
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    if groups > 1:
        raise ValueError("more than one group in parentheses: write (?:...) for those that only bracket")
    return text


class Review(_Settings):
    """Labels that are there already, for workers to judge or to correct. Give ``loop`` or ``manifest``."""

    kind: Literal["verification", "adjustment"]
    attribute: str = Field(
        pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,126}$",
        description="The label attribute under review; masks of a loop are kept under <label_attribute>-ref",
    )
    loop: str | None = Field(
        None,
        pattern=r"^[a-z][a-z0-9_]{0,31}$",
        description="Name of the loop whose `labels` are reviewed; it keeps its images in the same bucket",
    )
    manifest: str | None = Field(
        None, pattern=r"^s3://[^/]+/.+", description="S3 URI of a manifest that has the labels"
    )

    @model_validator(mode="after")
    def _one_source(self) -> "Review":
        if (self.loop is None) == (self.manifest is None):
            found = "both" if self.loop else "neither"
            raise ValueError(f"give either loop (its name) or manifest (an S3 URI), found {found}")
        return self


class Team(_Settings):
    name: str = Field("labelers", pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$")
    emails: list[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]] = []


class Splits(_Settings):
    fractions: dict[Side, Annotated[float, Field(ge=0, le=1)]] = {
        "train": 0.7,
        "validation": 0.15,
        "test": 0.15,
    }
    group_pattern: Annotated[str, AfterValidator(_pattern)] | None = Field(
        None, description="What images of one group share in their keys. Default: images that look alike"
    )
    freeze_test: str | None = Field(
        None,
        pattern=r"^[0-9a-f]{12}$",
        description="Version of test_split that stays as it was; in quotes, or YAML may take it for a number",
    )

    @field_validator("fractions")
    @classmethod
    def _all_three(cls, fractions: dict[str, float]) -> dict[str, float]:
        if set(fractions) != {"train", "validation", "test"}:
            raise ValueError("give all three: train, validation and test")
        if abs(sum(fractions.values()) - 1) > 1e-6:
            raise ValueError(f"they add up to {sum(fractions.values()):g} and not to 1")
        return fractions


class Checks(_Settings):
    """Where a warning begins. What would be wrong to train on stops the loop without any setting."""

    min_agreement: float = Field(
        0.5, ge=0, le=1, description="labeled_manifest warns below this mean confidence of a batch's labels"
    )
    max_class_shift: float = Field(
        0.3,
        gt=0,
        le=1,
        description="labels warns when the part of a batch that changed label exceeds chance by more",
    )


class Transform(_Settings):
    image_uri: str | None = Field(None, description="What serves the model, here and at the endpoint")
    instance_type: str = Field("ml.m5.xlarge", pattern=r"^ml\.")
    instance_count: int = Field(1, ge=1, le=20)
    max_payload_mb: int = Field(40, ge=1, le=100, description="Of one image; Ground Truth takes up to 40 MB")
    images: list[Literal["train", "validation", "test", "unlabeled"]] = Field(
        ["test", "unlabeled"], min_length=1, description="Which images batch_predictions predicts"
    )


class Gate(_Settings):
    """When a new model is worse than the one that is live, and so does not take its place."""

    max_drop: float = Field(
        0.02, ge=0, le=1, description="The mAP50, or mIoU of masks, it may lose against the live one"
    )
    confidence: float = Field(
        0.95, gt=0, lt=1, description="How sure it must be that it loses more; few test images are never sure"
    )


class Functions(_Settings):
    layers: list[
        Annotated[str, Field(pattern=r"^arn:aws[\w-]*:lambda:[\w-]+:\d{12}:layer:[\w-]{1,140}:\d+$")]
    ] = Field(
        [],
        max_length=5,
        description="Layer versions of the consolidation function; on AWS, masks need numpy and Pillow there",
    )


class Loop(_Settings):
    """One data set, its labels and the model that is kept current with them."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]{0,31}$", description="Key prefix of the assets, start of all names"
    )
    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    images: str = Field(description="Prefix of the images' keys in the bucket", pattern=r"^[^/].*/$")
    region: str | None = Field(None, pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    task: Task = Field("bounding_box", description="Of a review: the task whose labels are reviewed")
    review: Review | None = None
    labels: list[Annotated[str, Field(min_length=1, max_length=256)]] = Field(
        min_length=1, max_length=50, description="What workers choose from; of a verification: its verdicts"
    )
    label_attribute: str = Field(
        pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,126}$",
        description="Default: boxes, masks or class, after the task; verified or adjusted of a review",
    )
    labeling: Labeling
    team: Team = Team()
    functions: Functions = Functions()
    splits: Splits = Splits()
    checks: Checks = Checks()
    training: Training = Training()
    transform: Transform = Transform()
    endpoint: Endpoint = Endpoint()
    automation: Automation = Automation()
    gate: Gate = Gate()
    budget: Budget = Budget()
    auto_approve: bool = Field(
        True, description="False: a new model serves only when a person has approved it in the model registry"
    )
    map_floor: float = Field(
        0.3, ge=0, le=1, description="evaluation warns below this mAP50, or mIoU of masks"
    )
    score_floor: float = Field(
        0.45, ge=0, le=1, description="Boxes with lower scores are not drawn and not counted"
    )
    role: str | None = Field(None, pattern=r"^[\w+=,.@-]{1,64}$", description="Created if there is none")
    ground_truth_endpoint_url: str | None = Field(None, pattern=r"^https?://")
    ground_truth_profile: str | None = Field(
        None, min_length=1, description="AWS profile with the keys of the labeling service at that address"
    )

    @model_validator(mode="after")
    def _profile_of_somewhere(self) -> "Loop":
        if self.ground_truth_profile and not self.ground_truth_endpoint_url:
            raise ValueError("ground_truth_profile needs ground_truth_endpoint_url")
        return self

    @model_validator(mode="before")
    @classmethod
    def _named_after_its_task(cls, settings: Any) -> Any:
        if not isinstance(settings, dict) or "label_attribute" in settings:
            return settings
        review = settings.get("review")
        kind = review.get("kind") if isinstance(review, dict) else getattr(review, "kind", None)
        name = OWN_ATTRIBUTE.get(str(kind or settings.get("task")), "boxes")
        return settings | {"label_attribute": name}

    @field_validator("images")
    @classmethod
    def _not_our_own(cls, images: str) -> str:
        if images.startswith("loops/"):
            raise ValueError("loops/ is where the loop keeps its own files: choose another prefix")
        return images

    @field_validator("labels")
    @classmethod
    def _different(cls, labels: list[str]) -> list[str]:
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            raise ValueError(f"{', '.join(map(repr, twice))} stands there more than once")
        return labels

    @field_validator("label_attribute")
    @classmethod
    def _not_reserved(cls, attribute: str) -> str:
        # The loop's own functions make its jobs custom ones, and to AWS -ref is a built-in job about masks.
        reserved = ("source", "source-ref", PROPOSALS, KNOWN)
        if attribute in reserved or attribute.endswith(("-metadata", "-ref")):
            raise ValueError(f"must not be {' or '.join(reserved)}, nor end with -metadata or -ref")
        return attribute

    @model_validator(mode="after")
    def _reviewable(self) -> "Loop":
        if self.review and self.task == "image_classification":
            raise ValueError("review: boxes and masks can be reviewed, image_classification cannot")
        if self.review and self.review.attribute == self.label_attribute:
            raise ValueError(
                f"label_attribute: {self.label_attribute!r} is the attribute under review; "
                "the result of the review needs another name"
            )
        if self.review and self.review.loop == self.name:
            raise ValueError(f"review.loop: {self.name} cannot review itself")
        if len(self.labels) < 2 and self.label_form in ("image_classification", "label_verification"):
            raise ValueError(f"labels: a choice needs at least two (found {self.labels!r})")
        return self

    @model_validator(mode="after")
    def _weights_in_reach(self) -> "Loop":
        weights = self.training.backbone_weights
        if weights and not weights.startswith(f"s3://{self.bucket}/"):
            raise ValueError(
                f"training.backbone_weights: must lie in s3://{self.bucket}/, "
                f"which is all that the loop's jobs may read (found {weights!r})"
            )
        return self

    @model_validator(mode="after")
    def _something_to_ask_a_model(self) -> "Loop":
        if self.labeling.proposals and (self.review or self.task != "bounding_box"):
            found = f"a review ({self.review.kind})" if self.review else self.task
            raise ValueError(f"labeling.proposals: only bounding_box can be proposed, found {found}")
        if self.automation.selection == "uncertainty":
            if self.label_form != "bounding_box":
                raise ValueError(
                    "automation.selection: uncertainty goes by the scores of predicted boxes, and "
                    f"{self.label_form} has none: choose random or diversity"
                )
            if "unlabeled" not in self.transform.images:
                raise ValueError(
                    "automation.selection: uncertainty goes by the predictions on unlabeled images: add "
                    f"unlabeled to transform.images (found {self.transform.images!r})"
                )
        return self

    @model_validator(mode="after")
    def _something_to_know(self) -> "Loop":
        if self.labeling.gold_share and (self.review or self.task != "bounding_box"):
            found = f"a review ({self.review.kind})" if self.review else self.task
            raise ValueError(
                f"labeling.gold_share: only workers who draw boxes can be scored, found {found}: leave it out"
            )
        return self

    @model_validator(mode="after")
    def _something_to_doubt(self) -> "Loop":
        if self.labeling.ask_again is None:
            return self
        if self.label_form != "bounding_box":
            raise ValueError(
                f"labeling.ask_again: only boxes can be doubtful, found {self.label_form}: leave it out"
            )
        if self.labeling.workers_per_object < 2:
            raise ValueError(
                "labeling.ask_again: one worker agrees with nobody: set labeling.workers_per_object to 2 or "
                f"more (found {self.labeling.workers_per_object})"
            )
        return self

    @model_validator(mode="after")
    def _something_to_weigh(self) -> "Loop":
        if self.labeling.consolidation == "worker_quality" and self.label_form not in (
            "bounding_box",
            "semantic_segmentation",
        ):
            raise ValueError(
                f"labeling.consolidation: worker_quality is for boxes and masks, found {self.label_form}: "
                "choose votes"
            )
        return self

    @model_validator(mode="after")
    def _known_prices(self) -> "Loop":
        types = {"training": self.training.instance_type, "transform": self.transform.instance_type}
        self.budget.check_limits(types)
        return self

    @property
    def label_form(self) -> str:
        """What a label of this loop looks like: its task, or ``label_verification``."""
        verdicts = self.review is not None and self.review.kind == "verification"
        return "label_verification" if verdicts else self.task

    @property
    def kept_attribute(self) -> str:
        """The label attribute in the loop's own manifests, which training reads.

        Masks are objects of their own there, and AWS marks such an attribute with ``-ref``.
        """
        return self.label_attribute + ("-ref" if self.label_form == "semantic_segmentation" else "")

    @property
    def can_train(self) -> bool:
        """There are trainers for boxes and masks only."""
        return self.label_form in TRAINERS

    @property
    def trainer(self) -> Trainer:
        """KeyError for a loop that cannot train."""
        return TRAINERS[self.label_form]

    @property
    def slug(self) -> str:
        """The name as AWS's names allow it, which have hyphens and no underscores."""
        return self.name.replace("_", "-")

    @property
    def endpoint_name(self) -> str:
        return f"{self.slug}-live"

    @property
    def role_name(self) -> str:
        return self.role or f"{self.slug}-loop"

    @property
    def images_uri(self) -> str:
        return f"s3://{self.bucket}/{self.images}"

    @property
    def labels_captures(self) -> bool:
        """What the endpoint was asked about is to be labeled."""
        capture = self.endpoint.data_capture
        return self.can_train and capture is not None and capture.label

    @property
    def capture_uri(self) -> str:
        return self.uri("captured")

    def uri(self, path: str) -> str:
        """Where the loop keeps its own files: ``s3://<bucket>/loops/<name>/<path>``."""
        return f"s3://{self.bucket}/loops/{self.name}/{path}"

    def script_hyperparameters(self, source_uri: str) -> dict[str, str]:
        """The strings that script mode passes to the trainer, written as JSON like the SageMaker SDK does."""
        values: dict[str, Any] = self.training.hyperparameters | {
            "classes": json.dumps(self.labels),
            "sagemaker_program": self.trainer.program,
            "sagemaker_submit_directory": source_uri,
        }
        if weights := self.training.backbone_weights:
            values["backbone_weights"] = weights.rpartition("/")[2]
        return {name: json.dumps(value) for name, value in values.items()}
