"""Whose AWS this is, and who is calling."""

from contextvars import ContextVar
from dataclasses import dataclass

# The access key that signed the request which is being handled; None outside of one.
caller: ContextVar[str | None] = ContextVar("caller", default=None)


@dataclass(frozen=True)
class Identity:
    account: str = "000000000000"
    region: str = "us-east-1"
    partition: str = "aws"  # aws-cn in China

    def arn(self, service: str, resource: str) -> str:
        """``arn("sagemaker", "model/x")`` is arn:aws:sagemaker:us-east-1:000000000000:model/x."""
        # As on AWS: IAM and STS are global, so their names carry no region; S3's carry neither.
        region = "" if service in ("iam", "sts", "s3") else self.region
        account = "" if service == "s3" else self.account
        return f"arn:{self.partition}:{service}:{region}:{account}:{resource}"
