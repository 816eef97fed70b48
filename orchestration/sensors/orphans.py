"""Jobs that a run left behind are stopped: nothing bills unseen."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import dagster as dg

from resources.loop import Loop
from resources.sagemaker_jobs import RUN_TAG, TrainingJobs, TransformJobs
from resources.sagemaker_requests import LOOP_TAG

# A run whose process died is started again, and adopts its job, within this time.
GRACE = timedelta(minutes=5)
ENDED = {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}
AT_WORK = [status for status in dg.DagsterRunStatus if status not in ENDED]


def is_orphan(
    run: dg.DagsterRun, ended: datetime | None, at_work: Iterable[dg.DagsterRun], now: datetime
) -> bool:
    """Whether a job at work that ``run`` was the last to follow is followed by nobody, and will not be.

    While a run of the same assets is at work or in the queue, it may be about to adopt the job.
    """
    if run.status not in ENDED or ended is None or now - ended < GRACE:
        return False
    return not any(may_adopt(other, run) for other in at_work)


def may_adopt(run: dg.DagsterRun, left_by: dg.DagsterRun) -> bool:
    if run.asset_selection is None or left_by.asset_selection is None:
        return run.job_name == left_by.job_name
    return bool(run.asset_selection & left_by.asset_selection)


def was_left(instance: dg.DagsterInstance, run_id: str | None) -> bool:
    """A run that this instance does not know is another instance's business."""
    record = instance.get_run_record_by_id(run_id) if run_id else None
    if record is None:
        return False
    ended = datetime.fromtimestamp(record.end_time, UTC) if record.end_time else None
    at_work = instance.get_runs(dg.RunsFilter(statuses=AT_WORK))
    return is_orphan(record.dagster_run, ended, at_work, datetime.now(UTC))


def orphans_sensor(loop: Loop) -> dg.SensorDefinition:
    @dg.sensor(
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def orphans(
        context: dg.SensorEvaluationContext, training_jobs: TrainingJobs, transform_jobs: TransformJobs
    ) -> dg.SkipReason:
        """Stop training and transform jobs of runs that are gone, unless another run adopted them."""
        stopped = []
        for jobs in (training_jobs, transform_jobs):
            for name, tags in jobs.at_work(f"{loop.slug}-"):
                if tags.get(LOOP_TAG) == loop.name and was_left(context.instance, tags.get(RUN_TAG)):
                    jobs.ask_to_stop(name)
                    stopped.append(name)
        return dg.SkipReason(f"stopped {', '.join(stopped)}" if stopped else "no job was left behind")

    return orphans
