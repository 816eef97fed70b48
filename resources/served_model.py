"""From an endpoint back to what its model learned from, by SageMaker's own descriptions.

Nothing here asks which model is the newest: the one that is live may be older, and may have been deployed by
somebody else.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dagster as dg

from resources.adoption import describe_or_none
from resources.aws import Aws, explained

INITIAL_MODEL = "model"  # the channel with the artifact that a training began with, which is no manifest


class Untraceable(dg.Failure):
    """The way from the endpoint to the training data ends before its end; the message says where."""


@dataclass(frozen=True)
class ServedModel:
    """``labels`` and ``attribute`` are those that the training job was given, ``channels`` the S3 URIs of its
    manifests, and ``hyperparameters`` the strings that it read, each of them JSON.
    """

    endpoint: str
    status: str
    config: str
    model: str
    artifact: str
    training_job: str
    ended: datetime | None
    labels: list[str]
    attribute: str
    channels: dict[str, str]
    hyperparameters: dict[str, str]


def served_model(aws: Aws, endpoint: str) -> ServedModel:
    """Raises Untraceable, which names the first link that is missing."""
    sagemaker = aws.client("sagemaker")
    with explained(f"walk back from the endpoint {endpoint}"):
        found = _describe(
            lambda: sagemaker.describe_endpoint(EndpointName=endpoint),
            f"There is no endpoint {endpoint}: materialize live_endpoint first.",
        )
        name = found.get("EndpointConfigName")
        config = _describe(
            lambda: sagemaker.describe_endpoint_config(EndpointConfigName=name),
            f"The endpoint {endpoint} serves {name}, but this configuration was deleted.",
        )
        model = _only_model(endpoint, config)
        described = _describe(
            lambda: sagemaker.describe_model(ModelName=model),
            f"The endpoint {endpoint} serves the model {model}, but this model was deleted.",
        )
        artifact = described.get("PrimaryContainer", {}).get("ModelDataUrl")
        if not artifact:
            raise _failure(f"The model {model} has no artifact, so nothing tells what it learned from.")
        job = _training_job(sagemaker, model, artifact)
    channels = {channel["ChannelName"]: _source(channel) for channel in job.get("InputDataConfig", ())}
    return ServedModel(
        endpoint=endpoint,
        status=found["EndpointStatus"],
        config=name,
        model=model,
        artifact=artifact,
        training_job=job["TrainingJobName"],
        ended=job.get("TrainingEndTime"),
        labels=_classes(job),
        attribute=_attribute(job, channels),
        channels={name: source["S3Uri"] for name, source in channels.items() if name != INITIAL_MODEL},
        hyperparameters=dict(job["HyperParameters"]),
    )


def _only_model(endpoint: str, config: dict[str, Any]) -> str:
    models = sorted({str(variant.get("ModelName")) for variant in config["ProductionVariants"]})
    if len(models) != 1:
        raise _failure(
            f"The endpoint {endpoint} serves several models ({', '.join(models)}): which of them answers is "
            "left to chance. Endpoints that labelloop makes serve one."
        )
    return models[0]


def _training_job(sagemaker: Any, model: str, artifact: str) -> dict[str, Any]:
    """SageMaker keeps an artifact under <S3OutputPath>/<training job>/output/model.tar.gz."""
    name = (["", "", "", *artifact.split("/")])[-3]
    unknown = (
        f"The model {model} was made of {artifact}, and no training job {name!r} says that it made this file."
    )
    if not name:
        raise _failure(unknown)
    job = _describe(lambda: sagemaker.describe_training_job(TrainingJobName=name), unknown)
    if job.get("ModelArtifacts", {}).get("S3ModelArtifacts") != artifact:
        raise _failure(unknown)
    return job


def _source(channel: dict[str, Any]) -> dict[str, Any]:
    return channel["DataSource"].get("S3DataSource", {"S3Uri": ""})


def _classes(job: dict[str, Any]) -> list[str]:
    """The order of the labels, as Loop.script_hyperparameters wrote it."""
    try:
        return [str(label) for label in json.loads(json.loads(job["HyperParameters"]["classes"]))]
    except (KeyError, ValueError, TypeError) as problem:
        raise _failure(
            f"The training job {job['TrainingJobName']} has no hyperparameter `classes` with labels, so "
            "it is none of labelloop's detector."
        ) from problem


def _attribute(job: dict[str, Any], channels: dict[str, dict[str, Any]]) -> str:
    names = channels.get("train", {}).get("AttributeNames", ())
    labels = [name for name in names if name != "source-ref"]
    if not labels:
        raise _failure(
            f"The training job {job['TrainingJobName']} read no augmented manifest as `train`: its channels "
            f"are {sorted(channels)}."
        )
    return labels[0]


def _describe(describe: Callable[[], dict[str, Any]], missing: str) -> dict[str, Any]:
    found = describe_or_none(describe)
    if found is None:
        raise _failure(missing)
    return found


def _failure(message: str) -> Untraceable:
    return Untraceable(message, allow_retries=False)
