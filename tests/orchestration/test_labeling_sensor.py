"""What the sensor tells of labeling jobs, and that it has the labels of each collected once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from orchestration.sensors.labeling import Seen, expected_end, news, progress
from resources.ground_truth import LabelingJob

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ARN = "arn:aws:sagemaker:us-east-1:000000000000:labeling-job/"


def job(name="first", status="InProgress", labeled=0, batch="batch-1", modified=NOON, **changes):
    return LabelingJob(
        name=name,
        arn=ARN + name,
        status=status,
        labeled=labeled,
        failed=0,
        unlabeled=10 - labeled,
        input_uri=f"s3://bucket/loops/foods/batches/{batch}/input-0123.manifest",
        output_uri=None,
        failure_reason=None,
        modified=modified,
        **changes,
    )


def names(found) -> list[tuple[str, str]]:
    return [(batch, each.name) for batch, each in found]


def test_progress_is_told_once_per_change():
    first = news([job(labeled=1)], Seen(), {"batch-1"})
    assert names(first.progressed) == [("batch-1", "first")]
    assert names(news([job(labeled=1)], first.seen, {"batch-1"}).progressed) == []
    assert names(news([job(labeled=2)], first.seen, {"batch-1"}).progressed) == [("batch-1", "first")]


def test_a_finished_job_is_named_again_so_that_a_tick_that_dies_loses_nothing():
    done = job(status="Completed", labeled=10)
    first = news([done], Seen(), {"batch-1"})
    second = news([done], first.seen, {"batch-1"})
    assert names(first.finished) == names(second.finished) == [("batch-1", "first")]
    assert names(second.progressed) == []


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_a_job_that_ends_without_result_is_told_as_failed_once(status):
    ended = job(status=status)
    first = news([ended], Seen(), {"batch-1"})
    assert names(first.failed) == [("batch-1", "first")]
    assert first.finished == first.progressed == []
    assert news([ended], first.seen, {"batch-1"}).failed == []


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_images_of_a_batch_are_free_again_only_if_no_other_job_has_them(status):
    ended = job(status=status)
    assert names(news([ended], Seen(), {"batch-1"}).abandoned) == [("batch-1", "first")]
    assert news([ended, job("second")], Seen(), {"batch-1"}).abandoned == []
    assert news([ended, job("second", status="Completed")], Seen(), {"batch-1"}).abandoned == []


def test_what_was_labeled_before_a_job_was_stopped_is_collected():
    stopped = replace(job(status="Stopped", labeled=4), output_uri="s3://bucket/output.manifest")
    found = news([stopped], Seen(), {"batch-1"})
    assert names(found.finished) == names(found.failed) == [("batch-1", "first")]
    assert found.abandoned == []


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_a_second_job_that_failed_has_the_labels_of_the_first_collected_and_frees_no_image(status):
    again = "s3://bucket/loops/foods/batches/batch-1/again-0123.manifest"
    found = news([replace(job("second", status=status), input_uri=again)], Seen(), {"batch-1"})
    assert names(found.finished) == names(found.failed) == [("batch-1", "second")]
    assert found.abandoned == []


def test_jobs_of_other_instances_and_other_people_are_left_alone():
    foreign = replace(job(), input_uri="s3://elsewhere/some.manifest")
    found = news([job(batch="batch-9", status="Completed"), foreign], Seen(), {"batch-1"})
    assert (found.finished, found.progressed, found.failed) == ([], [], [])


def test_the_cursor_survives_being_written_down():
    found = news([job(labeled=3, modified=NOON + timedelta(hours=1))], Seen(), {"batch-1"})
    again = Seen.load(found.seen.dump())
    assert again == found.seen
    assert again.until == NOON + timedelta(hours=1)


def test_the_cursor_forgets_jobs_that_are_listed_no_more():
    first = news([job("a"), job("b", batch="batch-2")], Seen(), {"batch-1", "batch-2"})
    second = news([job("b", batch="batch-2")], first.seen, {"batch-1", "batch-2"})
    assert list(second.seen.told) == [ARN + "b"]


def test_progress_tells_when_the_workers_will_be_done():
    at_work, later = job(labeled=4, created=NOON), NOON + timedelta(hours=2)
    assert expected_end(at_work, later) == NOON + timedelta(hours=5)
    told = progress(dg.AssetKey(["foods", "labeling_job"]), "batch-1", at_work, {}, later)
    assert told.description == (
        "InProgress: 4 of 10 images labeled, the others by 22 November 17:00 UTC at this pace"
    )
    assert told.metadata["expected_end"].value == (NOON + timedelta(hours=5)).timestamp()
    assert told.metadata["percent"].value == 40.0


@pytest.mark.parametrize(
    "changes",
    [{"labeled": 0}, {"labeled": 10}, {"labeled": 4, "status": "Stopped"}, {"labeled": 4, "created": None}],
)
def test_no_end_is_promised_without_a_pace(changes):
    assert expected_end(job(**{"created": NOON} | changes), NOON + timedelta(hours=1)) is None
    told = progress(dg.AssetKey("labeling_job"), "batch-1", job(**changes), {}, NOON)
    assert "expected_end" not in told.metadata and "pace" not in told.description
