"""A batch that can be read and is wrong all the same stops the loop or warns, with numbers and examples."""

import json
from datetime import UTC, datetime

import pytest
from dagster import AssetCheckSeverity

from assets.label_checks import (
    LABEL_CHECKS,
    class_ids_are_stable,
    class_ids_mean_one_label,
    class_mix_is_stable,
    label_warnings,
)
from resources.ground_truth import LabelingJob
from resources.loop import Loop
from tests.assets.test_labeled_manifest import FAILED, LABELS, UNLABELED, line, manifest
from tests.settings import LEAST
from vision.manifest import read_labeled

LOOP = Loop(**(LEAST | {"labels": LABELS}))


def job(labeled: int, failed: int = 0) -> LabelingJob:
    now = datetime.now(UTC)
    return LabelingJob("job", "arn", "Completed", labeled, failed, 0, "s3://b/in", "s3://b/out", None, now)


def warnings(found, counted: LabelingJob | None = None, loop: Loop = LOOP) -> dict[str, list]:
    """The examples of each check that does not pass."""
    results = label_warnings(loop, counted or job(len(found.images), len(found.failures)), found, found)
    assert {result.severity for result in results} == {AssetCheckSeverity.WARN}
    shown = ("examples", "least_agreed")
    return {
        result.check_name: next(result.metadata[name].value for name in shown if name in result.metadata)
        for result in results
        if not result.passed
    }


def sized(lines: list[dict], **size: int) -> list[dict]:
    for each in lines:
        each["boxes"]["annotations"][0] |= size
    return lines


def test_good_labels_pass_every_check():
    good = manifest(line("s3://b/1"), line("s3://b/2", 1, "bar"), UNLABELED)
    assert warnings(good) == {}
    assert class_ids_mean_one_label(good, "boxes").passed


def test_every_check_that_is_announced_is_made():
    good = manifest(line("s3://b/1"))
    made = [class_ids_mean_one_label(good, "boxes"), *label_warnings(LOOP, job(1), good, good)]
    assert [result.check_name for result in made] == [spec.name for spec in LABEL_CHECKS]
    assert [spec.name for spec in LABEL_CHECKS if spec.blocking] == ["class_ids_mean_one_label"]


def test_a_class_id_that_changes_its_meaning_within_a_batch_blocks():
    check = class_ids_mean_one_label(manifest(line("s3://b/1"), line("s3://b/2", 0, "bar")), "boxes")
    assert (check.passed, check.severity) == (False, AssetCheckSeverity.ERROR)
    assert check.metadata["examples"].value == ["0: square (s3://b/1), bar (s3://b/2)"]


def test_a_class_id_that_changes_between_batches_is_told_with_the_batch():
    stable = [("batch-1", {0: "square"}), ("batch-2", {1: "bar"})]
    assert class_ids_are_stable(LOOP, stable).passed
    check = class_ids_are_stable(LOOP, [*stable, ("batch-3", {0: "bar"})])
    assert (check.passed, check.severity) == (False, AssetCheckSeverity.WARN)
    assert check.metadata["examples"].value == ["0: square (the loop's file), bar (batch-3)"]


def test_a_batch_that_is_labeled_otherwise_is_told_and_verdicts_are_not_judged():
    usual = [("batch-1", {"square": 30, "bar": 30}), ("batch-2", {"square": 15, "bar": 12})]
    assert class_mix_is_stable(LOOP, usual).passed
    collapsed = [*usual, ("batch-3", {"square": 40})]
    check = class_mix_is_stable(LOOP, collapsed)
    assert (check.passed, check.severity) == (False, AssetCheckSeverity.WARN)
    assert check.metadata["departing"].value == 1
    assert check.metadata["examples"].value[0].startswith("batch-3: no bar (before 48%), 100% square")
    review = {"kind": "verification", "loop": "drinks", "attribute": "boxes"}
    assert class_mix_is_stable(Loop(**(LEAST | {"labels": LABELS, "review": review})), collapsed).passed


def test_pixels_of_masks_are_counted_from_the_background():
    masks = LOOP.model_copy(update={"task": "semantic_segmentation"})
    assert class_ids_are_stable(masks, [("batch-1", {0: "BACKGROUND", 2: "bar"})]).passed


def test_boxes_that_look_like_a_slip_are_named():
    found = manifest(*sized([line("s3://b/1")], width=2))
    assert warnings(found) == {"boxes_are_plausible": ["s3://b/1: a square box of 2 x 5 pixels"]}


@pytest.mark.parametrize(
    ("counted", "different"),
    [
        (job(2, 1), "labeled: 2 by the job's counters, 1 in its manifest"),
        (job(1, 0), "failed: 0 by the job's counters, 1 in its manifest"),
    ],
)
def test_counters_that_do_not_fit_the_manifest_are_told(counted, different):
    found = warnings(manifest(line("s3://b/1"), FAILED), counted)
    assert found["counters_match_manifest"] == [different]


def test_a_job_that_completed_with_failures_is_told_with_the_reasons():
    found = warnings(manifest(line("s3://b/1"), FAILED))
    assert found == {"no_image_failed": ["s3://b/3: no worker answered"]}


def test_workers_who_do_not_agree_are_told_with_the_worst_images():
    unsure = line("s3://b/2")
    unsure["boxes-metadata"]["objects"] = [{"confidence": 0.05}]
    found = manifest(line("s3://b/1"), unsure)
    assert warnings(found) == {"workers_agree": ["0.05 s3://b/2", "0.90 s3://b/1"]}
    easy = LOOP.model_copy(update={"checks": LOOP.checks.model_copy(update={"min_agreement": 0.4})})
    assert warnings(found, loop=easy) == {}


def test_labels_without_confidence_are_not_judged():
    bare = line("s3://b/1")
    bare["boxes-metadata"]["objects"] = [{}]
    assert warnings(manifest(bare)) == {}


def test_one_label_for_everything_is_told_but_not_of_verdicts():
    assert warnings(manifest(*(line(f"s3://b/{number}") for number in range(20)))) == {
        "labels_vary": ["square"]
    }
    settings = LEAST | {
        "labels": ["good", "bad"],
        "review": {"kind": "verification", "loop": "drinks", "attribute": "boxes"},
    }
    body = b"".join(
        json.dumps(
            {
                "source-ref": f"s3://b/{number}",
                "verified": {"class-id": "0", "class-name": "good", "confidence": 1},
                "verified-metadata": {"type": "groundtruth/label-verification"},
            }
        ).encode()
        + b"\n"
        for number in range(20)
    )
    loop = Loop(**settings)
    assert warnings(read_labeled(body, "verified", loop.labels, form=loop.label_form), loop=loop) == {}
