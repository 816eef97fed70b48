"""Images whose label is doubtful go to one more worker, in a second labeling job of the batch.

How doubtful an image is tells the least sure decision about it, which the consolidation function notes: see
lambdas/consolidation/boxes.py. The second job's input is a part of the first one's output, its label lies
under an attribute of its own, and what counts in the end is made of all answers: assets/second_answers.py.

Which images are asked about again is settled when the first job is collected, in a file that is named after
that job, with the name of the second: other settings ask nobody twice. It is looked for before it is created,
and if it failed or was stopped, the first job's labels stand.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from assets.costs import Costs
from assets.earlier_jobs import earlier_labelings
from assets.labeling import job_request
from assets.proposals import as_asked
from assets.records import read_record, record_uri
from resources.estimates import labeling_estimate
from resources.ground_truth import GroundTruth, LabelingJob
from resources.loop import Loop
from resources.names import sha256
from resources.object_store import ObjectStore
from vision.manifest import ImageLabel, input_manifest

AGAIN = "again"
AT_WORK = ("Initializing", "InProgress", "Stopping")


@dataclass(frozen=True)
class Second:
    """The second job of a batch."""

    job: LabelingJob
    images: list[str]  # URIs of those it asks about, in the order of its input manifest

    @property
    def is_at_work(self) -> bool:
        return self.job.status in AT_WORK


def ask_again(
    store: ObjectStore,
    loop: Loop,
    ground_truth: GroundTruth,
    batch: str,
    first: LabelingJob,
    images: Iterable[ImageLabel],
    log: Callable[[str], None],
) -> Second | None:
    """The second job of a batch, started if it has to be; None where nothing is, or was, doubtful.

    ``images`` are those that came back from the ``first`` job. Raises dg.Failure.
    """
    asked = _settle(store, loop, batch, first, images, log)
    if asked is None:
        return None
    job = ground_truth.describe(asked["job"]) or _start(store, loop, ground_truth, batch, asked, log)
    return Second(job, asked["images"])


def _start(
    store: ObjectStore,
    loop: Loop,
    ground_truth: GroundTruth,
    batch: str,
    asked: dict[str, Any],
    log: Callable[[str], None],
) -> LabelingJob:
    one_more, number = as_asked_again(store, loop, batch), len(asked["images"])
    request = job_request(store, loop, one_more, asked["manifest"], asked["sha256"])
    permit = Costs(loop, log).permit(
        "labeling", lambda: labeling_estimate(one_more, number, earlier_labelings(ground_truth, loop))
    )
    return ground_truth.adopt_or_create(request | {"LabelingJobName": asked["job"]}, permit)


def _settle(
    store: ObjectStore,
    loop: Loop,
    batch: str,
    first: LabelingJob,
    images: Iterable[ImageLabel],
    log: Callable[[str], None],
) -> dict[str, Any] | None:
    uri = loop.uri(f"batches/{batch}/{AGAIN}-of-{first.name}.json")
    try:
        return store.read_json(uri)
    except FileNotFoundError:
        pass
    if loop.labeling.ask_again is None or was_collected(store, loop, batch, first):
        return None
    doubtful = [image for image in images if is_doubtful(image, loop) and is_acceptable(image, log)]
    if not doubtful:
        return None
    body = input_manifest(image.line for image in doubtful)
    manifest = store.write(loop.uri(f"batches/{batch}/{AGAIN}-{sha256(body)[:12]}.manifest"), body)
    request = job_request(store, loop, as_asked_again(store, loop, batch), manifest, sha256(body))
    asked = {
        "job": request["LabelingJobName"],
        "manifest": manifest,
        "sha256": sha256(body),
        "images": [image.uri for image in doubtful],
    }
    store.write_json(uri, asked)
    return asked


def was_collected(store: ObjectStore, loop: Loop, batch: str, first: LabelingJob) -> bool:
    """Labels that were accepted without being asked about again stay so, whatever the settings say now."""
    try:
        return store.read_json(record_uri(loop, "labeled_manifest", batch))["job"] == first.name
    except FileNotFoundError:
        return False


def is_doubtful(image: ImageLabel, loop: Loop) -> bool:
    """By what the loop's consolidation function noted. One worker's answer, where others had no time, is."""
    label = image.line.get(loop.label_attribute)
    told = label.get("consensus") if isinstance(label, dict) else None
    consensus = told if isinstance(told, dict) else {}
    if consensus.get("workers") == 1:
        return True
    certainty = consensus.get("least_certainty")
    if type(certainty) not in (int, float):
        certainty = min(image.scores, default=1.0)  # a function that was deployed before it told
    return certainty < loop.labeling.ask_again


def is_acceptable(image: ImageLabel, log: Callable[[str], None]) -> bool:
    """A label of very many boxes makes too long a line for an input manifest: then it stands as it is."""
    try:
        input_manifest([image.line])
    except ValueError as problem:
        log(f"{image.uri} is doubtful and is not asked about again: {problem}")
        return False
    return True


def as_asked_again(store: ObjectStore, loop: Loop, batch: str) -> Loop:
    """The loop as the second job of a batch asks: one worker, under an attribute of its own."""
    asked = as_asked(loop, read_record(store, loop, "labeling_input", batch))
    one = asked.labeling.model_copy(update={"workers_per_object": 1})
    return asked.model_copy(update={"labeling": one, "label_attribute": attribute_again(asked)})


def attribute_again(loop: Loop) -> str:
    return f"{loop.label_attribute}-{AGAIN}"


def asks_again(job: LabelingJob) -> bool:
    """Whether this is the second job of a batch."""
    return job.input_uri.rpartition("/")[2].startswith(f"{AGAIN}-")
