"""One label of the answers of both jobs of a batch, by the loop's own rule.

The consolidation function gets all answers about an image in Ground Truth's own format, as if one job had
asked for them. What it makes of them is kept beside the batch: collecting once more calls no function.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import dagster as dg

from assets.answer_files import answer_uris
from assets.asking_again import Second, ask_again, attribute_again
from assets.records import read_record
from resources.functions import FunctionFailed, Functions
from resources.ground_truth import GroundTruth, LabelingJob
from resources.loop import Loop
from resources.names import sha256
from resources.object_store import ObjectStore
from vision.gold import answers_of
from vision.manifest import FORMS, LabeledManifest, Problem, read_labeled

CALL = 100  # images


@dataclass(frozen=True)
class Settled:
    """What counts of a batch's labels, now that doubtful images are asked about again."""

    manifest: LabeledManifest  # without the images that wait
    second: Second | None = None
    waiting: list[str] = field(default_factory=list)  # URIs of images that are with one more worker
    files: dict[str, list[str]] = field(default_factory=dict)  # of second answers that count, URIs by image
    by_the_same: int = 0  # images whose second answer does not count: its worker had answered before

    @property
    def record(self) -> dict[str, Any]:
        return {"asked_again": self.second.job.name, "waiting": self.waiting} if self.second else {}

    @property
    def metadata(self) -> dict[str, Any]:
        if self.second is None:
            return {}
        return {
            "second_job": self.second.job.name,
            "asked_again": len(self.second.images),
            "waiting_for_second_answer": len(self.waiting),
            "second_answers": len(self.files),
            "second_answers_by_the_same_worker": self.by_the_same,
        }


def settle_doubts(
    store: ObjectStore,
    loop: Loop,
    ground_truth: GroundTruth,
    functions: Functions,
    batch: str,
    first: LabelingJob,
    order: Sequence[str],
    manifest: LabeledManifest,
    log: Callable[[str], None],
) -> Settled:
    """Have doubtful images asked about again, or hear what one more worker answered.

    ``order`` are the images of the first job's input manifest; ``manifest`` is what came back from it. While
    the second job is at work its images wait, and the others count. Raises dg.Failure.
    """
    second = ask_again(store, loop, ground_truth, batch, first, manifest.images, log)
    if second is None:
        return Settled(manifest)
    if second.is_at_work:
        waiting = set(second.images)
        sure = [image for image in manifest.images if image.uri not in waiting]
        return Settled(replace(manifest, images=sure), second, second.images)
    if second.job.output_uri is None:
        return Settled(manifest, second)
    return with_second_answers(store, loop, functions, batch, first, order, second, manifest)


def with_second_answers(
    store: ObjectStore,
    loop: Loop,
    functions: Functions,
    batch: str,
    first: LabelingJob,
    order: Sequence[str],
    second: Second,
    manifest: LabeledManifest,
) -> Settled:
    """An image without a second answer keeps its label. Raises dg.Failure when the function fails."""
    attribute = attribute_again(loop)
    told = read_labeled(store.read(second.job.output_uri), attribute, loop.labels, form=loop.label_form)
    lines = {image.uri: image.line for image in told.images}
    before = answers_by_image(store, answer_uris(store, first, order), lines)
    files = answer_uris(store, second.job, second.images)
    after = answers_by_image(store, files, lines)
    new = {uri: given for uri, given in after.items() if set(given) - set(before.get(uri, {}))}
    answers = {uri: given | before.get(uri, {}) for uri, given in new.items()}
    labels = consolidated(store, loop, functions, batch, first, answers)
    better = {uri: lines[uri] | {loop.label_attribute: label} for uri, label in labels.items()}
    for line in better.values():
        line[f"{loop.label_attribute}-metadata"] = line[f"{attribute}-metadata"]
    return Settled(
        replaced(manifest, better, loop),
        second,
        files={uri: files[uri] for uri in labels},
        by_the_same=len(after) - len(new),
    )


def answers_by_image(
    store: ObjectStore, files: Mapping[str, Sequence[str]], images: Mapping[str, Any]
) -> dict[str, dict[str, object]]:
    """What each worker answered, by image and worker; only of ``images``."""
    places = [(uri, file) for uri in images for file in files.get(uri, ())]
    found: dict[str, dict[str, object]] = {}
    bodies = store.read_all(file for _, file in places)
    for (uri, _), body in zip(places, bodies, strict=True):
        found[uri] = answers_of(body) | found.get(uri, {})
    return found


def consolidated(
    store: ObjectStore,
    loop: Loop,
    functions: Functions,
    batch: str,
    first: LabelingJob,
    answers: Mapping[str, Mapping[str, object]],
) -> dict[str, Any]:
    """The label of each image that the function gives one, from answers by image and worker."""
    name = read_record(store, loop, "labeling_functions")["consolidation"]["arn"]
    images, labels = sorted(answers), {}
    for start in range(0, len(images), CALL):
        part = images[start : start + CALL]
        payload = json.dumps([entry(number, uri, answers[uri]) for number, uri in enumerate(part)]).encode()
        place = loop.uri(f"batches/{batch}/all-answers-{sha256(payload)[:12]}")
        try:
            results = store.read_json(f"{place}-consolidated.json")
        except FileNotFoundError:
            results = call(functions, name, event(loop, first, store.write(f"{place}.json", payload)))
            store.write_json(f"{place}-consolidated.json", results)
        for result in results:
            content = result["consolidatedAnnotation"]["content"]
            labels[part[int(result["datasetObjectId"])]] = content[loop.label_attribute]
    return labels


def entry(number: int, uri: str, answers: Mapping[str, object]) -> dict[str, Any]:
    annotations = [
        {"workerId": worker, "annotationData": {"content": json.dumps(content, sort_keys=True)}}
        for worker, content in sorted(answers.items())
    ]
    return {"datasetObjectId": str(number), "dataObject": {"s3Uri": uri}, "annotations": annotations}


def event(loop: Loop, first: LabelingJob, payload: str) -> dict[str, Any]:
    """As Ground Truth calls the function. It learns nothing of the workers: each job's own call has."""
    return {
        "version": "2018-10-16",
        "labelingJobArn": first.arn,
        "labelCategories": loop.labels,
        "labelAttributeName": loop.label_attribute,
        "payload": {"s3Uri": payload},
        "learn": False,
    }


def call(functions: Functions, name: str, request: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        return functions.invoke(name, request)
    except FunctionFailed as problem:
        raise dg.Failure(
            f"The answers of both jobs cannot be consolidated: {problem}. They are in "
            f"{request['payload']['s3Uri']}; materialize labeled_manifest again once the function works."
        ) from problem


def replaced(manifest: LabeledManifest, better: Mapping[str, dict], loop: Loop) -> LabeledManifest:
    """The manifest with other lines for some of its images."""
    images, problems = [], list(manifest.problems)
    for image in manifest.images:
        line = better.get(image.uri)
        try:
            images.append(
                FORMS[loop.label_form].read(line, loop.label_attribute, loop.labels) if line else image
            )
        except ValueError as problem:
            problems.append(Problem(0, image.uri, str(problem)))
    return LabeledManifest(images, manifest.failures, manifest.unlabeled, problems)
