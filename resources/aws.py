"""Clients of AWS, and what their errors mean for the person who reads them in Dagster."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cache
from typing import Any

import boto3
import botocore.session
import dagster as dg
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.loaders import Loader, create_loader
from botocore.utils import parse_timestamp
from pydantic import Field, PrivateAttr

from resources.patience import Patience

CONFIG = {
    "retries": {"mode": "standard", "total_max_attempts": 8},
    "connect_timeout": 10,
    "read_timeout": 120,
    "max_pool_connections": 16,
}


class Aws(dg.ConfigurableResource):
    """boto3 clients with one set of retries and time limits.

    Credentials, region and endpoints come from where boto3 always looks for them, so ``AWS_ENDPOINT_URL``
    alone moves a loop between AWS and the stand-in.
    """

    region: str | None = Field(None, description="AWS region; boto3's own default when not set")
    ground_truth_endpoint_url: str | None = Field(
        None, description="Where labeling jobs and work teams live, if not with the rest of SageMaker"
    )
    ground_truth_profile: str | None = Field(
        None, description="AWS profile with the keys for that address, if they are not those of the rest"
    )
    _clients: dict[str, Any] = PrivateAttr(default_factory=dict)
    _patience: Patience = PrivateAttr(default_factory=Patience)
    _making: Any = PrivateAttr(
        default_factory=threading.Lock
    )  # a boto3 session must not make two clients at once

    def client(self, service: str) -> Any:
        return self._client(service)

    def ground_truth(self) -> Any:
        """The SageMaker client for labeling jobs, workforce and work teams."""
        return self._client("sagemaker", self.ground_truth_endpoint_url, self.ground_truth_profile)

    def region_name(self) -> str:
        return self.client("sagemaker").meta.region_name

    def _client(self, service: str, endpoint_url: str | None = None, profile: str | None = None) -> Any:
        key = f"{service} at {endpoint_url}"
        with self._making:
            if key not in self._clients:
                signature = {"signature_version": "s3v4"} if service == "s3" else {}
                with explained(f"make a client of {service}"):
                    region = self.region or boto3.session.Session().region_name  # not another profile's
                    client = _session(profile, region).client(
                        service, endpoint_url=endpoint_url, config=Config(**CONFIG, **signature)
                    )
                self._clients[key] = self._patience.attend(client)
            return self._clients[key]


def _session(profile: str | None, region: str | None) -> boto3.session.Session:
    core = botocore.session.Session()
    core.register_component("data_loader", _service_models(core.get_config_variable("data_path")))
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=read_time)
    return boto3.session.Session(botocore_session=core, profile_name=profile, region_name=region)


@cache
def _service_models(search_path: str | None) -> Loader:
    """Each session would read them anew, which takes longer than all else in making a client."""
    return create_loader(search_path)


def read_time(value: Any) -> datetime:
    """botocore's way with every format it knows takes ten times as long for the commonest: of a listing of
    100,000 objects, that were a quarter of a minute.
    """
    if isinstance(value, str) and value.endswith("Z"):
        with suppress(ValueError):
            return datetime.fromisoformat(value)
    return parse_timestamp(value)


def error_code(error: ClientError) -> str:
    return error.response["Error"]["Code"]


def is_missing(error: ClientError) -> bool:
    """Whether the error says that the thing asked for does not exist.

    SageMaker has two ways to say so: ResourceNotFound, and for most kinds ValidationException with a
    sentence.
    """
    code, message = error_code(error), error.response["Error"].get("Message", "").lower()
    if code == "ValidationException":
        return any(words in message for words in ("not found", "could not find", "does not exist"))
    return code.startswith("ResourceNotFound") or code in ("404", "NoSuchKey", "NoSuchBucket", "NoSuchEntity")


UNKNOWN_KEY = "AWS does not know this access key: check AWS_PROFILE or the credentials file"
WRONG_REGION = "the region is wrong: correct `region` in the loop's file, or AWS_DEFAULT_REGION"
ADVICE = {
    "InvalidAccessKeyId": UNKNOWN_KEY,
    "UnrecognizedClientException": UNKNOWN_KEY,
    "InvalidClientTokenId": UNKNOWN_KEY,
    "SignatureDoesNotMatch": "the secret access key is wrong: check AWS_PROFILE or the credentials file",
    "ExpiredToken": "the credentials have expired: sign in again",
    "AccessDenied": "these credentials may not do it: check the bucket's policy and the role's",
    "AccessDeniedException": "these credentials may not do it: check the role's policy",
    "403": "these credentials may not do it: check the keys, the bucket's policy and the role's",
    "NoSuchBucket": "the bucket does not exist: create it, or correct `bucket` in the loop's file",
    "PermanentRedirect": WRONG_REGION,
    "AuthorizationHeaderMalformed": WRONG_REGION,
}


@contextmanager
def explained(action: str) -> Iterator[None]:
    """Where boto3 fails for a wrong setting, raise dg.Failure that says what to change. Other errors pass."""
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError) as error:
        advice = "no complete AWS credentials: set AWS_PROFILE or AWS_SHARED_CREDENTIALS_FILE"
        raise _failure(action, advice, error) from error
    except ProfileNotFound as error:
        advice = "correct ground_truth_profile in the loop's file, or AWS_PROFILE"
        raise _failure(action, advice, error) from error
    except NoRegionError as error:
        raise _failure(
            action, "no region: set `region` in the loop's file, or AWS_DEFAULT_REGION", error
        ) from error
    except EndpointConnectionError as error:
        raise _failure(
            action, "nobody answers there: check AWS_ENDPOINT_URL and the network", error
        ) from error
    except ClientError as error:
        if error_code(error) not in ADVICE:
            raise
        raise _failure(action, ADVICE[error_code(error)], error) from error


def _failure(action: str, advice: str, error: Exception) -> dg.Failure:
    # Nothing gets better by trying again, except a server that is about to come back.
    retry = isinstance(error, EndpointConnectionError)
    return dg.Failure(f"Cannot {action}: {advice}. ({error})", allow_retries=retry)
