"""Annotation consolidation function: several workers' answers become one label per object.

Ground Truth calls it for a batch of objects, once all workers have answered or the time for answers is
over. The payload that a request names lists the answers of each object; what is returned goes into the output
manifest under the label attribute. What the answers are decides how they become one: see boxes.py, masks.py
and classes.py. The variable CONSOLIDATION chooses votes, the default, or worker_quality for boxes and masks,
which keeps what it learns of the workers in the object that WORKER_PROFILES names, see profiles.py. Source:
https://docs.aws.amazon.com/sagemaker/latest/dg/sms-custom-templates-step3-lambda-requirements.html

The result depends on the answers only (worker_quality: and on what is known of the workers), not on their
order, and is the same, file names included, when a call is repeated. An object without a usable answer is
left out, which Ground Truth reports as failed. What cannot be used is ignored, counted under ``consensus``
and named in the function's log.

Ground Truth writes ``<attribute>-metadata`` of a custom job itself, so confidences and class maps travel
inside the label.

The execution role needs ``s3:GetObject`` on the job's output path (payload and long answers), for masks
``s3:PutObject`` there too, for worker_quality both on its profiles, and the right to write its log. Jobs made
in the console send no ``labelCategories``; for them it also needs ``sagemaker:DescribeLabelingJob`` and
``s3:GetObject`` on the label category configuration. Masks need numpy and Pillow, which AWS Lambda has from a
layer only.
"""

import json
import os
from collections.abc import Callable, Sequence
from types import ModuleType

import classes
from answers import Ignored, read_answers
from boxes import least_certainty, vote, write_label
from drawings import Drawings, read_drawings
from profiles import Profiles
from s3 import Files, label_names
from worker_quality import WorkerQuality

Read = Callable[[str], bytes]  # the object at an S3 URI
WriteMask = Callable[[str, bytes], str]  # keeps the mask of a datasetObjectId, returns its S3 URI


def handle(event, context):
    """Answer one request: ``[{"datasetObjectId", "consolidatedAnnotation": {"content": ...}}]``.

    ``"learn": false`` is for answers of which some were consolidated before: nothing is kept of the workers.
    ``{"check": "masks"}`` asks, before there is a job, whether the function has what masks need.
    """
    if event.get("check") == "masks":
        masks()
        return {"checked": "masks"}
    files = Files(event["labelingJobArn"].split(":")[3], event.get("kmsKeyId"))
    labels = event.get("labelCategories") or label_names(event["labelingJobArn"], files)
    payload_uri = event["payload"]["s3Uri"]
    moment = payload_uri.rpartition("/")[2].removesuffix(".json")

    def write_mask(object_id: str, png: bytes) -> str:
        uri = f"{output_folder(event)}/{object_id}_{moment}.png"
        files.write(uri, png, "image/png")
        return uri

    payload = json.loads(files.read(payload_uri))
    attribute = event["labelAttributeName"]
    profiles = worker_profiles(files)
    if profiles is None:
        return consolidate(payload, attribute, labels, files.read, write_mask)
    quality = WorkerQuality(profiles.known(payload_uri))
    results = consolidate(payload, attribute, labels, files.read, write_mask, quality)
    if event.get("learn", True):
        profiles.keep(payload_uri, quality.evidence)
    return results


def worker_profiles(files: Files) -> Profiles | None:
    """What is known of the workers, or None where each has one vote. Raises ValueError for other settings."""
    way = os.environ.get("CONSOLIDATION", "votes")
    if way == "votes":
        return None
    if way != "worker_quality":
        raise ValueError(f"the function's variable CONSOLIDATION is {way!r}: votes or worker_quality")
    if not os.environ.get("WORKER_PROFILES", "").startswith("s3://"):
        raise ValueError(
            "worker_quality needs the S3 URI of a file in the function's variable WORKER_PROFILES"
        )
    return Profiles(files, os.environ["WORKER_PROFILES"])


def consolidate(
    payload: Sequence[dict],
    attribute: str,
    labels: Sequence[str],
    read: Read | None = None,
    write_mask: WriteMask | None = None,
    quality: WorkerQuality | None = None,
) -> list[dict]:
    """Consolidate a payload in Ground Truth's format; without ``quality`` by votes."""
    return [
        {
            "datasetObjectId": object_id,
            "consolidatedAnnotation": {"content": {attribute: label}},
        }
        for object_id, label in labeled_objects(payload, labels, read, write_mask, quality)
    ]


def labeled_objects(
    payload: Sequence[dict],
    labels: Sequence[str],
    read: Read | None,
    write_mask: WriteMask | None,
    quality: WorkerQuality | None,
) -> list[tuple[str, dict]]:
    """The datasetObjectId and the label of each object that has a usable answer."""
    found = []
    for item in payload:
        object_id, ignored = item["datasetObjectId"], Ignored()
        kind, answers = read_answers(item["annotations"], read, ignored)
        if kind == "masks":
            label = masks().consolidate(
                answers, labels, ignored, lambda png, id=object_id: write_mask(id, png), quality
            )
        elif kind == "classes":
            label = classes.consolidate(answers, labels, ignored)
        else:
            label = read_drawings(answers, labels, ignored)
        for reason in ignored.answers + ignored.parts:
            print(f"object {object_id}: ignored: {reason}")
        if label is not None:
            found.append((object_id, label))
    images = [label for _, label in found if isinstance(label, Drawings)]
    boxes = iter(quality.boxes(images, labels) if quality else boxes_by_votes(images, labels))
    return [(id, next(boxes) if isinstance(label, Drawings) else label) for id, label in found]


def boxes_by_votes(images: Sequence[Drawings], labels: Sequence[str]) -> list[dict]:
    return [
        write_label(image, vote(image, labels), labels, least_certainty(image, labels)) for image in images
    ]


def masks() -> ModuleType:
    """The module for masks, imported where there are some: boxes and classes need no layer."""
    try:
        import masks
    except ImportError as problem:
        raise RuntimeError(
            f"masks cannot be consolidated: {problem}. On AWS Lambda numpy and Pillow come from a layer: "
            "name one that has both, for this Python, under functions.layers in the loop's settings"
        ) from problem
    return masks


def output_folder(event: dict) -> str:
    """Where the masks of a job go: ``outputConfig``, or where AWS keeps them beside the payload."""
    payload_uri = event["payload"]["s3Uri"]
    beside = payload_uri.partition("/consolidation-request/")[0] + "/output"
    return (event.get("outputConfig") or beside).rstrip("/")
