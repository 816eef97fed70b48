"""CreateTrainingJob, Describe, List: what is refused in AWS's words, what waiters and the SDK make of it."""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.localaws.workshop import Workshop, augmented, channel


@pytest.fixture(scope="session")
def workshop(stand_in) -> Workshop:
    return Workshop(stand_in)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"RoleArn": "arn:aws:iam::000000000000:role/nobody"}, "Could not assume role .*/nobody"),
        ({"OutputDataConfig": {"S3OutputPath": "s3://no-such-bucket-at-all/x"}}, "no-such-bucket-at-all"),
        ({"InputDataConfig": [channel("s3://no-such-bucket-at-all/x")]}, "No S3 objects found under S3 URL"),
        (
            {"InputDataConfig": [augmented("s3://b/m", "source-ref", InputMode="File")]},
            "AugmentedManifestFile is supported in Pipe mode only",
        ),
        ({"InputDataConfig": [augmented("s3://b/m")]}, "AttributeNames"),
        ({"InputDataConfig": [channel("s3://b/x"), channel("s3://b/y")]}, "train is repeated"),
        (
            {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 21, "VolumeSizeInGB": 1}},
            "is 21: the stand-in, one machine, plays 1 to 20",
        ),
        (
            {
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1},
                "InputDataConfig": [channel("s3://b/x", source={"S3DataDistributionType": "ShardedByS3Key"})],
            },
            "ShardedByS3Key is not implemented by the stand-in for more than one",
        ),
        ({"EnableNetworkIsolation": True}, "EnableNetworkIsolation is not implemented by the stand-in"),
        ({"EnableManagedSpotTraining": True}, "Invalid MaxWaitTimeInSeconds"),
        ({"TrainingJobName": "not_a_name"}, "failed to satisfy constraint"),
    ],
)
def test_requests_that_aws_refuses_are_refused(workshop, changes, message):
    request = workshop.training_request("") | changes
    with pytest.raises(ClientError, match=message) as refused:
        workshop.sagemaker.create_training_job(**request)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError, match="Requested resource not found"):
        workshop.training("unknown" if "TrainingJobName" in changes else request["TrainingJobName"])


@pytest.mark.slow
def test_a_name_is_given_once_and_waiters_and_the_sdk_understand_the_answers(workshop, monkeypatch):
    request = workshop.training_request("print('once')")
    workshop.sagemaker.create_training_job(**request, Tags=[{"Key": "loop", "Value": "ours"}])
    with pytest.raises(ClientError, match="already exists") as refused:
        workshop.sagemaker.create_training_job(**request)
    assert refused.value.response["Error"]["Code"] == "ResourceInUse"
    waiter = workshop.sagemaker.get_waiter("training_job_completed_or_stopped")
    waiter.config.delay = 0.1
    waiter.wait(TrainingJobName=request["TrainingJobName"])
    with pytest.raises(WaiterError, match="terminal failure"):
        waiter.wait(TrainingJobName="no-such-job")
    arn = workshop.training(request["TrainingJobName"])["TrainingJobArn"]
    assert workshop.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "loop", "Value": "ours"}]

    for name, value in workshop.stand_in.environment.items():
        monkeypatch.setenv(name, value)
    from sagemaker.core.resources import TrainingJob

    job = TrainingJob.get(request["TrainingJobName"], region="us-east-1")
    assert job.training_job_status == "Completed"
    assert job.model_artifacts.s3_model_artifacts.endswith("/output/model.tar.gz")


def test_lists_filter_sort_and_page_as_on_aws(workshop):
    prefix = workshop.name("listed")
    for number in range(3):
        workshop.train("", TrainingJobName=f"{prefix}-{number}")
    names = [f"{prefix}-{number}" for number in range(3)]
    for name in names:
        workshop.trained(name)

    def listed(**filters) -> list[str]:
        pages = workshop.sagemaker.get_paginator("list_training_jobs").paginate(
            NameContains=prefix, PaginationConfig={"PageSize": 2}, **filters
        )
        return [entry["TrainingJobName"] for page in pages for entry in page["TrainingJobSummaries"]]

    hour = timedelta(hours=1)  # clients send whole seconds
    first, last = (workshop.training(name)["CreationTime"] for name in (names[0], names[-1]))
    assert listed() == names[::-1]
    assert listed(SortBy="Name", SortOrder="Ascending") == names
    assert listed(StatusEquals="Completed") == names[::-1]
    assert listed(StatusEquals="Failed") == []
    assert listed(CreationTimeAfter=first - hour, LastModifiedTimeBefore=last + hour) == names[::-1]
    assert listed(CreationTimeAfter=last + hour) == listed(CreationTimeBefore=first - hour) == []
    with pytest.raises(ClientError, match="NextToken"):
        workshop.sagemaker.list_training_jobs(NextToken="made up")
