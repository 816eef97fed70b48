"""What the function reads and writes in S3."""

import json

import boto3
from botocore.exceptions import ClientError


class Files:
    """Whole objects, named by their URI. ``key`` is the KMS key for what is written, if not the bucket's."""

    def __init__(self, region: str, key: str | None = None):
        self.region = region
        self.client = boto3.client("s3", region_name=region)
        self.encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}

    def read(self, uri: str) -> bytes:
        bucket, key = split(uri)
        return self.client.get_object(Bucket=bucket, Key=key)["Body"].read()

    def read_with_etag(self, uri: str) -> tuple[bytes, str] | None:
        """Body and ETag, or None where there is nothing."""
        bucket, key = split(uri)
        try:
            found = self.client.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise
        return found["Body"].read(), found["ETag"]

    def replace(self, uri: str, body: bytes, content_type: str, etag: str | None) -> None:
        """Write as long as the object has that ETag; None: as long as there is none.

        Raises ClientError with PreconditionFailed or ConditionalRequestConflict when somebody else wrote.
        """
        bucket, key = split(uri)
        condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        self.client.put_object(
            Bucket=bucket, Key=key, Body=body, ContentType=content_type, **condition, **self.encryption
        )

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
