"""A loop without the UI: its assets in the order of their lineage, and its sensors' own decisions.

What runs here is recorded in the same Dagster instance, so the UI shows it afterwards.
"""

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import dagster as dg

from assets.records import batch_records, read_record
from assets.review import reviewed_lines
from orchestration.definitions import build_definitions
from orchestration.jobs import LABEL_NEW_BATCH
from orchestration.partitions import batches_of
from orchestration.sensors.new_images import open_waiting
from resources.ground_truth import GroundTruth
from resources.loop import Loop
from resources.object_store import ObjectStore

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
BEFORE_LABELING = ("raw_images", "labeling_team", "labeling_functions")
FROM_THE_LABELS = ("labels", "train_split", "validation_split", "test_split")
FROM_THE_MODEL = ("trained_model", "evaluation", "batch_predictions", "live_endpoint")


class HeadlessLoop:
    """Every step adopts what an earlier one started, so a loop that was interrupted is simply run again."""

    def __init__(self, loop: Loop, instance: dg.DagsterInstance, store: ObjectStore):
        self.loop = loop
        self.instance = instance
        self.store = store
        self.definitions = build_definitions(loop)
        self.ground_truth: GroundTruth = self.definitions.resources["ground_truth"]
        self.cursors: dict[str, str | None] = {}

    def run(self, label: Callable[[], Any], announce: Callable[[str], None]) -> None:
        """Raw images to live endpoint, or to the splits of a task that has no trainer.

        ``label`` returns when the workers have nothing left to do.
        """
        if self.loop.review:
            reviewed_lines(self.store, self.loop)  # raises dg.Failure while there is nothing to review
        announce("Indexing the photographs, preparing team and lambdas")
        self.materialize(*BEFORE_LABELING)
        announce("Labeling")
        self.label_batches(label)
        if self.loop.can_train:
            announce("Training, evaluating, deploying")
            self.materialize(*FROM_THE_LABELS, *FROM_THE_MODEL)
        else:
            announce("Merging and splitting the labels")
            self.materialize(*FROM_THE_LABELS)

    def label_batches(self, label: Callable[[], Any]) -> None:
        """From images in no batch to labeled manifests. Raises dg.Failure if a job ends otherwise.

        Whoever runs a loop by hand waits for no more images to come: the last batch may be a small one.
        """
        open_waiting(self.store, self.loop)
        self.tick("new_images")
        for batch in self.batches_without("labeling_job"):  # opened by a run that was interrupted right then
            self.run_batch(LABEL_NEW_BATCH, batch)
        label()
        while waiting := self.batches_without("labeled_manifest"):
            self.tick("labeling")
            for batch in waiting:
                self.require_labeling(batch)
            time.sleep(0.5)
        while self.is_asked_again():
            label()
            self.tick("labeling")
            time.sleep(0.5)

    def is_asked_again(self) -> bool:
        """Whether images of any batch are with one more worker."""
        return any(
            record.get("waiting") for _, record in batch_records(self.store, self.loop, "labeled_manifest")
        )

    def materialize(self, *names: str) -> dg.ExecuteInProcessResult:
        """Raises dg.Failure, or whatever else the asset raised."""
        return self._execute(
            self.definitions.resolve_implicit_global_asset_job_def(),
            asset_selection=[dg.AssetKey([self.loop.name, name]) for name in names],
            run_config=QUIET,
        )

    def predict(self, image_uri: str) -> dict[str, Any]:
        """Metadata of one image's prediction by the live endpoint."""
        job = self.definitions.resolve_job_def("predict_image")
        configuration = {"ops": {"predicted_image": {"config": {"image_uri": image_uri}}}}
        result = self._execute(job, run_config=configuration | QUIET)
        (output,) = [event for event in result.all_events if event.is_successful_output]
        return {name: value.value for name, value in output.step_output_data.metadata.items()}

    def tick(self, name: str) -> None:
        """Let a sensor decide once, and do at once what the daemon would have queued."""
        sensor = self.definitions.resolve_sensor_def(name)
        with dg.build_sensor_context(
            instance=self.instance,
            definitions=self.definitions,
            resources=self.definitions.resources,
            cursor=self.cursors.get(name),
        ) as context:
            decision = sensor(context)
        if not isinstance(decision, dg.SensorResult):
            return  # a reason to skip
        for partitions in decision.dynamic_partitions_requests or ():
            self.instance.add_dynamic_partitions(
                partitions.partitions_def_name, list(partitions.partition_keys)
            )
        for event in decision.asset_events or ():
            self.instance.report_runless_asset_event(event)
        for request in decision.run_requests or ():
            self._answer(sensor, request)
        self.cursors[name] = decision.cursor

    def batches_without(self, asset: str) -> set[str]:
        """Batches in which the asset has not been materialized."""
        batches = set(self.instance.get_dynamic_partitions(batches_of(self.loop).name))
        return batches - self.instance.get_materialized_partitions(dg.AssetKey([self.loop.name, asset]))

    def run_batch(self, job: str, batch: str, tags: Mapping[str, str] = MappingProxyType({})) -> None:
        self._execute(
            self.definitions.resolve_job_def(job), partition_key=batch, tags=dict(tags), run_config=QUIET
        )

    def require_labeling(self, batch: str) -> None:
        job = self.ground_truth.describe(read_record(self.store, self.loop, "labeling_job", batch)["name"])
        if job.status in ("Failed", "Stopped"):
            reason = job.failure_reason or "somebody stopped it"
            raise dg.Failure(f"Labeling job {job.name} of {batch} is {job.status}: {reason}")

    def record(self, name: str) -> dict[str, Any]:
        return read_record(self.store, self.loop, name)

    def _answer(self, sensor: dg.SensorDefinition, request: dg.RunRequest) -> None:
        # The tags by which the daemon recognises a run it has asked for already.
        tags = {"dagster/sensor_name": sensor.name}
        if request.run_key:
            tags["dagster/run_key"] = request.run_key
            asked = dg.RunsFilter(tags=tags, statuses=[dg.DagsterRunStatus.SUCCESS])
            if self.instance.get_runs_count(asked):
                return
        self.run_batch(request.job_name or sensor.job_name, request.partition_key, request.tags | tags)

    def _execute(self, job: dg.JobDefinition, **options: Any) -> dg.ExecuteInProcessResult:
        return job.execute_in_process(instance=self.instance, raise_on_error=True, **options)
