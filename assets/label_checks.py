"""What is asked of a batch's labels beyond that they can be read: numbers and examples for the UI.

Only one of these blocks. The others tell of labels that training can use and a person should look at.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg

from resources.ground_truth import LabelingJob
from resources.loop import Loop
from vision.class_mix import departures
from vision.label_quality import class_map, contradictions, least_agreed, mean, odd_boxes, only_label
from vision.manifest import LabeledManifest
from vision.mask_labels import BACKGROUND

SHOWN = 20

DESCRIPTIONS = {
    "class_ids_mean_one_label": "No class id stands for two labels in this batch: who knows which is right?",
    "boxes_are_plausible": "Warns of boxes of a few pixels, and of things that are drawn twice.",
    "counters_match_manifest": "Warns when the job counts more or fewer images as labeled or failed than "
    "its manifest has.",
    "no_image_failed": "Warns when the job completed, but not for all images; with Ground Truth's reasons.",
    "workers_agree": "Warns when the mean confidence, which is the workers' agreement, is below "
    "`checks.min_agreement` of the loop's file; with the images they agree on least.",
    "labels_vary": "Warns when every object of the batch has the same label.",
}
BLOCKING = {"class_ids_mean_one_label"}

CLASS_IDS_ARE_STABLE = dg.AssetCheckSpec(
    "class_ids_are_stable",
    asset="labels",
    description="Warns when a class id stands for another label in a batch than in the loop's file. Labels "
    "are read by name, so training is right; models of before and after number their classes differently.",
)
CLASS_MIX_IS_STABLE = dg.AssetCheckSpec(
    "class_mix_is_stable",
    asset="labels",
    description="Warns of batches whose labels are mixed otherwise than those before them: a label is "
    "missing or took over, or more than `checks.max_class_shift` of the objects changed. New kinds of "
    "images can be the reason, or workers who misread their instructions.",
)
LABEL_CHECKS = [
    dg.AssetCheckSpec(name, asset="labeled_manifest", description=description, blocking=name in BLOCKING)
    for name, description in DESCRIPTIONS.items()
]


def class_ids_mean_one_label(manifest: LabeledManifest, attribute: str) -> dg.AssetCheckResult:
    maps = ((image.uri, class_map(image.line, attribute)) for image in manifest.images)
    return _result("class_ids_mean_one_label", several=_in_words(contradictions(maps)))


def label_warnings(
    loop: Loop, job: LabelingJob | None, manifest: LabeledManifest, everything: LabeledManifest
) -> list[dg.AssetCheckResult]:
    """The results of all checks but those that block. A batch that was imported had no ``job``.

    ``everything`` is what the job counted: the manifest with its gold questions.
    """
    return [
        boxes_are_plausible(loop, manifest),
        counters_match_manifest(job, everything) if job else _result("counters_match_manifest", different=[]),
        _result(
            "no_image_failed", failed=[f"{failure.uri}: {failure.reason}" for failure in manifest.failures]
        ),
        workers_agree(manifest, loop.checks.min_agreement),
        labels_vary(loop, manifest),
    ]


def boxes_are_plausible(loop: Loop, manifest: LabeledManifest) -> dg.AssetCheckResult:
    images = manifest.images if loop.label_form == "bounding_box" else ()
    return _result(
        "boxes_are_plausible", odd=[f"{image.uri}: {odd}" for image in images for odd in odd_boxes(image)]
    )


def counters_match_manifest(job: LabelingJob, manifest: LabeledManifest) -> dg.AssetCheckResult:
    """A line with a problem is a label to the job, which does not know what we ask of it."""
    expected = {"labeled": job.labeled, "failed": job.failed}
    found = {
        "labeled": len(manifest.images) + len(manifest.problems),
        "failed": len(manifest.failures),
    }
    return _result(
        "counters_match_manifest",
        different=[
            f"{what}: {expected[what]} by the job's counters, {found[what]} in its manifest"
            for what in expected
            if expected[what] != found[what]
        ],
    )


def workers_agree(manifest: LabeledManifest, floor: float) -> dg.AssetCheckResult:
    agreement = mean([score for image in manifest.images for score in image.scores])
    shown = [f"{score:.2f} {uri}" for score, uri in least_agreed(manifest.images)[:SHOWN]]
    return dg.AssetCheckResult(
        check_name="workers_agree",
        passed=agreement is None or agreement >= floor,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"floor": floor, "least_agreed": shown}
        | ({} if agreement is None else {"agreement": round(agreement, 3)}),
    )


def labels_vary(loop: Loop, manifest: LabeledManifest) -> dg.AssetCheckResult:
    # A batch whose every label is verified as good is no collapse.
    verdicts = loop.label_form == "label_verification"
    only = None if verdicts else only_label(manifest.images, loop.labels)
    return _result("labels_vary", only=[] if only is None else [only])


def class_ids_are_stable(loop: Loop, maps: Iterable[tuple[str, dict[int, str]]]) -> dg.AssetCheckResult:
    """``maps`` are (batch, class map); pixels of masks begin with the background."""
    names = [BACKGROUND, *loop.labels] if loop.label_form == "semantic_segmentation" else loop.labels
    order = ("the loop's file", dict(enumerate(names)))
    return _result("class_ids_are_stable", several=_in_words(contradictions([order, *maps])))


def class_mix_is_stable(loop: Loop, batches: Iterable[tuple[str, Mapping[str, int]]]) -> dg.AssetCheckResult:
    """``batches`` are (batch, objects per label) in the order of time. Verdicts are not judged: those of a
    batch of good labels are all the same.
    """
    verdicts = loop.label_form == "label_verification"
    departing = [] if verdicts else departures(batches, loop.checks.max_class_shift)
    return _result("class_mix_is_stable", departing=[str(departure) for departure in departing[::-1]])


def _in_words(several: dict[int, dict[str, str]]) -> list[str]:
    return [
        f"{class_id}: " + ", ".join(f"{name} ({where})" for name, where in names.items())
        for class_id, names in several.items()
    ]


def _result(name: str, **found: list[str]) -> dg.AssetCheckResult:
    """Passed when there is nothing ``found``: the one argument, whose name says what there would be."""
    ((what, examples),) = found.items()
    metadata: dict[str, Any] = {what: len(examples), "examples": examples[:SHOWN]}
    severity = dg.AssetCheckSeverity.ERROR if name in BLOCKING else dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(check_name=name, passed=not examples, severity=severity, metadata=metadata)
