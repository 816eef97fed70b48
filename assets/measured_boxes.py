"""Models of boxes on the test split. See :class:`assets.measuring.Measuring`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dagster as dg

from assets.costs import Costs
from assets.labels import read_accepted
from assets.predicted_boxes import PredictedBoxes, predict_test_split
from resources.loop import Loop
from resources.object_store import ObjectStore
from resources.sagemaker_jobs import TransformJobs
from vision.boxes import Box
from vision.comparison import Difference, compare
from vision.evaluation import Evaluation, evaluate
from vision.intervals import Interval, average_precision_intervals
from vision.manifest import LabeledImage
from vision.over_time import Beside, Measured, commonest
from vision.pictures import precision_recall_svg
from vision.report import evaluation_report


class MeasuredBoxes:
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
        self._asked = (self.truth, test["etags"], log, costs)
        self._transform_jobs = transform_jobs

    def ask(self, model: Mapping[str, Any]) -> PredictedBoxes:
        return predict_test_split(self.store, self.loop, self._transform_jobs, model, *self._asked)

    def evaluate(self, found: PredictedBoxes, labels: Sequence[str]) -> Evaluation:
        return evaluate(self.truth, known_boxes(found.boxes, labels), labels)

    def compare(self, new: PredictedBoxes, old: PredictedBoxes, labels: Sequence[str]) -> Difference:
        return compare(self.truth, new.boxes, old.boxes, confidence=self.loop.gate.confidence)

    def intervals(self, found: PredictedBoxes, result: Evaluation) -> tuple[Interval, dict[str, Interval]]:
        return average_precision_intervals(self.truth, found.boxes, confidence=self.loop.gate.confidence)

    def details(self, result: Evaluation) -> dict[str, Any]:
        """The most frequent labels' curves: more do not fit into a picture that the UI shows inline."""
        curves = {label: result.curves[label] for label in commonest(result)}
        return {"precision_and_recall": dg.MetadataValue.md(precision_recall_svg(curves))}

    def report(
        self,
        found: PredictedBoxes,
        *,
        model: str,
        live: str | None,
        difference: Difference | None,
        past: Sequence[Measured],
        beside: Beside | None,
    ) -> bytes:
        return evaluation_report(
            model,
            past[-1].result,
            self.truth,
            found.boxes,
            self.store.read,
            score_floor=self.loop.score_floor,
            live=live,
            difference=difference,
            past=past,
            beside=beside,
        )


def read_truth(store: ObjectStore, loop: Loop, test: Mapping[str, Any]) -> dict[str, LabeledImage]:
    """The images of the test split by URI. Raises dg.Failure when there is no box among them."""
    truth = {image.uri: image for image in read_accepted(store, loop, test)}
    if not any(image.boxes for image in truth.values()):
        raise dg.Failure(
            f"The test split has {len(truth)} images and no box on them: there is nothing to measure by. "
            "Label more images, or raise splits.fractions.test in the loop's file.",
            allow_retries=False,
        )
    return truth


def known_boxes(found: Mapping[str, Sequence[Box]], labels: Sequence[str]) -> dict[str, list[Box]]:
    """Those of ``labels``: one that the loop has given up is in no truth."""
    return {uri: [box for box in boxes if box.label in labels] for uri, boxes in found.items()}
