"""Whether a new model may take the place of the live one."""

from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg

from assets.predicted_boxes import predict_test_split
from assets.records import record_uri
from resources.loop import Gate, Loop
from resources.object_store import ObjectStore
from resources.sagemaker_jobs import TransformJobs
from vision.boxes import Box
from vision.comparison import Difference, compare
from vision.manifest import LabeledImage

NOT_WORSE_THAN_LIVE = dg.AssetCheckSpec(
    "not_worse_than_live",
    asset="evaluation",
    blocking=True,
    description="Blocks a model that is surely worse than the live one on the same test split: the whole "
    "interval of the difference in mAP50 lies below -`gate.max_drop`. The interval holds `gate.confidence` "
    "of what other test images would have shown. The live model goes on serving.",
)


def live_model(store: ObjectStore, loop: Loop) -> dict[str, Any] | None:
    """The record of the endpoint: which model it serves. None before the first deployment."""
    try:
        return store.read_json(record_uri(loop, "live_endpoint"))
    except FileNotFoundError:
        return None


def compare_with_live(
    store: ObjectStore,
    loop: Loop,
    transform_jobs: TransformJobs,
    model: str,
    boxes: Mapping[str, list[Box]],
    truth: Mapping[str, LabeledImage],
    etags: Mapping[str, str],
    log: Callable[[str], None],
) -> tuple[str, Difference] | None:
    """The live model and how far this one is from it; None where no other model is live.

    Both are measured on the test split of now, by the labels of now. Where the live model has never seen
    one of its images, a transform job asks it.
    """
    live = live_model(store, loop)
    if live is None or live["model"] == model:
        return None
    old = predict_test_split(store, loop, transform_jobs, live, truth, etags, log).boxes
    return live["model"], compare(truth, boxes, old, confidence=loop.gate.confidence)


def not_worse_than_live(compared: tuple[str, Difference] | None, gate: Gate) -> dg.AssetCheckResult:
    if compared is None:
        return dg.AssetCheckResult(
            check_name="not_worse_than_live",
            passed=True,
            metadata={"live_model": "none other than this one"},
        )
    live, difference = compared
    return dg.AssetCheckResult(
        check_name="not_worse_than_live",
        passed=not difference.surely_below(-gate.max_drop),
        metadata={
            "live_model": live,
            "map_50": round(difference.new, 4),
            "map_50_of_live": round(difference.old, 4),
            "difference": round(difference.value, 4),
            "interval": f"{difference.low:+.4f} to {difference.high:+.4f}",
            "confidence": gate.confidence,
            "max_drop": gate.max_drop,
            "images": difference.images,
        },
    )
