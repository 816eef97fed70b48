"""Whether a new model may take the place of the live one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from assets.live_model import live_model
from assets.measuring import Found, Measuring
from resources.loop import Gate, Loop
from resources.object_store import ObjectStore
from vision.comparison import Difference
from vision.measures import Measures

NOT_WORSE_THAN_LIVE = dg.AssetCheckSpec(
    "not_worse_than_live",
    asset="evaluation",
    blocking=True,
    description="Blocks a model that is surely worse than the live one on the same test split: the whole "
    "interval of the difference in mAP50, or mIoU of masks, lies below -`gate.max_drop`. The interval holds "
    "`gate.confidence` of what other test images would have shown. The live model goes on serving.",
)


@dataclass(frozen=True)
class AgainstLive:
    """A model beside the live one: ``difference`` is None where no other model is live, and so is
    ``live_result``, how good the live model is on the same images.
    """

    model: str
    live: str | None
    difference: Difference | None = None
    live_result: Measures | None = None

    @property
    def is_live(self) -> bool:
        return self.model == self.live

    def is_worse(self, gate: Gate) -> bool:
        return self.difference is not None and self.difference.surely_below(-gate.max_drop)


def compare_with_live(
    store: ObjectStore, loop: Loop, test: Measuring, model: str, found: Found, labels: Sequence[str]
) -> AgainstLive:
    """Both are measured on the test split of now, by the labels of now; ``found`` is what ``model`` sees.

    Where the live model has never seen one of its images, a transform job asks it.
    """
    live = live_model(store, loop)
    if live is None or live["model"] == model:
        return AgainstLive(model, live["model"] if live else None)
    old = test.ask(live)
    return AgainstLive(model, live["model"], test.compare(found, old, labels), test.evaluate(old, labels))


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
        difference.measure: round(difference.new, 4),
        f"{difference.measure}_of_live": round(difference.old, 4),
        "difference": round(difference.value, 4),
        "interval": f"{difference.low:+.4f} to {difference.high:+.4f}",
        "images": difference.images,
    }
