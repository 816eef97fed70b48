"""What the workers drew, read with suspicion."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from assets.answer_files import made_by, origin_metadata, with_files
from assets.batches import ASKED_FOR_ONCE, Member, batches, read_members, write_left
from assets.costs import total
from assets.gold import gold_metadata, without
from assets.imported import IMPORTED, imported_uri, is_imported
from assets.label_checks import LABEL_CHECKS, class_ids_mean_one_label, label_warnings
from assets.labeling import labeling_input, labeling_job
from assets.mask_files import check_masks
from assets.pictures import contact_sheet_of_labels
from assets.proposals import changes_of_workers
from assets.records import OWNERS, publish, read_record
from assets.second_answers import Settled, settle_doubts
from assets.tables import count_labels
from assets.training_manifest import training_manifest
from resources.functions import Functions
from resources.ground_truth import GroundTruth, LabelingJob
from resources.loop import Loop
from resources.names import sha256
from resources.object_store import ObjectStore
from vision.manifest import FORMS, LabeledManifest, parse_lines, read_labeled

SHOWN = 50


@dataclass(frozen=True)
class Asked:
    """What a batch asked, and where the answer is."""

    sent: dict[str, str]  # the images of the batch, ETags by URI
    output: str  # URI of the manifest that came back
    job: LabelingJob | None = None  # None for a batch that was imported
    manifest: str | None = None  # URI of the job's input manifest
    gold: list[str] = field(default_factory=list)  # URIs of the gold questions among its lines


@dg.asset(
    deps=[labeling_input, labeling_job],
    partitions_def=batches,
    check_specs=[
        dg.AssetCheckSpec(
            "every_image_accounted_for",
            asset="labeled_manifest",
            blocking=True,
            description="Each image of the batch came back: with labels, as failed, or as not labeled.",
        ),
        dg.AssetCheckSpec(
            "labels_are_usable",
            asset="labeled_manifest",
            blocking=True,
            description="Every line can be read, every label is known, every box is inside its image; every "
            "mask can be read and fits its image.",
        ),
        *LABEL_CHECKS,
    ],
    group_name="labeling",
    kinds={"sagemaker", "s3"},
    owners=OWNERS,
    code_version="1",
    retry_policy=ASKED_FOR_ONCE,
)
def labeled_manifest(
    context: dg.AssetExecutionContext,
    loop: dg.ResourceParam[Loop],
    store: ObjectStore,
    ground_truth: GroundTruth,
    functions: Functions,
) -> dg.MaterializeResult:
    """The labels of one batch, from the output manifest of its finished labeling job.

    `labels` gets to see them only if the blocking checks pass: training on half of an image's labels would
    teach that the rest is background. Images that came back without a usable label are listed, and join the
    next batch. A batch that was imported came with its manifest, and has to pass the same checks.

    Gold questions are no images of the batch: they tell how well each worker labels, in `workers_on_gold`.

    With `labeling.ask_again` doubtful images go to one more worker, in a second job that is started here. The
    other labels count at once; when that job is done this is made again, and all labels count.
    """
    batch = context.partition_key
    asked = answers(store, loop, ground_truth, batch)
    sent, job = asked.sent, asked.job
    everything = read_labeled(
        store.read(asked.output), loop.label_attribute, loop.labels, form=loop.label_form
    )
    came_back = without(everything, asked.gold)
    if loop.label_form == "semantic_segmentation":
        came_back = check_masks(store, loop, came_back)
    lines = input_lines(store, asked)
    settled = Settled(came_back)
    if job:
        settled = settle_doubts(
            store, loop, ground_truth, functions, batch, job, list(lines), came_back, context.log.info
        )
    manifest = settled.manifest
    checks = [
        every_image_accounted_for(sent, came_back),
        labels_are_usable(manifest),
        class_ids_mean_one_label(manifest, loop.label_attribute),
    ]
    warnings = label_warnings(loop, job, manifest, everything)
    made = with_files(made_by(store, loop, job, list(lines), manifest), settled.files, loop)
    metadata = {
        "pictures": contact_sheet_of_labels(store, loop, manifest.images, f"labels of {batch}"),
        **numbers(manifest, FORMS[loop.label_form].noun),
        **changes_of_workers(loop, manifest.images),
        "labeling_job": job.name if job else IMPORTED,
        **settled.metadata,
        **gold_metadata(store, loop, job, lines, asked.gold),
        "output_manifest": asked.output,
        **labeling_cost(loop, job, settled.second.job if settled.second else None),
        **origin_metadata(made),
    }
    left = left_over(read_members(store, loop, batch), sent, manifest)
    write_left(store, loop, batch, None if settled.waiting else left)
    body = training_manifest(loop, manifest.images)
    if not all(check.passed for check in checks):
        return dg.MaterializeResult(
            data_version=dg.DataVersion(sha256(body)),
            metadata=metadata,
            check_results=[*checks, *warnings],
        )
    uri = store.write(loop.uri(f"labeled/{batch}-{sha256(body)[:12]}.manifest"), body)
    return publish(
        store,
        loop,
        "labeled_manifest",
        {"manifest": uri, "sha256": sha256(body), "job": job.name if job else IMPORTED, "etags": sent}
        | made
        | settled.record
        | {"answered_by_several": answered_by_several(loop, manifest)},
        batch=batch,
        metadata=metadata,
        check_results=[*checks, *warnings],
    )


def answers(store: ObjectStore, loop: Loop, ground_truth: GroundTruth, batch: str) -> Asked:
    """Raises dg.Failure while nothing has come back."""
    if is_imported(batch):
        members = read_members(store, loop, batch)
        return Asked({member["uri"]: member["etag"] for member in members}, imported_uri(loop, batch))
    inputs = read_record(store, loop, "labeling_input", batch)
    job = finished_job(ground_truth, read_record(store, loop, "labeling_job", batch)["name"])
    return Asked(
        {image["uri"]: image["etag"] for image in inputs["images"]},
        job.output_uri,
        job,
        inputs["manifest"],
        [image["uri"] for image in inputs.get("gold", ())],
    )


def input_lines(store: ObjectStore, asked: Asked) -> dict[str, dict]:
    """The lines of the job's input manifest by image, in its order; read only where there is gold in it."""
    if not asked.gold:
        return {uri: {} for uri in asked.sent}
    lines, _ = parse_lines(store.read(asked.manifest), limits=False)
    return {line["source-ref"]: line for _, line in lines}


def answered_by_several(loop: Loop, manifest: LabeledManifest) -> list[str]:
    """URIs of images whose label was made of two workers' answers or more, as our function tells it."""
    consensus = {
        image.uri: label.get("consensus")
        for image in manifest.images
        if isinstance(label := image.line.get(loop.label_attribute), dict)
    }
    return [
        uri
        for uri, told in consensus.items()
        if isinstance(told, dict) and type(told.get("workers")) is int and told["workers"] > 1
    ]


def labeling_cost(loop: Loop, *jobs: LabelingJob | None) -> dict[str, Any]:
    """What the labels cost, by the images that the jobs labeled; of a batch that was imported, nothing."""
    cost = total(loop.budget.labeling_cost(job.labeled, job.workers or 0) for job in jobs if job)
    known = any(jobs) and cost is not None
    return {"cost": round(cost, 4), "currency": loop.budget.currency} if known else {}


def finished_job(ground_truth: GroundTruth, name: str) -> LabelingJob:
    """Raises dg.Failure, with how far the workers are, while there is nothing to collect."""
    job = ground_truth.describe(name)
    if job is None:
        raise dg.Failure(
            f"Ground Truth knows no labeling job {name}: materialize labeling_job.", allow_retries=False
        )
    if job.status not in ("Completed", "Stopped") or job.output_uri is None:
        reason = f" ({job.failure_reason})" if job.failure_reason else ""
        raise dg.Failure(
            f"Labeling job {name} is {job.status}{reason}: {job.labeled} of {job.total} images are labeled, "
            f"{job.failed} failed. The sensor `labeling` collects it when it is completed.",
            allow_retries=False,
        )
    return job


def left_over(members: list[Member], sent: Mapping[str, str], manifest: LabeledManifest) -> list[Member]:
    """The members of the batch without a usable label, each with the reason; ``sent`` are ETags by URI."""
    labeled = {sent.get(image.uri) for image in manifest.images}
    reasons = {
        **{uri: "not labeled" for uri in manifest.unlabeled},
        **{failure.uri: failure.reason for failure in manifest.failures},
        **{problem.source: f"rejected: {problem.message}" for problem in manifest.problems},
    }
    told = {sent[uri]: reason for uri, reason in reasons.items() if uri in sent}
    missing = dict.fromkeys(sent.values(), "did not come back")
    return [
        member | {"reason": told.get(member["etag"]) or missing.get(member["etag"], "not sent")}
        for member in members
        if member["etag"] not in labeled
    ]


def every_image_accounted_for(sent: Collection[str], manifest: LabeledManifest) -> dg.AssetCheckResult:
    came_back = {
        *(image.uri for image in manifest.images),
        *(failure.uri for failure in manifest.failures),
        *manifest.unlabeled,
        *(problem.source for problem in manifest.problems),
    } - {None}
    missing, strange = sorted(set(sent) - came_back), sorted(came_back - set(sent))
    return dg.AssetCheckResult(
        check_name="every_image_accounted_for",
        passed=not missing and not strange,
        metadata={
            "missing": len(missing),
            "not_asked_for": len(strange),
            "images": (missing + strange)[:SHOWN],
        },
    )


def labels_are_usable(manifest: LabeledManifest) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name="labels_are_usable",
        passed=not manifest.problems,
        metadata={
            "problems": len(manifest.problems),
            "lines": [str(problem) for problem in manifest.problems[:SHOWN]],
        },
    )


def numbers(manifest: LabeledManifest, noun: str = "boxes") -> dict[str, Any]:
    images, counted = manifest.images, count_labels(noun, manifest.images)
    scores = [score for image in images for score in image.scores]
    reviewed = [image.adjusted for image in images if image.adjusted is not None]
    return {
        "images": len(images),
        **counted,
        f"{noun}_per_image": round(counted[noun] / max(len(images), 1), 2),
        "mean_confidence": round(sum(scores) / max(len(scores), 1), 3),
        **({"adjusted": sum(reviewed), "unadjusted": reviewed.count(False)} if reviewed else {}),
        "failed": len(manifest.failures),
        "not_labeled": len(manifest.unlabeled),
        "failures": [f"{failure.uri}: {failure.reason}" for failure in manifest.failures[:SHOWN]],
    }
