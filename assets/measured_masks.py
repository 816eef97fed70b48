"""Models of masks on the test split. See :class:`assets.measuring.Measuring`.

Masks are read pair by pair and counted; nothing but the counts of all images is held at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from assets.costs import Costs
from assets.labels import read_accepted
from assets.mask_answers import Kept, keep_masks
from assets.tables import table
from assets.transform import asked_once, transform
from resources.loop import Loop
from resources.object_store import ObjectStore
from resources.sagemaker_jobs import TransformJobs
from vision.comparison import Difference
from vision.manifest import LabeledMask
from vision.mask_evaluation import MaskCounts, MaskEvaluation, compare_masks, count_mask, evaluate_masks
from vision.mask_report import mask_report
from vision.masks import Mask, read_mask, relabel
from vision.over_time import Beside, Measured


@dataclass(frozen=True)
class PredictedMasks:
    masks: dict[str, Kept]  # by image
    labels: list[str]  # of the model, which give the pixels their meaning
    job: str  # the transform job that predicted them
    uri: str  # where they are kept


class MeasuredMasks:
    def __init__(
        self,
        store: ObjectStore,
        loop: Loop,
        transform_jobs: TransformJobs,
        test: Mapping[str, Any],
        log: Callable[[str], None],
        costs: Costs | None,
    ):
        self.store, self.loop = store, loop
        self.truth = read_truth(store, loop, test)
        self._etags, self._log, self._costs = test["etags"], log, costs
        self._transform_jobs = transform_jobs
        self._counted: dict[tuple, dict[str, MaskCounts]] = {}

    def ask(self, model: Mapping[str, Any]) -> PredictedMasks:
        def ask() -> dict[str, Any]:
            asked = (model["model"], self._etags, self._log, self._costs)
            job, answers = transform(self.store, self.loop, self._transform_jobs, *asked)
            return {"transform_job": job, "masks": keep_masks(self.store, self.loop, model, {}, answers)}

        uri, kept = asked_once(self.store, self.loop, model["model"], self._etags, ask)
        return PredictedMasks(kept["masks"], model["labels"], kept["transform_job"], uri)

    def evaluate(self, found: PredictedMasks, labels: Sequence[str]) -> MaskEvaluation:
        return evaluate_masks(self._counts(found, labels), labels, confidence=self.loop.gate.confidence)

    def compare(self, new: PredictedMasks, old: PredictedMasks, labels: Sequence[str]) -> Difference:
        both = (self._counts(found, labels) for found in (new, old))
        return compare_masks(*both, confidence=self.loop.gate.confidence)

    def intervals(
        self, found: PredictedMasks, result: MaskEvaluation
    ) -> tuple[tuple[float, float], dict[str, tuple[float, float]]]:
        return (result.low, result.high), {}

    def details(self, result: MaskEvaluation) -> dict[str, Any]:
        names = list(result.per_class)
        return {
            "interval": f"{result.low:.4f} to {result.high:.4f}",
            "pixel_accuracy": round(result.pixel_accuracy, 4),
            "confusion": table(
                {"truth": "string", **dict.fromkeys(names, "int")},
                (
                    {"truth": name, **dict(zip(names, row, strict=True))}
                    for name, row in zip(names, result.confusion, strict=True)
                ),
            ),
        }

    def report(
        self,
        found: PredictedMasks,
        *,
        model: str,
        live: str | None,
        difference: Difference | None,
        past: Sequence[Measured],
        beside: Beside | None,
    ) -> bytes:
        labels = list(past[-1].result.per_class)[1:]  # without the background
        return mask_report(
            model,
            past,
            self._counts(found, labels),
            labels,
            lambda uri: (self.store.read(uri), *self._pair(found, uri, labels)),
            live=live,
            difference=difference,
            beside=beside,
        )

    def _counts(self, found: PredictedMasks, labels: Sequence[str]) -> dict[str, MaskCounts]:
        key = (found.uri, tuple(labels))
        if key not in self._counted:
            self._counted[key] = {uri: self._count(found, uri, labels) for uri in self.truth}
        return self._counted[key]

    def _count(self, found: PredictedMasks, uri: str, labels: Sequence[str]) -> MaskCounts:
        try:
            return count_mask(*self._pair(found, uri, labels), len(labels))
        except ValueError as problem:
            raise dg.Failure(f"{uri} cannot be measured: {problem}", allow_retries=False) from problem

    def _pair(self, found: PredictedMasks, uri: str, labels: Sequence[str]) -> tuple[Mask, Mask]:
        """What is right and what was found, both in pixels that mean ``labels``."""
        true = read_mask(self.store.read(self.truth[uri].mask_uri), self.loop.labels)
        seen = read_mask(self.store.read(found.masks[uri]["mask"]), found.labels)
        return relabel(true, self.loop.labels, labels), relabel(seen, found.labels, labels)


def read_truth(store: ObjectStore, loop: Loop, test: Mapping[str, Any]) -> dict[str, LabeledMask]:
    """The images of the test split by URI. Raises dg.Failure when nothing is painted on any."""
    truth = {image.uri: image for image in read_accepted(store, loop, test)}
    if not any(image.names for image in truth.values()):
        raise dg.Failure(
            f"The test split has {len(truth)} images and nothing is painted on them: there is nothing to "
            "measure by. Label more images, or raise splits.fractions.test in the loop's file.",
            allow_retries=False,
        )
    return truth
