"""The detector, trained on the labels."""

from pathlib import Path
from typing import Any

import dagster as dg

from assets.packaging import pack_source, source_digest
from assets.records import OWNERS, publish, read_record
from resources.containers import pytorch_image
from resources.endpoints import Endpoints
from resources.loop import Loop
from resources.names import job_name
from resources.object_store import ObjectStore
from resources.roles import Roles
from resources.sagemaker_jobs import TrainingJobs
from resources.sagemaker_requests import model_request, training_job_request

DETECTOR = Path(__file__).resolve().parents[1] / "detector"


@dg.asset(
    deps=[dg.AssetKey("train_split"), dg.AssetKey("validation_split")],
    group_name="model",
    kinds={"sagemaker", "pytorch"},
    owners=OWNERS,
    code_version="1",
    pool="sagemaker_training",
    retry_policy=dg.RetryPolicy(max_retries=3, delay=20, backoff=dg.Backoff.EXPONENTIAL),
)
def trained_model(
    context: dg.AssetExecutionContext,
    loop: dg.ResourceParam[Loop],
    store: ObjectStore,
    roles: Roles,
    training_jobs: TrainingJobs,
    endpoints: Endpoints,
) -> dg.MaterializeResult:
    """A detector trained by SageMaker on the train split, and the SageMaker model made of it.

    The training job is named by everything that makes the model: labels, splits, the detector's code,
    container image, instance type and hyperparameters. The same inputs adopt the job that ran before.
    Cancelling the run stops the job.
    """
    region = endpoints.aws.region_name()
    train, validation = (read_record(store, loop, f"{side}_split") for side in ("train", "validation"))
    digest = source_digest(DETECTOR)
    source_uri = loop.uri(f"source/{digest[:12]}/sourcedir.tar.gz")
    if not store.exists(source_uri):
        store.write(source_uri, pack_source(DETECTOR), "application/gzip")
    image = loop.training.image_uri or pytorch_image("training", region, loop.training.instance_type)
    inputs = model_inputs(loop, train, validation, digest, image)
    role = roles.ensure(loop.role_name, loop.bucket)
    job = training_jobs.run(
        training_job_request(
            loop,
            name=job_name(loop.name, "train", inputs),
            image_uri=image,
            role_arn=role,
            train_uri=train["manifest"],
            validation_uri=validation["manifest"],
            source_uri=source_uri,
            output_uri=loop.uri("models"),
        ),
        context.log.info,
    )
    serving_image = loop.transform.image_uri or pytorch_image(
        "inference", region, loop.transform.instance_type
    )
    model_uri = job["ModelArtifacts"]["S3ModelArtifacts"]
    model = endpoints.ensure_model(
        model_request(
            loop,
            name=job_name(loop.name, "model", {"model": model_uri, "image": serving_image}),
            image_uri=serving_image,
            model_uri=model_uri,
            role_arn=role,
        )
    )
    record = {
        "training_job": job["TrainingJobName"],
        "model": model,
        "model_uri": model_uri,
        "labels": loop.labels,
    }
    return publish(
        store,
        loop,
        "trained_model",
        record,
        metadata=metrics(job)
        | {
            "training_job": record["training_job"],
            "model": model,
            "model_uri": model_uri,
            "images": len(train["etags"]),
            "training_seconds": job.get("TrainingTimeInSeconds", 0),
        },
    )


def model_inputs(
    loop: Loop, train: dict[str, Any], validation: dict[str, Any], source: str, image: str
) -> dict[str, Any]:
    """What makes a model the model it is. The time limit and the size of the disk do not."""
    return {
        "train": train["sha256"],
        "validation": validation["sha256"],
        "source": source,
        "image": image,
        "instance": loop.training.instance_type,
        "hyperparameters": loop.training.hyperparameters,
        "labels": loop.labels,
        "attribute": loop.label_attribute,
    }


def metrics(job: dict[str, Any]) -> dict[str, float]:
    """The job's final metrics under names that Dagster can plot: ``validation:mAP`` as validation_mAP."""
    return {
        metric["MetricName"].replace(":", "_"): float(metric["Value"])
        for metric in job.get("FinalMetricDataList", ())
    }
