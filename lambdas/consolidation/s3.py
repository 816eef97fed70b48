"""What the function reads and writes in S3."""

import json

import boto3


class Files:
    """Whole objects, named by their URI. ``key`` is the KMS key for what is written, if not the bucket's."""

    def __init__(self, region: str, key: str | None = None):
        self.region = region
        self.client = boto3.client("s3", region_name=region)
        self.encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}

    def read(self, uri: str) -> bytes:
        bucket, key = split(uri)
        return self.client.get_object(Bucket=bucket, Key=key)["Body"].read()

    def write(self, uri: str, body: bytes, content_type: str) -> None:
        bucket, key = split(uri)
        self.client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type, **self.encryption)


def split(uri: str) -> tuple[str, str]:
    """Bucket and key."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def label_names(job_arn: str, files: Files) -> list[str]:
    """The label names of a job, in the order of its label configuration, which defines the class ids."""
    job_name = job_arn.rpartition("/")[2]
    client = boto3.client("sagemaker", region_name=files.region)
    uri = client.describe_labeling_job(LabelingJobName=job_name).get("LabelCategoryConfigS3Uri")
    if not uri:
        raise ValueError(f"labeling job {job_name} has no LabelCategoryConfigS3Uri: its classes are unknown")
    return [entry["label"] for entry in json.loads(files.read(uri))["labels"]]
