"""What AWS looks up before it accepts a job: the role, the buckets, the input, the model's data.

All of it through the public APIs, so that S3 may be any server.
"""

import json
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from localaws.api import AwsError, Clients, Identity

SERVICE = "sagemaker.amazonaws.com"


def invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def split_uri(uri: str, where: str) -> tuple[str, str]:
    """("bucket", "key"); ``where`` names the parameter in the error."""
    parts = urlsplit(uri, allow_fragments=False)
    if parts.scheme != "s3" or not parts.netloc:
        raise invalid(f"{where}: {uri!r} is not an S3 URI, s3://bucket/key")
    return parts.netloc, uri.partition(parts.netloc)[2].removeprefix("/")


class Preconditions:
    def __init__(self, clients: Clients, identity: Identity):
        self.clients = clients
        self.identity = identity

    def role(self, arn: str) -> None:
        """It exists here, and SageMaker may assume it."""
        account, _, name = arn.partition(":role/")
        refused = invalid(
            f"Could not assume role {arn}. Please ensure that the role exists and allows principal "
            f"'{SERVICE}' to assume the role."
        )
        if account.rpartition(":")[2] != self.identity.account:
            raise refused
        try:
            role = self.clients.client("iam").get_role(RoleName=name.rpartition("/")[2])["Role"]
        except ClientError as problem:
            raise refused from problem
        if SERVICE not in json.dumps(role.get("AssumeRolePolicyDocument", {})):
            raise refused

    def bucket(self, uri: str, where: str) -> None:
        name, _ = split_uri(uri, where)
        try:
            self.clients.client("s3").head_bucket(Bucket=name)
        except ClientError as problem:
            raise invalid(
                f"{where}: the bucket {name} does not exist in {self.identity.region} or cannot be reached "
                f"({problem.response['Error']['Code']})"
            ) from problem

    def input(self, uri: str, role: str) -> None:
        """At least one object starts with the URI."""
        bucket, prefix = split_uri(uri, "S3Uri")
        try:
            found = self.clients.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)[
                "KeyCount"
            ]
        except ClientError:
            found = 0
        if not found:
            raise invalid(
                f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that '
                f"the bucket exists in the selected region ({self.identity.region}), that objects exist "
                f'under that S3 prefix, and that the role "{role}" has "s3:ListBucket" permissions on bucket '
                f'"{bucket}".'
            )

    def model_data(self, uri: str, role: str) -> None:
        """The object is there; of an uncompressed model (uri ends in /) at least one is."""
        bucket, key = split_uri(uri, "ModelDataUrl")
        client = self.clients.client("s3")
        try:
            if key.endswith("/") or not key:
                found = client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)["KeyCount"]
            else:
                found = client.head_object(Bucket=bucket, Key=key)
        except ClientError:
            found = None
        if not found:
            raise invalid(
                f'Could not access model data at {uri}. Please ensure that the role "{role}" exists and that '
                'its trust relationship policy allows the action "sts:AssumeRole" for the service principal '
                f'"{SERVICE}". Also ensure that the role has "s3:GetObject" permissions and that the object '
                "is located in "
                f"{self.identity.region}."
            )
