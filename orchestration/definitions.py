"""The code location: one loop's assets, jobs, sensors and resources."""

import os
from pathlib import Path

import dagster as dg

import assets
from orchestration.automation import condition_of
from orchestration.jobs import batch_jobs, deploy_model, nightly_prediction, predict_image
from orchestration.loop import DEFAULT_LOOP, load_loop
from orchestration.partitions import batches_of
from orchestration.sensors.approvals import approval_sensor
from orchestration.sensors.captures import captures_sensor
from orchestration.sensors.labeling import labeling_sensor
from orchestration.sensors.new_images import new_images_sensor
from orchestration.sensors.orphans import orphans_sensor
from orchestration.sensors.uploads import uploads_sensor
from resources.aws import Aws
from resources.endpoints import Endpoints
from resources.functions import Functions
from resources.ground_truth import GroundTruth
from resources.loop import Loop
from resources.model_registry import ModelRegistry
from resources.object_store import ObjectStore
from resources.roles import Roles
from resources.sagemaker_jobs import TrainingJobs, TransformJobs
from resources.workforce import Workforce

FROM_THE_MODEL_ON = {"trained_model", "evaluation", "batch_predictions", "live_endpoint"}


def build_definitions(loop: Loop) -> dg.Definitions:
    """Everything that Dagster runs for one loop. All asset keys begin with the loop's name.

    A loop whose task has no trainer ends with its labels and splits.
    """
    return dg.Definitions(
        assets=loop_assets(loop),
        jobs=[*batch_jobs(loop), *([deploy_model(loop), predict_image] if loop.can_train else [])],
        schedules=[nightly_prediction(loop)] if loop.automation.nightly_prediction and loop.can_train else [],
        sensors=[
            uploads_sensor(loop),
            new_images_sensor(loop),
            labeling_sensor(loop),
            *([captures_sensor(loop)] if loop.labels_captures else []),
            *([orphans_sensor(loop)] if loop.can_train else []),
            *([approval_sensor(loop)] if loop.can_train else []),
            dg.AutomationConditionSensorDefinition(
                "retrain_on_new_labels",
                target=dg.AssetSelection.all(),
                default_status=dg.DefaultSensorStatus.RUNNING,
                minimum_interval_seconds=10,
            ),
        ],
        resources=loop_resources(loop),
        # The work is done elsewhere: a process per step would cost seconds of imports and win nothing.
        executor=dg.in_process_executor,
    )


def loop_assets(loop: Loop) -> list[dg.AssetsDefinition]:
    """The assets, which know nothing of each other's loops, as those of this one."""
    partitions = batches_of(loop)

    def adapt(spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.replace_attributes(
            automation_condition=condition_of(loop, spec.key.path[-1]),
            partitions_def=partitions if spec.partitions_def else None,
        )

    found = dg.load_assets_from_package_module(assets, key_prefix=loop.name)
    unused = unused_assets(loop)
    found = [asset for asset in found if not {key.path[-1] for key in asset.keys} & unused]
    return dg.map_asset_specs(adapt, found)


def unused_assets(loop: Loop) -> set[str]:
    without_model = set() if loop.can_train else FROM_THE_MODEL_ON
    return without_model | (set() if loop.labels_captures else {"captured_images"})


def loop_resources(loop: Loop) -> dict[str, object]:
    aws = Aws(
        region=loop.region,
        ground_truth_endpoint_url=loop.ground_truth_endpoint_url,
        ground_truth_profile=loop.ground_truth_profile,
    )
    return {
        "loop": loop,
        "store": ObjectStore(aws=aws),
        "roles": Roles(aws=aws),
        "functions": Functions(aws=aws),
        "workforce": Workforce(aws=aws),
        "ground_truth": GroundTruth(aws=aws),
        "training_jobs": TrainingJobs(aws=aws),
        "transform_jobs": TransformJobs(aws=aws),
        "endpoints": Endpoints(aws=aws),
        "registry": ModelRegistry(aws=aws),
    }


@dg.definitions
def defs() -> dg.Definitions:
    """What `dg` and a plain `dagster dev` load: the loop of LABELLOOP_LOOP, or the one of the README."""
    return build_definitions(load_loop(Path(os.environ.get("LABELLOOP_LOOP", DEFAULT_LOOP))))
