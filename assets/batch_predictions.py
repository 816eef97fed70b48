"""What the model sees in images that nobody drew on."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets.answers import answers_of
from assets.costs import Costs, cost_check, cost_within_limit
from assets.raw_images import raw_images
from assets.records import OWNERS, publish, read_record
from assets.splits import PURPOSES
from assets.trained_model import trained_model
from assets.transform import transform
from resources.loop import Loop
from resources.names import sha256
from resources.object_store import ObjectStore
from resources.sagemaker_jobs import TransformJobs


@dg.asset(
    deps=[raw_images, trained_model, *(dg.AssetKey(f"{side}_split") for side in PURPOSES)],
    check_specs=[cost_check("batch_predictions", "transform")],
    group_name="model",
    kinds={"sagemaker", "csv"},
    owners=OWNERS,
    code_version="1",
    pool="sagemaker_transform",
)
def batch_predictions(
    context: dg.AssetExecutionContext,
    loop: dg.ResourceParam[Loop],
    store: ObjectStore,
    transform_jobs: TransformJobs,
) -> dg.MaterializeResult:
    """What the model sees in all images that are not labeled yet and in the test split, as a table.

    A SageMaker transform job asks it. `transform.images` of the loop's file chooses other images. The table
    has every box; counted and drawn are those whose score is at least `score_floor`. Of masks it has each
    label's pixels, and where the mask is: a PNG in the colours of the labels.
    """
    model = read_record(store, loop, "trained_model")
    images = {row["uri"]: row for row in read_record(store, loop, "raw_images")["images"]}
    split = {side: set(read_record(store, loop, f"{side}_split")["etags"]) for side in PURPOSES}
    chosen = choose(images, split, loop.transform.images)
    if not chosen:
        raise dg.Failure(
            f"There is no image to predict: none is {' or '.join(loop.transform.images)}. "
            "Choose others with transform.images in the loop's file.",
            allow_retries=False,
        )
    etags = {uri: images[uri]["etag"] for uri in chosen}
    costs = Costs(loop, context.log.info)
    job, answers = transform(store, loop, transform_jobs, model["model"], etags, context.log.info, costs)
    body, numbers, pictures = answers_of(loop).batch(store, loop, model, images, answers)
    uri = store.write(loop.uri(f"predictions/{sha256(body)[:12]}.csv"), body, "text/csv")
    return publish(
        store,
        loop,
        "batch_predictions",
        {"predictions": uri, "sha256": sha256(body), "model": model["model"], "etags": etags},
        metadata={
            "pictures": pictures,
            **numbers,
            **costs.metadata(),
            "transform_job": job,
            "predictions": uri,
        },
        check_results=[cost_within_limit(loop, "transform", costs.spent)],
    )


def choose(images: Mapping[str, Any], split: Mapping[str, set[str]], wanted: Sequence[str]) -> list[str]:
    """URIs of the present images on the wanted sides; "unlabeled" are those on no side."""
    labeled = set().union(*split.values())
    sides = dict(split) | {"unlabeled": set(images) - labeled}
    return sorted(set().union(*(sides[side] for side in wanted)) & set(images))
