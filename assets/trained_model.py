"""The model, trained on the labels."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dagster as dg

from assets.costs import Costs, cost_check, cost_within_limit
from assets.earlier_jobs import earlier_trainings
from assets.initial_model import initial_model
from assets.model_card import begin_card
from assets.packaging import pack_source, source_digest
from assets.records import OWNERS, publish, read_record, record_uri
from resources.containers import pytorch_image
from resources.endpoints import Endpoints
from resources.estimates import Estimate, job_cost, training_estimate
from resources.loop import Loop
from resources.names import job_name
from resources.object_store import ObjectStore
from resources.roles import Roles
from resources.sagemaker_jobs import TrainingJobs
from resources.sagemaker_requests import model_request, training_job_request

AUTOMATION = "dagster/from_automation_condition"  # a tag of the runs that conditions ask for
DETECTOR = Path(__file__).resolve().parents[1] / "detector"


@dg.asset(
    deps=[dg.AssetKey("train_split"), dg.AssetKey("validation_split")],
    check_specs=[cost_check("trained_model", "training")],
    group_name="model",
    kinds={"sagemaker", "pytorch"},
    owners=OWNERS,
    code_version="1",
    pool="sagemaker_training",
)
def trained_model(
    context: dg.AssetExecutionContext,
    loop: dg.ResourceParam[Loop],
    store: ObjectStore,
    roles: Roles,
    training_jobs: TrainingJobs,
    endpoints: Endpoints,
) -> dg.MaterializeResult:
    """A model trained by SageMaker on the train split, and the SageMaker model made of it.

    The training job is named by everything that makes the model: labels, splits, the detector's code,
    container image, instances, hyperparameters, the backbone's weights and, with `training.init_from`, the
    model that was live when these labels were first trained on. The same inputs adopt the earlier job.
    Cancelling the run stops the job. A run that automation started leaves the model as it is until
    `automation.min_new_labels` labels are new.
    """
    train, validation = (read_record(store, loop, f"{side}_split") for side in ("train", "validation"))
    if AUTOMATION in context.run.tags and (kept := kept_model(store, loop, [train, validation])):
        return kept
    region, role = endpoints.aws.region_name(), roles.ensure(loop.role_name, loop.bucket)
    image = loop.training.image_uri or pytorch_image("training", region, loop.training.instance_type)
    initial = initial_model(store, loop, endpoints.aws, content_of_split(train))
    inputs = model_inputs(loop, train, validation, image, initial.artifact, weights_etag(store, loop))
    request = training_job_request(
        loop,
        name=job_name(loop.name, "train", inputs),
        image_uri=image,
        role_arn=role,
        train_uri=train["manifest"],
        validation_uri=validation["manifest"],
        source_uri=upload_source(store, loop),
        output_uri=loop.uri("models"),
        init_uri=initial.artifact,
    )
    costs = Costs(loop, context.log.info)
    job = train_within_budget(costs, store, loop, training_jobs, request, len(train["etags"]))
    record = {
        "training_job": job["TrainingJobName"],
        "model": make_model(endpoints, loop, job, region, role),
        "model_uri": job["ModelArtifacts"]["S3ModelArtifacts"],
        "labels": loop.labels,
        "trained_on": [train["manifest"], validation["manifest"]],
    }
    return publish(
        store,
        loop,
        "trained_model",
        record,
        metadata=numbers(job, train)
        | costs.metadata()
        | record
        | {"began_with": initial.note}
        | begin_card(
            store, loop, record, job, inputs, initial.note, {"train": train, "validation": validation}
        ),
        check_results=[cost_within_limit(loop, "training", costs.spent)],
    )


def train_within_budget(
    costs: Costs,
    store: ObjectStore,
    loop: Loop,
    training_jobs: TrainingJobs,
    request: dict[str, Any],
    images: int,
) -> dict[str, Any]:
    """Have the job done; raises dg.Failure before it is created if it would cost too much."""

    def estimate() -> Estimate:
        return training_estimate(loop, images, earlier_trainings(store, training_jobs, loop, request))

    job = training_jobs.run(request, costs.log, costs.permit("training", estimate))
    costs.add(job["TrainingJobName"], job_cost(loop, job))
    return job


def kept_model(store: ObjectStore, loop: Loop, splits: list[dict[str, Any]]) -> dg.MaterializeResult | None:
    """The model that is there, while too few labels are new; None when it is time to train."""
    if loop.automation.min_new_labels == 1:
        return None
    try:
        record = store.read_json(record_uri(loop, "trained_model"))
    except FileNotFoundError:
        return None
    before = record.get("trained_on", [])
    new = changed_labels(*(list(store.read_all(uris)) for uris in (before, [s["manifest"] for s in splits])))
    if not before or new >= loop.automation.min_new_labels:
        return None
    waits = {"new_labels": new, "waits_for": loop.automation.min_new_labels}
    return publish(
        store,
        loop,
        "trained_model",
        record,
        metadata=waits | {"model": record["model"]},
        check_results=[cost_within_limit(loop, "training", [])],
    )


def changed_labels(before: Iterable[bytes], now: Iterable[bytes]) -> int:
    """Images whose label is new, another one, or gone: of the lines of manifests."""

    def labels_of(manifests: Iterable[bytes]) -> dict[str, str]:
        lines = (line for body in manifests for line in body.decode().splitlines())
        return {json.loads(line)["source-ref"]: line for line in lines}

    old, new = labels_of(before), labels_of(now)
    return sum(old.get(uri) != new.get(uri) for uri in old.keys() | new.keys())


def upload_source(store: ObjectStore, loop: Loop) -> str:
    uri = loop.uri(f"source/{source_digest(DETECTOR)[:12]}/sourcedir.tar.gz")
    if not store.exists(uri):
        store.write(uri, pack_source(DETECTOR), "application/gzip")
    return uri


def make_model(endpoints: Endpoints, loop: Loop, job: dict[str, Any], region: str, role: str) -> str:
    """The name of the SageMaker model of a training job: its artifact, and the container that serves it."""
    image = loop.transform.image_uri or pytorch_image("inference", region, loop.transform.instance_type)
    artifact = job["ModelArtifacts"]["S3ModelArtifacts"]
    name = job_name(loop.name, "model", {"model": artifact, "image": image})
    return endpoints.ensure_model(
        model_request(loop, name=name, image_uri=image, model_uri=artifact, role_arn=role)
    )


def model_inputs(
    loop: Loop,
    train: dict[str, Any],
    validation: dict[str, Any],
    image: str,
    initial: str | None = None,
    weights: str | None = None,
) -> dict[str, Any]:
    """What makes a model the model it is; ``initial`` is the artifact that the training begins with,
    ``weights`` the ETag of its backbone's. Time limit, size of the disk, whether the machines are spare ones
    and the images' names do not."""
    inputs = {
        "train": content_of_split(train),
        "validation": content_of_split(validation),
        "source": source_digest(DETECTOR),
        "image": image,
        "instance": loop.training.instance_type,
        "hyperparameters": loop.training.hyperparameters,
        "labels": loop.labels,
        "attribute": loop.kept_attribute,
    }
    if loop.training.instance_count > 1:
        inputs["instances"] = loop.training.instance_count
    if weights:
        inputs["backbone_weights"] = weights
    return inputs | ({"initial_model": initial} if initial else {})


def weights_etag(store: ObjectStore, loop: Loop) -> str | None:
    """Of the backbone's weights; None if the loop names none. Raises dg.Failure if they are not there."""
    uri = loop.training.backbone_weights
    if uri is None:
        return None
    if etag := store.etag(uri):
        return etag
    raise dg.Failure(f"training.backbone_weights: there is no object {uri}")


def content_of_split(split: dict[str, Any]) -> str:
    """Pictures and labels of a split, whatever the images are called; splits of an earlier version name only
    their manifest."""
    return split["content"] if "content" in split else split["sha256"]


def numbers(job: dict[str, Any], train: dict[str, Any]) -> dict[str, Any]:
    """The job's final metrics, under names that Dagster can plot: ``validation:mAP`` as validation_mAP."""
    metrics = {
        metric["MetricName"].replace(":", "_"): float(metric["Value"])
        for metric in job.get("FinalMetricDataList", ())
    }
    return metrics | {
        "images": len(train["etags"]),
        "training_seconds": job.get("TrainingTimeInSeconds", 0),
    }
