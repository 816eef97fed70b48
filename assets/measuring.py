"""How models are measured on the test split, for each form of label.

The asset `evaluation` and its gate are the same for all forms; what is asked, counted and shown is a module
each: :mod:`assets.measured_boxes` and :mod:`assets.measured_masks`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from assets.costs import Costs
from assets.measured_boxes import MeasuredBoxes
from assets.measured_masks import MeasuredMasks
from resources.loop import Loop
from resources.object_store import ObjectStore
from resources.sagemaker_jobs import TransformJobs
from vision.comparison import Difference
from vision.measures import Measures
from vision.over_time import Beside, Measured

Intervals = tuple[tuple[float, float], Mapping[str, tuple[float, float]]]


class Found(Protocol):
    """What a model sees in the test split."""

    job: str  # the transform job that asked it
    uri: str  # where it is kept


class Measuring(Protocol):
    """Of one test split: ``truth`` are its labels by URI. Raises dg.Failure where nothing is on them."""

    truth: Mapping[str, Any]

    def ask(self, model: Mapping[str, Any]) -> Found:
        """``model`` has the name of the SageMaker model and the labels it was trained with.

        No model is asked twice about the same images, and new labels on them need no new answers.
        """

    def evaluate(self, found: Found, labels: Sequence[str]) -> Measures:
        """What is found of other labels than these counts for nothing."""

    def compare(self, new: Found, old: Found, labels: Sequence[str]) -> Difference: ...

    def intervals(self, found: Found, result: Measures) -> Intervals:
        """Of the main measure and of the labels', at the gate's confidence; without those not computed."""

    def details(self, result: Measures) -> dict[str, Any]:
        """Metadata of the asset that only this form has."""

    def report(
        self,
        found: Found,
        *,
        model: str,
        live: str | None,
        difference: Difference | None,
        past: Sequence[Measured],
        beside: Beside | None,
    ) -> bytes:
        """A page in HTML that needs nothing else; ``past`` ends with the evaluation of ``found``."""


FORMS = {"bounding_box": MeasuredBoxes, "semantic_segmentation": MeasuredMasks}


def measuring(
    store: ObjectStore,
    loop: Loop,
    transform_jobs: TransformJobs,
    test: Mapping[str, Any],
    log: Callable[[str], None],
    costs: Costs | None = None,
) -> Measuring:
    """``test`` is the record of `test_split`."""
    return FORMS[loop.label_form](store, loop, transform_jobs, test, log, costs)
