"""What becomes of the labeling jobs: progress and failure are told in the UI, finished jobs are collected."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import dagster as dg

from assets.asking_again import asks_again
from assets.batches import read_members, write_left
from orchestration.jobs import COLLECT_LABELS
from orchestration.partitions import batches_of
from resources.ground_truth import GroundTruth, LabelingJob
from resources.loop import Loop
from resources.object_store import ObjectStore
from resources.portal_link import progress_metadata
from resources.workforce import Workforce

BATCH_IN_MANIFEST = re.compile(r"/batches/([^/]+)/[^/]+$")
# Jobs that changed this recently are looked at again: clocks differ, and a tick can die half-way.
OVERLAP = timedelta(minutes=10)
BEGINNING = datetime(2018, 11, 28, tzinfo=UTC)  # the first day of Ground Truth


@dataclass
class Seen:
    """What earlier ticks saw: the sensor's cursor."""

    until: datetime = BEGINNING
    told: dict[str, list] = field(default_factory=dict)  # job's ARN -> what was told of it last

    @classmethod
    def load(cls, cursor: str | None) -> "Seen":
        if not cursor:
            return cls()
        values = json.loads(cursor)
        return cls(datetime.fromisoformat(values["until"]), values["told"])

    def dump(self) -> str:
        return json.dumps({"until": self.until.isoformat(), "told": self.told})


@dataclass
class News:
    """Jobs by what is to be done about them, each with its batch."""

    finished: list[tuple[str, LabelingJob]] = field(default_factory=list)
    progressed: list[tuple[str, LabelingJob]] = field(default_factory=list)
    failed: list[tuple[str, LabelingJob]] = field(default_factory=list)
    abandoned: list[tuple[str, LabelingJob]] = field(default_factory=list)  # failed, and nothing to collect
    seen: Seen = field(default_factory=Seen)


def batch_of(job: LabelingJob) -> str | None:
    """The batch whose input manifest the job reads."""
    match = BATCH_IN_MANIFEST.search(job.input_uri)
    return match.group(1) if match else None


def news(jobs: Iterable[LabelingJob], seen: Seen, batches: set[str]) -> News:
    """Compare the jobs with what was told before. Batches unknown to this instance are left out.

    A finished job is named on every tick while it is recent: its run is started once, by its key. So is one
    that was stopped, for the labels that it has, and a second job of a batch however it ended: without it the
    labels of the first one stand. Progress and failure are told once.
    """
    found, alive = News(seen=Seen(seen.until, {})), set()
    for job in jobs:
        batch = batch_of(job)
        if batch not in batches:
            continue
        found.seen.until = max(found.seen.until, job.modified)
        now = found.seen.told[job.arn] = [job.status, job.labeled, job.failed]
        ended_without = job.status in ("Failed", "Stopped")
        has_labels = job.status == "Stopped" and job.labeled and job.output_uri
        if job.status == "Completed" or has_labels or (ended_without and asks_again(job)):
            found.finished.append((batch, job))
        if job.status not in ("Failed", "Stopping", "Stopped"):
            alive.add(batch)
        if now != seen.told.get(job.arn):
            (found.failed if ended_without else found.progressed).append((batch, job))
    found.abandoned = [each for each in found.failed if each not in found.finished and each[0] not in alive]
    return found


def labeling_sensor(loop: Loop) -> dg.SensorDefinition:
    key = dg.AssetKey([loop.name, "labeling_job"])

    @dg.sensor(
        job_name=COLLECT_LABELS,
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def labeling(
        context: dg.SensorEvaluationContext,
        ground_truth: GroundTruth,
        workforce: Workforce,
        store: ObjectStore,
    ) -> dg.SensorResult:
        """Report how far the workers are, and collect the labels of finished jobs.

        The images of a job that failed or was stopped without a label wait for the next batch.
        """
        seen = Seen.load(context.cursor)
        batches = set(context.instance.get_dynamic_partitions(batches_of(loop).name))
        jobs = ground_truth.changed_since(seen.until - OVERLAP, f"{loop.slug}-labels-")
        found = news(jobs, seen, batches)
        for batch, job in found.abandoned:
            reason = f"{job.name} is {job.status}"
            members = read_members(store, loop, batch)
            write_left(store, loop, batch, [member | {"reason": reason} for member in members])
        portal = workforce.portal(loop.team.name) if found.progressed else None

        def pages(job: LabelingJob) -> dict[str, dg.MetadataValue]:
            return progress_metadata(workforce.aws, portal, job.name) if portal else {}

        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(run_key=job.arn, partition_key=batch) for batch, job in found.finished
            ],
            asset_events=[
                *(
                    progress(key, batch, job, pages(job), datetime.now(UTC))
                    for batch, job in found.progressed
                ),
                *(failure(key, batch, job) for batch, job in found.failed),
            ],
            cursor=found.seen.dump(),
        )

    return labeling


def progress(
    key: dg.AssetKey, batch: str, job: LabelingJob, pages: Mapping[str, dg.MetadataValue], now: datetime
) -> dg.AssetObservation:
    """``pages``: where more of the job can be seen."""
    end = expected_end(job, now)
    rest = f", the others by {end.astimezone(UTC):%d %B %H:%M} UTC at this pace" if end else ""
    return dg.AssetObservation(
        key,
        partition=batch,
        description=f"{job.status}: {job.labeled} of {job.total} images labeled{rest}",
        metadata={
            "labeling_job": job.name,
            "status": job.status,
            "labeled": job.labeled,
            "failed": job.failed,
            "to_do": job.unlabeled,
            "percent": round(100 * (job.labeled + job.failed) / max(job.total, 1), 1),
            **({"expected_end": dg.MetadataValue.timestamp(end)} if end else {}),
            **pages,
        },
    )


def expected_end(job: LabelingJob, now: datetime) -> datetime | None:
    """When the workers will be done if they go on as they did since the job began, nights and all.

    None before their first image, and when there is nothing left to do.
    """
    done = job.labeled + job.failed
    if job.status != "InProgress" or job.created is None or not (done and job.unlabeled):
        return None
    return now + (now - job.created) * (job.unlabeled / done)


def failure(key: dg.AssetKey, batch: str, job: LabelingJob) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=key,
        check_name="has_not_failed",
        passed=False,
        metadata={
            "batch": batch,
            "labeling_job": job.name,
            "status": job.status,
            "reason": job.failure_reason or "Ground Truth gives none",
            "labeled": job.labeled,
        },
    )
