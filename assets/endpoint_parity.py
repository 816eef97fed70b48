"""Whether the endpoint says about an image what the transform job said."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from resources.endpoints import Endpoints
from resources.loop import Loop
from resources.object_store import ObjectStore
from vision.agreement import disagreements
from vision.images import inspect_image
from vision.predictions import boxes_from_rows, parse_prediction

IMAGES = 3
ENDPOINT_AGREES_WITH_BATCH = dg.AssetCheckSpec(
    "endpoint_agrees_with_batch",
    asset="live_endpoint",
    description="The endpoint is asked about a few images of the test split. Where its boxes, with scores "
    "from `score_floor` on, are not those that the transform job gave, what `evaluation` measured is not "
    "what is served.",
)


def endpoint_agrees_with_batch(
    store: ObjectStore, loop: Loop, endpoints: Endpoints, labels: Sequence[str], evaluation: Mapping[str, Any]
) -> dg.AssetCheckResult:
    batch = boxes_from_rows(store.read_json(evaluation["predictions"])["boxes"])
    # Those with the most to disagree about.
    images = sorted(batch, key=lambda uri: (-sum(box.score >= loop.score_floor for box in batch[uri]), uri))
    differing = {}
    for uri in images[:IMAGES]:
        image = store.read(uri)
        facts = inspect_image(image)
        answer = endpoints.invoke(loop.endpoint_name, image)
        boxes = parse_prediction(answer.body, labels, facts.width, facts.height)
        if differences := disagreements(batch[uri], boxes, loop.score_floor):
            differing[uri] = [f"{box.label} {box.score:.2f}" for box in differences]
    return dg.AssetCheckResult(
        check_name="endpoint_agrees_with_batch",
        passed=not differing,
        metadata={"images": len(images[:IMAGES]), "images_that_differ": len(differing), "boxes": differing},
    )
