"""The model at work, behind an endpoint that answers at any time."""

from dataclasses import dataclass
from typing import Any

import dagster as dg

from assets.answers import answers_of
from assets.approval import require_approval
from assets.endpoint_parity import ENDPOINT_AGREES_WITH_BATCH, endpoint_agrees_with_batch
from assets.evaluation import evaluation
from assets.explanation_text import explained_sample
from assets.records import OWNERS, publish, read_record
from assets.trained_model import trained_model
from resources.endpoints import Endpoints
from resources.loop import Loop
from resources.model_registry import ModelRegistry
from resources.names import job_name
from resources.object_store import ObjectStore
from resources.sagemaker_requests import deployment_config, endpoint_config_request
from vision.images import inspect_image
from vision.seen import Seen

SERVED = {
    "instance_type": True,
    "instance_count": True,
    "health_check_timeout_seconds": True,
    "data_capture": {"percentage"},
}


@dataclass(frozen=True)
class Prediction:
    """What the live endpoint sees in one image."""

    seen: Seen
    picture: bytes  # PNG: the image with it
    milliseconds: float  # from asking the endpoint to its answer


@dg.asset(
    deps=[trained_model, evaluation],
    check_specs=[ENDPOINT_AGREES_WITH_BATCH],
    group_name="model",
    kinds={"sagemaker"},
    owners=OWNERS,
    code_version="1",
    pool="sagemaker_endpoint",
)
def live_endpoint(
    loop: dg.ResourceParam[Loop], store: ObjectStore, endpoints: Endpoints, registry: ModelRegistry
) -> dg.MaterializeResult:
    """The endpoint that serves the newest approved model, updated in place.

    It counts as done only when SageMaker says that the endpoint serves our configuration (after a failed
    update it serves the old one and calls that success) and it has answered about a real image. Traffic moves
    as the loop's `endpoint.deployment` says; `endpoint.keep_versions` deletes old configurations and models,
    never those in use.
    """
    model = read_record(store, loop, "trained_model")
    package = require_approval(registry, loop, model["model"])
    measured = read_evaluation(store, loop, model["model"])
    served = endpoints.ensure(
        loop.endpoint_name, config_request(loop, model["model"]), deployment_config(loop)
    )
    sample = store.read(measured["sample"])
    answer = predict(endpoints, loop, model["labels"], sample)
    keep = loop.endpoint.keep_versions
    return publish(
        store,
        loop,
        "live_endpoint",
        {
            "endpoint": served["EndpointName"],
            "config": served["EndpointConfigName"],
            "model": model["model"],
            "labels": model["labels"],
        },
        metadata={
            "endpoint": served["EndpointName"],
            "config": served["EndpointConfigName"],
            "model": model["model"],
            "model_package": package.arn,
            "milliseconds": round(answer.milliseconds, 1),
            f"{answer.seen.noun}_on_sample": len(answer.seen),
            "sample": measured["sample"],
            "explained_sample": explained_sample(
                store, loop, endpoints.aws, measured["sample"], sample, answer.seen
            ),
            "deployment": loop.endpoint.deployment,
            **running_cost(loop),
            "deleted_versions": endpoints.clean_up(loop.slug, keep, model["model"]) if keep else [],
        },
        check_results=[endpoint_agrees_with_batch(store, loop, endpoints, model["labels"], measured)],
    )


def running_cost(loop: Loop) -> dict[str, Any]:
    """Of the endpoint's instances; empty without the tariff of `endpoint.instance_type`."""
    hour = loop.budget.instance_cost(loop.endpoint.instance_type, 3600, loop.endpoint.instance_count)
    if hour is None:
        return {}
    prices = {"cost_per_hour": round(hour, 4), "cost_per_day": round(hour * 24, 2)}
    return prices | {"currency": loop.budget.currency}


def read_evaluation(store: ObjectStore, loop: Loop, model: str) -> dict[str, Any]:
    """Raises dg.Failure unless the evaluation is of this model."""
    record = read_record(store, loop, "evaluation")
    if record["model"] != model:
        raise dg.Failure(
            f"Materialize evaluation first: it is of {record['model']}, and the newest model is {model}.",
            allow_retries=False,
        )
    return record


def config_request(loop: Loop, model: str) -> dict[str, Any]:
    """Named by what serves: how it took over, and what is kept of its predecessors, make no other version."""
    settings = loop.endpoint.model_dump(include=SERVED, exclude_none=True)
    name = job_name(loop.name, "config", {"model": model, "endpoint": settings})
    return endpoint_config_request(loop, name=name, model=model)


def predict(endpoints: Endpoints, loop: Loop, labels: list[str], image: bytes) -> Prediction:
    """Ask the live endpoint about one image; ``labels`` are those the served model was trained with.

    Raises vision.images.ImageProblem for bytes that are no image.
    """
    facts = inspect_image(image)
    answer = endpoints.invoke(loop.endpoint_name, image, loop.trainer.answers)
    seen = answers_of(loop).read(loop, answer.body, labels, (facts.width, facts.height))
    return Prediction(seen, seen.draw(image), answer.milliseconds)
