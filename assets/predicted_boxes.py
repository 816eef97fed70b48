"""What a model sees in the test split, kept beside the records: no model is asked twice about one image."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from assets.costs import Costs
from assets.transform import asked_once, transform
from resources.loop import Loop
from resources.object_store import ObjectStore
from resources.sagemaker_jobs import TransformJobs
from vision.boxes import Box
from vision.manifest import LabeledImage
from vision.predictions import boxes_as_rows, boxes_from_rows, parse_prediction


@dataclass(frozen=True)
class PredictedBoxes:
    boxes: dict[str, list[Box]]  # by image
    job: str  # the transform job that predicted them
    uri: str  # where they are kept


def predict_test_split(
    store: ObjectStore,
    loop: Loop,
    transform_jobs: TransformJobs,
    model: Mapping[str, Any],
    truth: Mapping[str, LabeledImage],
    etags: Mapping[str, str],
    log: Callable[[str], None],
    costs: Costs | None = None,
) -> PredictedBoxes:
    """``model`` has the name of the SageMaker model and the labels it was trained with."""

    def ask() -> dict[str, Any]:
        sizes = {image: (label.width, label.height) for image, label in truth.items()}
        job, boxes = predict_boxes(store, loop, transform_jobs, model, sizes, etags, log, costs)
        return {"transform_job": job, "boxes": boxes_as_rows(boxes)}

    uri, kept = asked_once(store, loop, model["model"], etags, ask)
    return PredictedBoxes(boxes_from_rows(kept["boxes"]), kept["transform_job"], uri)


def predict_boxes(
    store: ObjectStore,
    loop: Loop,
    transform_jobs: TransformJobs,
    model: Mapping[str, Any],
    sizes: Mapping[str, tuple[int, int]],
    etags: Mapping[str, str],
    log: Callable[[str], None],
    costs: Costs | None = None,
) -> tuple[str, dict[str, list[Box]]]:
    """The transform job, and what the model sees in each image, the surest first.

    ``sizes`` are width and height in pixels.
    """
    job, answers = transform(store, loop, transform_jobs, model["model"], etags, log, costs)
    return job, {
        image: parse_prediction(body, model["labels"], *sizes[image]) for image, body in answers.items()
    }
