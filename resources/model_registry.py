"""The model registry: a version for each model that was evaluated, approved by the loop or by a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dagster as dg

from resources.adoption import describe_or_none
from resources.aws import Aws, explained
from resources.loop import Loop
from resources.names import content_hash
from resources.sagemaker_requests import tags

APPROVED, PENDING, REJECTED = "Approved", "PendingManualApproval", "Rejected"
DECISION = "decided_by_the_loop"  # a status that differs from it was set by a person
SERVED = ("Image", "ModelDataUrl", "Environment")  # of a model's container: what a version is made of


@dataclass(frozen=True)
class ModelPackage:
    """One version of the loop's model package group."""

    arn: str
    version: int
    status: str
    decision: str | None  # the loop's own
    changed: datetime

    @property
    def by_hand(self) -> bool:
        return self.status != self.decision


class ModelRegistry(dg.ConfigurableResource):
    aws: Aws

    def find(self, loop: Loop, model: str) -> ModelPackage | None:
        """The version of a SageMaker model; None before its first evaluation."""
        client = self.aws.client("sagemaker")
        with explained(f"read the model registry of {loop.name}"):
            if not self._group(loop):
                return None
            pages = client.get_paginator("list_model_packages").paginate(
                ModelPackageGroupName=loop.slug, PaginationConfig={"PageSize": 100}
            )
            for page in pages:
                for found in page["ModelPackageSummaryList"]:
                    if found.get("ModelPackageDescription") == model:
                        return self.describe(found["ModelPackageArn"])
        return None

    def describe(self, arn: str) -> ModelPackage:
        found = self.aws.client("sagemaker").describe_model_package(ModelPackageName=arn)
        return ModelPackage(
            arn=found["ModelPackageArn"],
            version=found["ModelPackageVersion"],
            status=found["ModelApprovalStatus"],
            decision=found.get("CustomerMetadataProperties", {}).get(DECISION),
            changed=found.get("LastModifiedTime") or found["CreationTime"],
        )

    def register(
        self, loop: Loop, model: str, *, decision: str, metrics_uri: str, notes: Mapping[str, str]
    ) -> ModelPackage:
        """Create the version of this model, or bring its notes and its status up to date.

        A status that a person has set stays; ``notes`` are shown beside it.
        """
        client = self.aws.client("sagemaker")
        found = self.find(loop, model)
        with explained(f"register the model {model}"):
            if found is None:
                if not self._group(loop):
                    client.create_model_package_group(ModelPackageGroupName=loop.slug, Tags=tags(loop))
                container = client.describe_model(ModelName=model)["PrimaryContainer"]
                request = package_request(loop, model, container, decision, metrics_uri, notes)
                return self.describe(client.create_model_package(**request)["ModelPackageArn"])
            # Without need the status is not sent: a person may be setting it in this moment.
            ours = not found.by_hand and found.status != decision
            client.update_model_package(
                ModelPackageArn=found.arn,
                CustomerMetadataProperties=dict(notes) | ({DECISION: decision} if ours else {}),
                **({"ModelApprovalStatus": decision} if ours else {}),
            )
        return self.describe(found.arn)

    def _group(self, loop: Loop) -> dict[str, Any] | None:
        client = self.aws.client("sagemaker")
        return describe_or_none(lambda: client.describe_model_package_group(ModelPackageGroupName=loop.slug))


def package_request(
    loop: Loop,
    model: str,
    container: Mapping[str, Any],
    decision: str,
    metrics_uri: str,
    notes: Mapping[str, str],
) -> dict[str, Any]:
    """CreateModelPackage: the model's container, what it takes and answers, and how good it is."""
    return {
        "ModelPackageGroupName": loop.slug,
        "ModelPackageDescription": model,
        "ClientToken": content_hash([loop.name, model])[:32],  # two runs at once make one version
        "ModelApprovalStatus": decision,
        "InferenceSpecification": {
            "Containers": [{name: container[name] for name in SERVED if name in container}],
            "SupportedContentTypes": ["application/x-image"],
            "SupportedResponseMIMETypes": [loop.trainer.answers],
            "SupportedRealtimeInferenceInstanceTypes": [loop.endpoint.instance_type],
            "SupportedTransformInstanceTypes": [loop.transform.instance_type],
        },
        "ModelMetrics": {
            "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": metrics_uri}}
        },
        "CustomerMetadataProperties": {**notes, DECISION: decision},
    }
