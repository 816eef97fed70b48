"""Whose AWS this is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Identity:
    account: str = "000000000000"
    region: str = "us-east-1"

    def arn(self, service: str, resource: str) -> str:
        """``arn("sagemaker", "model/x")`` is arn:aws:sagemaker:us-east-1:000000000000:model/x."""
        # As on AWS: IAM and STS are global, so their names carry no region; S3's carry neither.
        region = "" if service in ("iam", "sts", "s3") else self.region
        account = "" if service == "s3" else self.account
        return f"arn:aws:{service}:{region}:{account}:{resource}"
