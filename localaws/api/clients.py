"""The stand-in's own doors to AWS: boto3 clients of the very server they run in."""

import threading
from collections.abc import Mapping
from typing import Any


class Clients:
    """boto3 clients by service name, made once each and safe to share between threads.

    ``overrides`` names another address for single services, as AWS_ENDPOINT_URL_S3 does for S3. What answers
    there must accept the same keys.
    """

    def __init__(
        self,
        endpoint_url: str,
        access_key: str,
        secret_key: str,
        region: str,
        overrides: Mapping[str, str] | None = None,
    ):
        self.endpoint_url = endpoint_url
        self.access_key = access_key
        self.secret_key = secret_key
        self.region = region
        self.overrides = dict(overrides or {})
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()  # a boto3 session must not make two clients at once

    def client(self, service: str) -> Any:
        if service not in self._clients:
            with self._making:
                if service not in self._clients:
                    self._clients[service] = self._make(service)
        return self._clients[service]

    def environment(self) -> dict[str, str]:
        """The AWS_* variables with which a child process reaches the same services."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        } | {
            f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}": url
            for service, url in self.overrides.items()
        }

    def _make(self, service: str) -> Any:
        import boto3  # loaded at the first call, so that the server starts without it
        from botocore.config import Config

        config = Config(
            retries={"mode": "standard", "total_max_attempts": 6},
            max_pool_connections=64,
            read_timeout=910 if service == "lambda" else 60,  # a function may run for 15 minutes
            signature_version="s3v4" if service == "s3" else None,
            s3={"addressing_style": "path"} if service == "s3" else None,
        )
        return boto3.session.Session().client(
            service,
            endpoint_url=self.overrides.get(service, self.endpoint_url),
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=config,
        )
