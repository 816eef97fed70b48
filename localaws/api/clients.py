"""The doors to AWS: boto3 clients of the very server they run in, or of what the user is set up for."""

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Any

LONGEST_CALL = {"lambda": 910}  # seconds: a function may run for 15 minutes
OTHER_CALLS = 60


class Clients(ABC):
    """boto3 clients by service name, made once each and safe to share between threads."""

    def __init__(self):
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()  # a boto3 session must not make two clients at once

    def client(self, service: str) -> Any:
        if service not in self._clients:
            with self._making:
                if service not in self._clients:
                    self._clients[service] = self._make(service)
        return self._clients[service]

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """The variables with which a child process reaches the same services."""

    @abstractmethod
    def _make(self, service: str) -> Any: ...


class OwnClients(Clients):
    """Clients of one server, with its own keys; for the stand-in, of itself.

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
        super().__init__()
        self.endpoint_url = endpoint_url
        self.access_key = access_key
        self.secret_key = secret_key
        self.region = region
        self.overrides = dict(overrides or {})

    def environment(self) -> dict[str, str]:
        """The settings in the user's home are left out: they are not the child's."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        } | _endpoint_variables(self.overrides)

    def _make(self, service: str) -> Any:
        import boto3  # loaded at the first call, so that the server starts without it

        return boto3.session.Session().client(
            service,
            endpoint_url=self.overrides.get(service, self.endpoint_url),
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=_config(service, custom=True),
        )


class ConfiguredClients(Clients):
    """Clients with the credentials, the region and the addresses that boto3 finds by itself.

    ``endpoints`` names another address for single services; all others are where boto3's own settings say,
    and that is AWS where they say nothing.
    """

    def __init__(self, endpoints: Mapping[str, str] | None = None):
        super().__init__()
        self.endpoints = dict(endpoints or {})

    @cached_property
    def session(self) -> Any:
        """Raises botocore's errors where the settings name what is not there."""
        import boto3

        return boto3.session.Session()

    def environment(self) -> dict[str, str]:
        """A child looks for its credentials in the same places, so that it can renew those that expire."""
        places = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        places |= {"HOME": os.environ["HOME"]} if "HOME" in os.environ else {}
        region = self.session.region_name
        places |= {"AWS_DEFAULT_REGION": region, "AWS_REGION": region} if region else {}
        return places | _endpoint_variables(self.endpoints)

    def _make(self, service: str) -> Any:
        url = self.endpoints.get(service)
        return self.session.client(service, endpoint_url=url, config=_config(service, custom=url is not None))


def _config(service: str, custom: bool) -> Any:
    """``custom``: not AWS itself, so that a bucket's name is no host."""
    from botocore.config import Config

    return Config(
        retries={"mode": "standard", "total_max_attempts": 6},
        max_pool_connections=64,
        read_timeout=LONGEST_CALL.get(service, OTHER_CALLS),
        signature_version="s3v4" if service == "s3" else None,
        s3={"addressing_style": "path"} if service == "s3" and custom else None,
    )


def _endpoint_variables(endpoints: Mapping[str, str]) -> dict[str, str]:
    """AWS names them after a service's id, which for Cognito's user pools is not the name of its client."""
    ids = {"cognito-idp": "COGNITO_IDENTITY_PROVIDER"}
    return {
        f"AWS_ENDPOINT_URL_{ids.get(service, service.upper().replace('-', '_'))}": url
        for service, url in endpoints.items()
    }
