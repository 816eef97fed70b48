"""How good the model is, on images that no training saw."""

from typing import Any

import dagster as dg

from assets.approval import register
from assets.costs import Costs, cost_check, cost_within_limit
from assets.evaluation_history import history_metadata, remember, what_to_show_beside
from assets.evaluation_report import write_report
from assets.gate import NOT_WORSE_THAN_LIVE, compare_with_live, not_worse_than_live
from assets.labels import read_accepted
from assets.predicted_boxes import predict_test_split
from assets.records import OWNERS, publish, read_record
from assets.trained_model import trained_model
from resources.loop import Loop
from resources.model_registry import ModelRegistry
from resources.object_store import ObjectStore
from resources.sagemaker_jobs import TransformJobs
from vision.evaluation import Evaluation, evaluate
from vision.manifest import LabeledImage
from vision.over_time import Measured, commonest
from vision.pictures import precision_recall_svg


@dg.asset(
    deps=[trained_model, dg.AssetKey("test_split")],
    check_specs=[
        dg.AssetCheckSpec(
            "map_above_floor",
            asset="evaluation",
            description="Warns when mAP at an overlap of 0.5 is below `map_floor` of the loop's file.",
        ),
        NOT_WORSE_THAN_LIVE,
        cost_check("evaluation", "transform"),
    ],
    group_name="model",
    kinds={"sagemaker", "numpy"},
    owners=OWNERS,
    code_version="2",
    pool="sagemaker_transform",
)
def evaluation(
    context: dg.AssetExecutionContext,
    loop: dg.ResourceParam[Loop],
    store: ObjectStore,
    transform_jobs: TransformJobs,
    registry: ModelRegistry,
) -> dg.MaterializeResult:
    """COCO's average precision of the model on the test split, predicted by a transform job.

    mAP50 is the mean over the labels of the average precision at an overlap of 0.5, mAP50-95 the mean over
    overlaps from 0.5 to 0.95. The live model is measured on the same images, and one that is surely worse
    than it does not take its place. The model becomes a version in the model registry, where people can
    approve or reject it. The report shows its worst images, and how the models before it were.
    """
    model, test = read_record(store, loop, "trained_model"), read_record(store, loop, "test_split")
    truth = read_truth(store, loop, test)
    costs = Costs(loop, context.log.info)
    asked = (truth, test["etags"], context.log.info, costs)
    found = predict_test_split(store, loop, transform_jobs, model, *asked)
    known = list(dict.fromkeys([*model["labels"], *loop.labels]))  # labels may be newer than the model
    result = evaluate(truth, found.boxes, known)
    compared = compare_with_live(store, loop, transform_jobs, model["model"], found.boxes, *asked)
    past = remember(store, loop, Measured(model["model"], test["sha256"], result))
    beside = what_to_show_beside(truth, compared, past)
    package = register(registry, store, loop, result, test["sha256"], compared)
    return publish(
        store,
        loop,
        "evaluation",
        result.as_dict()
        | {
            "model": model["model"],
            "test": test["sha256"],
            "sample": min(truth),
            "predictions": found.uri,
            "package": package.arn,
        },
        metadata=numbers(result)
        | history_metadata(past, beside)
        | write_report(store, loop, truth, found.boxes, compared, past, beside)
        | costs.metadata()
        | {
            "model": model["model"],
            "transform_job": found.job,
            "model_package": package.arn,
            "approval": package.status,
        },
        check_results=[
            map_above_floor(result, loop.map_floor),
            not_worse_than_live(compared, loop.gate),
            cost_within_limit(loop, "transform", costs.spent),
        ],
    )


def read_truth(store: ObjectStore, loop: Loop, test: dict[str, Any]) -> dict[str, LabeledImage]:
    """The images of the test split by URI. Raises dg.Failure when there is no box among them."""
    truth = {image.uri: image for image in read_accepted(store, loop, test)}
    if not any(image.boxes for image in truth.values()):
        raise dg.Failure(
            f"The test split has {len(truth)} images and no box on them: there is nothing to measure by. "
            "Label more images, or raise splits.fractions.test in the loop's file.",
            allow_retries=False,
        )
    return truth


def map_above_floor(result: Evaluation, floor: float) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name="map_above_floor",
        passed=result.map_50 >= floor,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"map_50": result.map_50, "floor": floor},
    )


def numbers(result: Evaluation) -> dict[str, Any]:
    return {
        "map_50": round(result.map_50, 4),
        "map_50_95": round(result.map_50_95, 4),
        "images": result.images,
        "precision_and_recall": dg.MetadataValue.md(curves(result)),
    }


def curves(result: Evaluation) -> str:
    """The most frequent labels' curves: more do not fit into a picture that the UI shows inline."""
    return precision_recall_svg({label: result.curves[label] for label in commonest(result)})
