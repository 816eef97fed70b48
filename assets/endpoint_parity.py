"""Whether the endpoint says about an image what the transform job said."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import dagster as dg

from assets.answers import answers_of
from resources.endpoints import Endpoints
from resources.loop import Loop
from resources.object_store import ObjectStore
from vision.images import inspect_image

IMAGES = 3
ENDPOINT_AGREES_WITH_BATCH = dg.AssetCheckSpec(
    "endpoint_agrees_with_batch",
    asset="live_endpoint",
    description="The endpoint is asked about a few images of the test split. Where its boxes, with scores "
    "from `score_floor` on, or half a percent of its masks' pixels, are not those that the transform job "
    "gave, what `evaluation` measured is not what is served.",
)


def endpoint_agrees_with_batch(
    store: ObjectStore, loop: Loop, endpoints: Endpoints, labels: Sequence[str], evaluation: Mapping[str, Any]
) -> dg.AssetCheckResult:
    answers, differing, images = answers_of(loop), {}, 0
    batch = answers.kept(store, loop, evaluation["predictions"], labels)
    for uri, seen in islice(batch, IMAGES):  # those with the most to disagree about
        image = store.read(uri)
        facts = inspect_image(image)
        body = endpoints.invoke(loop.endpoint_name, image, loop.trainer.answers).body
        live = answers.read(loop, body, labels, (facts.width, facts.height))
        if differences := seen.differences(live):
            differing[uri] = differences
        images += 1
    return dg.AssetCheckResult(
        check_name="endpoint_agrees_with_batch",
        passed=not differing,
        metadata={"images": images, "images_that_differ": len(differing), "differences": differing},
    )
