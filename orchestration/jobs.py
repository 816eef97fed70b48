"""Runs that start from outside the graph: by a sensor, or by a person with one image."""

import dagster as dg
from pydantic import Field

from assets.live_endpoint import predict
from assets.records import read_record
from resources.endpoints import Endpoints
from resources.loop import Loop
from resources.names import sha256
from resources.object_store import ObjectStore
from vision.pictures import markdown_picture

INDEX_IMAGES = "index_images"
LABEL_NEW_BATCH = "label_new_batch"
COLLECT_LABELS = "collect_labels"
DEPLOY_MODEL = "deploy_model"
# A sensor asks for each of these runs once and never again, so one whose process dies is started again.
RETRIED = {"dagster/max_retries": "3"}


def batch_jobs(loop: Loop) -> list:
    def selected(*names: str) -> dg.AssetSelection:
        return dg.AssetSelection.assets(*([loop.name, name] for name in names))

    return [
        dg.define_asset_job(
            INDEX_IMAGES,
            selected("raw_images"),
            description="List the images anew. Started by the sensor uploads.",
            tags=RETRIED,
        ),
        dg.define_asset_job(
            LABEL_NEW_BATCH,
            selected("labeling_team", "labeling_functions", "labeling_input", "labeling_job"),
            description="Send a batch of images to the workers. Started by the sensor new_images.",
            tags=RETRIED,
        ),
        dg.define_asset_job(
            COLLECT_LABELS,
            selected("labeled_manifest"),
            description="Read what the workers drew. Started by the sensor labeling.",
            tags=RETRIED,
        ),
    ]


def nightly_prediction(loop: Loop) -> dg.ScheduleDefinition:
    """Predict what came since with the model that is there; what it knows already is not paid for twice."""
    return dg.ScheduleDefinition(
        name="nightly_prediction",
        cron_schedule=loop.automation.nightly_prediction,
        target=dg.AssetSelection.assets([loop.name, "batch_predictions"]),
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def deploy_model(loop: Loop) -> object:
    return dg.define_asset_job(
        DEPLOY_MODEL,
        dg.AssetSelection.assets([loop.name, "live_endpoint"]),
        description="Let the endpoint serve an approved model. Started by the sensor approvals.",
        tags=RETRIED,
    )


class ImageToPredict(dg.Config):
    image_uri: str = Field(description="S3 URI of a JPEG or PNG image")


@dg.op(out=dg.Out(dg.Nothing))
def predicted_image(
    context: dg.OpExecutionContext,
    config: ImageToPredict,
    loop: dg.ResourceParam[Loop],
    store: ObjectStore,
    endpoints: Endpoints,
) -> None:
    """Ask the live endpoint about one image and draw its answer."""
    served = read_record(store, loop, "live_endpoint")
    try:
        image = store.read(config.image_uri)
        answer = predict(endpoints, loop, served["labels"], image)
    except (FileNotFoundError, ValueError) as error:  # ValueError: no S3 URI, or ImageProblem
        raise dg.Failure(f"Cannot predict {config.image_uri}: {error}", allow_retries=False) from error
    name = sha256(image + served["model"].encode())[:12]
    picture = store.write(loop.uri(f"predictions/{name}.png"), answer.picture, "image/png")
    metadata = {
        "image": config.image_uri,
        "picture": picture,
        "drawn": dg.MetadataValue.md(markdown_picture(answer.picture, config.image_uri)),
        answer.seen.noun: len(answer.seen),
        "milliseconds": round(answer.milliseconds, 1),
        "model": served["model"],
    }
    context.add_output_metadata(metadata)
    context.log_event(dg.AssetObservation([loop.name, "live_endpoint"], metadata=metadata))


@dg.job
def predict_image():
    """Predict one image with the live endpoint and draw what it sees: config `image_uri`."""
    predicted_image()
