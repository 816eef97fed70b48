"""Whether a new model may take the place of the live one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg

from assets.costs import Costs
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


@dataclass(frozen=True)
class AgainstLive:
    """A model beside the live one: ``difference`` is None where no other model is live, and so is
    ``live_boxes``, what the live model sees in the test split.
    """

    model: str
    live: str | None
    difference: Difference | None = None
    live_boxes: Mapping[str, list[Box]] | None = None

    @property
    def is_live(self) -> bool:
        return self.model == self.live

    def is_worse(self, gate: Gate) -> bool:
        return self.difference is not None and self.difference.surely_below(-gate.max_drop)


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
    costs: Costs | None = None,
) -> AgainstLive:
    """Both are measured on the test split of now, by the labels of now.

    Where the live model has never seen one of its images, a transform job asks it.
    """
    live = live_model(store, loop)
    if live is None or live["model"] == model:
        return AgainstLive(model, live["model"] if live else None)
    old = predict_test_split(store, loop, transform_jobs, live, truth, etags, log, costs).boxes
    difference = compare(truth, boxes, old, confidence=loop.gate.confidence)
    return AgainstLive(model, live["model"], difference, old)


def not_worse_than_live(compared: AgainstLive, gate: Gate) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name="not_worse_than_live",
        passed=not compared.is_worse(gate),
        metadata={
            "live_model": compared.live or "none yet",
            **(shown(compared.difference) if compared.difference else {}),
            "confidence": gate.confidence,
            "max_drop": gate.max_drop,
        },
    )


def shown(difference: Difference) -> dict[str, Any]:
    return {
        "map_50": round(difference.new, 4),
        "map_50_of_live": round(difference.old, 4),
        "difference": round(difference.value, 4),
        "interval": f"{difference.low:+.4f} to {difference.high:+.4f}",
        "images": difference.images,
    }
