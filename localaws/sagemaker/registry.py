"""The model registry: groups of model packages, numbered versions with metrics and an approval.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-version.html
"""

from localaws.api import AwsError
from localaws.sagemaker.documents import Documents, Kind
from localaws.sagemaker.preconditions import invalid

GROUP = Kind(
    "ModelPackageGroup",
    "model-package-group",
    missing="ModelPackageGroup {arn} does not exist.",
    taken="Model Package Group already exists: {arn}",
)
PACKAGE = Kind(
    "ModelPackage",
    "model-package",
    missing="ModelPackage {arn} does not exist.",
    taken="Model Package already exists: {arn}",
)
# Parameters that would make AWS do something, or mean another kind of package: refused, not passed over.
NOT_IN_THE_STAND_IN = (
    "ModelPackageName",
    "ValidationSpecification",
    "SourceAlgorithmSpecification",
    "CertifyForMarketplace",
    "AdditionalInferenceSpecifications",
    "ManagedStorageType",
)
UPDATES_NOT_IN_THE_STAND_IN = (
    "AdditionalInferenceSpecificationsToAdd",
    "InferenceSpecification",
    "ModelCard",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)
REPLACED = ("ModelApprovalStatus", "ApprovalDescription", "SourceUri")
MOST_METADATA = 50


class ModelPackageGroups:
    def __init__(self, documents: Documents, packages: Documents):
        self.documents = documents
        self.packages = packages

    def CreateModelPackageGroup(self, params: dict) -> dict:
        if params.get("ManagedConfiguration"):
            raise invalid("ManagedConfiguration is not implemented by the stand-in")
        return self.documents.add(params, ModelPackageGroupStatus="Completed", CreatedBy={}, lastVersion=0)

    def DescribeModelPackageGroup(self, params: dict) -> dict:
        return self.get(params["ModelPackageGroupName"])

    def ListModelPackageGroups(self, params: dict) -> dict:
        return self.documents.list(params, "ModelPackageGroupSummaryList")

    def DeleteModelPackageGroup(self, params: dict) -> None:
        name = self.get(params["ModelPackageGroupName"])["ModelPackageGroupName"]
        if left := len(self.packages.store.all(PACKAGE.name, prefix=f"{name}/")):
            raise AwsError(
                "ConflictException",
                f"Model package group {name} still has {left} model packages: delete them",
            )
        self.documents.delete(name)

    def get(self, name_or_arn: str) -> dict:
        return self.documents.get(named(name_or_arn, GROUP.path))

    def next_version(self, name: str) -> int:
        """Numbers are never given out twice, even when the newest version is deleted."""
        with self.documents.store.transaction():
            number = self.documents.get(name)["lastVersion"] + 1
            self.documents.update(name, lastVersion=number)
        return number


class ModelPackages:
    """Versions only; a package without a group is one of the Marketplace."""

    def __init__(self, documents: Documents, groups: ModelPackageGroups):
        self.documents = documents
        self.groups = groups

    def CreateModelPackage(self, params: dict) -> dict:
        for name in NOT_IN_THE_STAND_IN:
            if params.get(name):
                raise invalid(f"{name} is not implemented by the stand-in, which keeps versions of a group")
        if not params.get("ModelPackageGroupName"):
            raise invalid("ModelPackageGroupName is required by the stand-in")
        for container in params.get("InferenceSpecification", {}).get("Containers", ()):
            if not container.get("Image"):
                raise invalid("InferenceSpecification.Containers: Image is required by the stand-in")
        group = self.groups.get(params["ModelPackageGroupName"])["ModelPackageGroupName"]
        with self.documents.store.transaction():
            if (made := self._made_with(params.get("ClientToken"), group)) is not None:
                return {"ModelPackageArn": made["ModelPackageArn"]}
            version = self.groups.next_version(group)
            return self.documents.add(
                {"ModelApprovalStatus": "PendingManualApproval", "CertifyForMarketplace": False}
                | params
                | {"ModelPackageName": f"{group}/{version}", "ModelPackageGroupName": group},
                ModelPackageVersion=version,
                ModelPackageStatus="Completed",
                ModelPackageStatusDetails={"ValidationStatuses": [], "ImageScanStatuses": []},
                CreatedBy={},
            )

    def DescribeModelPackage(self, params: dict) -> dict:
        return shown(self._get(params["ModelPackageName"]))

    def ListModelPackages(self, params: dict) -> dict:
        """AWS lists packages of the Marketplace, here none, unless a group or a type is asked for."""
        if group := params.get("ModelPackageGroupName"):
            group = self.groups.get(group)["ModelPackageGroupName"]
        kind = params.get("ModelPackageType", "Versioned" if group else "Unversioned")
        status = params.get("ModelApprovalStatus")

        def keep(package: dict) -> bool:
            return (
                kind != "Unversioned"
                and group in (None, package["ModelPackageGroupName"])
                and status in (None, package["ModelApprovalStatus"])
            )

        page = self.documents.list(params, "ModelPackageSummaryList", keep)
        page["ModelPackageSummaryList"] = [shown(package) for package in page["ModelPackageSummaryList"]]
        return page

    def UpdateModelPackage(self, params: dict) -> dict:
        for name in UPDATES_NOT_IN_THE_STAND_IN:
            if params.get(name):
                raise invalid(f"{name} is not implemented by the stand-in")
        with self.documents.store.transaction():
            package = self._get(params["ModelPackageArn"])
            metadata = package.get("CustomerMetadataProperties", {}) | params.get(
                "CustomerMetadataProperties", {}
            )
            for key in params.get("CustomerMetadataPropertiesToRemove", ()):
                metadata.pop(key, None)
            if len(metadata) > MOST_METADATA:
                raise invalid(f"CustomerMetadataProperties: {len(metadata)}; {MOST_METADATA} is the most")
            changes = {name: params[name] for name in REPLACED if name in params}
            self.documents.update(
                package["ModelPackageName"],
                **changes,
                CustomerMetadataProperties=metadata,
                LastModifiedBy={},
            )
        return {"ModelPackageArn": package["ModelPackageArn"]}

    def DeleteModelPackage(self, params: dict) -> None:
        self.documents.delete(self._get(params["ModelPackageName"])["ModelPackageName"])

    def _get(self, name_or_arn: str) -> dict:
        return self.documents.get(named(name_or_arn, PACKAGE.path))

    def _made_with(self, token: str | None, group: str) -> dict | None:
        """The version that an earlier request with this token has made."""
        packages = self.documents.store.all(PACKAGE.name, prefix=f"{group}/") if token else []
        return next((package for package in packages if package.get("ClientToken") == token), None)


def shown(package: dict) -> dict:
    """A version has no name of its own in AWS's answers, but a group, a number and an ARN."""
    return {key: value for key, value in package.items() if key != "ModelPackageName"}


def named(name_or_arn: str, path: str) -> str:
    """The name, of which an ARN of this kind ends."""
    return name_or_arn.partition(f":{path}/")[2] or name_or_arn
