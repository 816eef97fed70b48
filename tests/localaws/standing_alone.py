"""The labeling service as a program of its own, beside servers that play AWS."""

import os
from collections.abc import Mapping
from pathlib import Path

import boto3
from botocore.config import Config

from tests.server_process import ServerProcess


class LabelingService(ServerProcess):
    """A running ``python -m localaws.labeling_service``."""

    module = "localaws.labeling_service"

    @property
    def environment(self) -> Mapping[str, str]:
        """What it was started with."""
        return self._environment

    def client(
        self,
        access_key: str,
        secret_key: str,
        token: str | None = None,
        *,
        service="sagemaker",
        region="us-east-1",
    ):
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            aws_session_token=token,
            config=Config(retries={"max_attempts": 2}),
        )


def clean_environment(**settings: str) -> dict[str, str]:
    """Nothing of the caller's own AWS settings, and these."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return clean | nowhere | {"AWS_EC2_METADATA_DISABLED": "true"} | settings


def keys_of(credentials_file: str | Path) -> tuple[str, str]:
    lines = Path(credentials_file).read_text().splitlines()
    keys = dict(line.split(" = ") for line in lines if " = " in line)
    return keys["aws_access_key_id"], keys["aws_secret_access_key"]
