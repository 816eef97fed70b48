"""How good the model is, on images that no training saw."""

from typing import Any

import dagster as dg

from assets.approval import register
from assets.costs import Costs, cost_check, cost_within_limit
from assets.evaluation_history import history_metadata, remember, what_to_show_beside
from assets.evaluation_report import write_report
from assets.gate import NOT_WORSE_THAN_LIVE, compare_with_live, not_worse_than_live
from assets.measuring import measuring
from assets.model_card import complete_card
from assets.records import OWNERS, publish, read_record
from assets.trained_model import trained_model
from resources.loop import Loop
from resources.model_registry import ModelRegistry
from resources.object_store import ObjectStore
from resources.sagemaker_jobs import TransformJobs
from vision.measures import Measures
from vision.over_time import Measured


@dg.asset(
    deps=[trained_model, dg.AssetKey("test_split")],
    check_specs=[
        dg.AssetCheckSpec(
            "map_above_floor",
            asset="evaluation",
            description="Warns when mAP at an overlap of 0.5, or the mIoU of masks, is below `map_floor` of "
            "the loop's file.",
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
    """How good the model is on the test split, predicted by a transform job.

    Boxes are measured by COCO's average precision: mAP50 is its mean over the labels at an overlap of 0.5,
    mAP50-95 the mean over overlaps from 0.5 to 0.95. Masks by mIoU, the mean of intersection over union over
    background and labels, and by boundary F, which tells how well their edges agree. The live model is
    measured on the same images, and one that is surely worse than it does not take its place. The model
    becomes a version in the model registry, where people can approve or reject it. The report shows its
    worst images, and how the models before it were.
    """
    model, split = read_record(store, loop, "trained_model"), read_record(store, loop, "test_split")
    costs = Costs(loop, context.log.info)
    test = measuring(store, loop, transform_jobs, split, context.log.info, costs)
    known = list(dict.fromkeys([*model["labels"], *loop.labels]))  # labels may be newer than the model
    found = test.ask(model)
    result = test.evaluate(found, known)
    compared = compare_with_live(store, loop, test, model["model"], found, known)
    past = remember(store, loop, Measured(model["model"], split["sha256"], result))
    beside = what_to_show_beside(compared, past)
    card, notes = complete_card(store, loop, model["model"], split, test, found, result)
    package = register(registry, store, loop, result, split["sha256"], compared, notes)
    return publish(
        store,
        loop,
        "evaluation",
        result.as_dict()
        | {
            "model": model["model"],
            "test": split["sha256"],
            "sample": min(test.truth),
            "predictions": found.uri,
            "package": package.arn,
        },
        metadata=numbers(result)
        | test.details(result)
        | history_metadata(past, beside)
        | write_report(store, loop, test, found, compared, past, beside)
        | costs.metadata()
        | card
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


def map_above_floor(result: Measures, floor: float) -> dg.AssetCheckResult:
    measure = next(iter(result.headline()))
    return dg.AssetCheckResult(
        check_name="map_above_floor",
        passed=result.main >= floor,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={measure: result.main, "floor": floor},
    )


def numbers(result: Measures) -> dict[str, Any]:
    means = {name: round(value, 4) for name, value in result.headline().items()}
    return means | {"images": result.images}
