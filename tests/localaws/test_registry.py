"""The model registry: groups, numbered versions, approvals."""

import pytest
from botocore.exceptions import ClientError

from tests.localaws.buckets import refused
from tests.localaws.workshop import INFERENCE_IMAGE, Workshop


@pytest.fixture(scope="session")
def workshop(stand_in) -> Workshop:
    return Workshop(stand_in)


@pytest.fixture
def sagemaker(workshop):
    return workshop.sagemaker


@pytest.fixture
def group(workshop) -> str:
    name = workshop.name("group")
    workshop.sagemaker.create_model_package_group(ModelPackageGroupName=name)
    return name


def specification() -> dict:
    return {
        "Containers": [{"Image": INFERENCE_IMAGE, "ModelDataUrl": "s3://bucket/model.tar.gz"}],
        "SupportedContentTypes": ["application/x-image"],
        "SupportedResponseMIMETypes": ["application/json"],
    }


def register(sagemaker, group: str, **changes) -> str:
    request = {"ModelPackageGroupName": group, "InferenceSpecification": specification()} | changes
    return sagemaker.create_model_package(**request)["ModelPackageArn"]


def test_versions_of_a_group_are_numbered_and_wait_for_approval(sagemaker, group):
    arns = [register(sagemaker, group) for _ in range(2)]
    assert [arn.partition(":model-package/")[2] for arn in arns] == [f"{group}/1", f"{group}/2"]
    found = sagemaker.describe_model_package(ModelPackageName=arns[1])
    assert (found["ModelPackageGroupName"], found["ModelPackageVersion"]) == (group, 2)
    assert (found["ModelPackageStatus"], found["ModelApprovalStatus"]) == (
        "Completed",
        "PendingManualApproval",
    )
    assert found["InferenceSpecification"]["Containers"][0]["Image"] == INFERENCE_IMAGE
    assert "ModelPackageName" not in found
    assert sagemaker.describe_model_package(ModelPackageName=f"{group}/2")["ModelPackageArn"] == arns[1]


def test_a_request_that_is_repeated_makes_one_version(sagemaker, group):
    first = register(sagemaker, group, ClientToken="once")
    assert register(sagemaker, group, ClientToken="once") == first
    assert register(sagemaker, group, ClientToken="twice") != first


def test_the_number_of_a_deleted_version_is_not_given_out_again(sagemaker, group):
    first = register(sagemaker, group)
    sagemaker.delete_model_package(ModelPackageName=first)
    assert register(sagemaker, group).endswith(f"{group}/2")
    with pytest.raises(ClientError, match=r"ModelPackage .*/1 does not exist") as error:
        sagemaker.describe_model_package(ModelPackageName=first)
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_an_approval_is_kept_with_its_reason_and_what_was_noted(sagemaker, group):
    arn = register(sagemaker, group, CustomerMetadataProperties={"map_50": "0.5", "old": "yes"})
    sagemaker.update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus="Approved",
        ApprovalDescription="looked at it",
        CustomerMetadataProperties={"map_50": "0.6"},
        CustomerMetadataPropertiesToRemove=["old"],
    )
    found = sagemaker.describe_model_package(ModelPackageName=arn)
    assert (found["ModelApprovalStatus"], found["ApprovalDescription"]) == ("Approved", "looked at it")
    assert found["CustomerMetadataProperties"] == {"map_50": "0.6"}
    assert found["LastModifiedTime"] >= found["CreationTime"]


def test_versions_are_listed_by_group_and_by_approval_page_by_page(workshop, sagemaker, group):
    other = workshop.name("group")
    sagemaker.create_model_package_group(ModelPackageGroupName=other)
    register(sagemaker, other)
    arns = [register(sagemaker, group, ModelPackageDescription=f"number {number}") for number in range(3)]
    sagemaker.update_model_package(ModelPackageArn=arns[1], ModelApprovalStatus="Approved")

    def listed(**filters) -> list[str]:
        pages = sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=group, PaginationConfig={"PageSize": 2}, **filters
        )
        return [found["ModelPackageArn"] for page in pages for found in page["ModelPackageSummaryList"]]

    assert listed() == arns[::-1]
    assert listed(ModelApprovalStatus="Approved") == [arns[1]]
    page = sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
    assert page[0]["ModelPackageDescription"] == "number 2"
    groups = sagemaker.list_model_package_groups(NameContains=group)["ModelPackageGroupSummaryList"]
    assert [found["ModelPackageGroupStatus"] for found in groups] == ["Completed"]


def test_a_group_goes_only_when_it_is_empty(sagemaker, group):
    arn = register(sagemaker, group)
    with refused("ConflictException"):
        sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    sagemaker.delete_model_package(ModelPackageName=arn)
    sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    with refused("ValidationException"):
        sagemaker.describe_model_package_group(ModelPackageGroupName=group)


def test_what_a_registry_cannot_take_is_refused(sagemaker, group):
    with pytest.raises(ClientError, match="already exists"):
        sagemaker.create_model_package_group(ModelPackageGroupName=group)
    with pytest.raises(ClientError, match="ModelPackageGroup .*/nowhere does not exist"):
        register(sagemaker, "nowhere")
    with pytest.raises(ClientError, match="ModelPackageGroupName is required"):
        sagemaker.create_model_package(InferenceSpecification=specification())
    with pytest.raises(ClientError, match="CertifyForMarketplace is not implemented"):
        register(sagemaker, group, CertifyForMarketplace=True)
    with pytest.raises(ClientError, match="ModelApprovalStatus|enum|Maybe"):
        register(sagemaker, group, ModelApprovalStatus="Maybe")
