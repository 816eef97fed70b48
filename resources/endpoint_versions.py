"""Which of a loop's endpoint configurations and models are not needed any more."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any


def superfluous(newest_first: Sequence[str], keep: int, in_use: Collection[str]) -> list[str]:
    """All but the ``keep`` newest and those in use."""
    return [name for name in newest_first[keep:] if name not in in_use]


def delete_old_versions(client: Any, slug: str, keep: int, spare: Collection[str] = ()) -> list[str]:
    """Delete what a loop has left behind, by its names; returns what is gone.

    In use is a configuration that any endpoint serves or is being updated to, and a model that is in a
    configuration or a running transform job, or that is to be spared. SageMaker itself would delete both: the
    endpoint could never be updated again.
    """
    configs = superfluous(_own(client, slug, "config"), keep, set(_served_configs(client)))
    for name in configs:
        client.delete_endpoint_config(EndpointConfigName=name)
    models = superfluous(_own(client, slug, "model"), keep, {*spare, *_models_in_use(client)})
    for name in models:
        client.delete_model(ModelName=name)
    return configs + models


def _own(client: Any, slug: str, kind: str) -> list[str]:
    """Names that ``names.job_name`` made, the newest first; those of foods-2 are not those of foods."""
    operation, member, key = {
        "config": ("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
        "model": ("list_models", "Models", "ModelName"),
    }[kind]
    named = re.compile(rf"{re.escape(slug)}-{kind}-[0-9a-f]{{12}}")
    order = {"SortBy": "CreationTime", "SortOrder": "Descending"}
    listed = _all(client, operation, member, NameContains=f"{slug}-{kind}-", **order)
    return [entry[key] for entry in listed if named.fullmatch(entry[key])]


def _served_configs(client: Any) -> Iterator[str]:
    for endpoint in _all(client, "list_endpoints", "Endpoints"):
        found = client.describe_endpoint(EndpointName=endpoint["EndpointName"])
        yield found["EndpointConfigName"]
        if pending := found.get("PendingDeploymentSummary"):
            yield pending["EndpointConfigName"]


def _models_in_use(client: Any) -> Iterator[str]:
    for config in _all(client, "list_endpoint_configs", "EndpointConfigs"):
        found = client.describe_endpoint_config(EndpointConfigName=config["EndpointConfigName"])
        yield from (variant["ModelName"] for variant in found["ProductionVariants"] if "ModelName" in variant)
    for job in _all(client, "list_transform_jobs", "TransformJobSummaries", StatusEquals="InProgress"):
        yield client.describe_transform_job(TransformJobName=job["TransformJobName"])["ModelName"]


def _all(client: Any, operation: str, member: str, **filters: str) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator(operation).paginate(**filters):
        yield from page[member]
