"""Annotation consolidation function for bounding boxes: several workers' boxes become one set.

Ground Truth calls it for a batch of objects, once all workers have answered or the time for answers is
over, with ``{"labelingJobArn", "labelCategories", "labelAttributeName", "payload": {"s3Uri"}}``. The
payload lists the answers of each object; what is returned goes into the output manifest under the label
attribute.

How boxes become one:

1. Boxes of different workers that overlap (intersection over union >= 0.4) are put together, the best
   supported first, at most one box per worker, whatever their labels.
2. A group is an object when two workers drew it (one, when only one worker answered).
3. Its box is the median of each edge, which one careless worker cannot drag away; its label is the
   majority's; its confidence is the share of the workers who drew it.

The result depends on the answers only, not on their order. An object without a usable answer is left out,
which Ground Truth reports as failed. Answers and boxes that cannot be used are ignored, counted under
``consensus`` and named in the function's log.

Ground Truth writes ``<attribute>-metadata`` of a custom job itself, so confidences and class map travel
inside the label: ``{"annotations", "image_size", "objects": [{"confidence"}], "class-map", "consensus"}``.

The execution role needs ``s3:GetObject`` on the job's output path (payload and long answers) and the right
to write its log. Jobs made in the console send no ``labelCategories``; for them it also needs
``sagemaker:DescribeLabelingJob`` and ``s3:GetObject`` on the label category configuration.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

import boto3

SAME_OBJECT = 0.4  # intersection over union from which two boxes show the same object
VOTES_NEEDED = 2


class Drawn(NamedTuple):
    """A worker's box in pixels. Sorted boxes make the result independent of the answers' order."""

    left: float
    top: float
    right: float
    bottom: float
    label: str
    worker: str


class Answer(NamedTuple):
    worker: str
    size: tuple[int, int]  # width, height of the image that the worker saw
    boxes: list[Drawn]
    ignored: list[str]  # what was wrong with the other boxes


def handle(event, context):
    """Answer one request: ``[{"datasetObjectId", "consolidatedAnnotation": {"content": ...}}]``."""
    region = event["labelingJobArn"].split(":")[3]
    labels = event.get("labelCategories") or label_names(event["labelingJobArn"])
    payload = json.loads(read_object(event["payload"]["s3Uri"], region))
    return consolidate(
        payload, event["labelAttributeName"], labels, read=lambda uri: read_object(uri, region)
    )


def consolidate(
    payload: Sequence[dict], attribute: str, labels: Sequence[str], read: Callable[[str], bytes]
) -> list[dict]:
    """Consolidate a payload in Ground Truth's format; ``read`` fetches answers that are kept apart in S3."""
    results = []
    for item in payload:
        label = consolidate_object(item, labels, read)
        if label is not None:
            content = {attribute: label}
            results.append(
                {"datasetObjectId": item["datasetObjectId"], "consolidatedAnnotation": {"content": content}}
            )
    return results


def consolidate_object(item: dict, labels: Sequence[str], read: Callable[[str], bytes]) -> dict | None:
    """The label of one object, or None when no worker gave a usable answer."""
    answers, problems = [], []
    for annotation in item["annotations"]:
        try:
            answers.append(parse_answer(annotation, labels, read))
        except ValueError as problem:
            problems.append(f"worker {annotation.get('workerId')}: {problem}")
    answers, size = agree_on_size(answers, problems)
    ignored_boxes = [reason for answer in answers for reason in answer.ignored]
    for reason in problems + ignored_boxes:
        print(f"object {item['datasetObjectId']}: ignored: {reason}")
    if not answers:
        return None

    workers = len({answer.worker for answer in answers})
    annotations, objects, class_map = [], [], {}
    boxes = [box for answer in answers for box in answer.boxes]
    for group in group_boxes(boxes):
        if len(group) >= min(VOTES_NEEDED, workers):
            annotation = merge(group, labels)
            annotations.append(annotation)
            objects.append({"confidence": round(len(group) / workers, 4)})
            class_map[str(annotation["class_id"])] = labels[annotation["class_id"]]
    return {
        "annotations": annotations,
        # Training and serving read every image as three channels, and an answer does not say how many it has.
        "image_size": [{"width": size[0], "height": size[1], "depth": 3}],
        "objects": objects,
        "class-map": class_map,
        "consensus": {
            "workers": workers,
            "ignored_answers": len(problems),
            "ignored_boxes": len(ignored_boxes),
        },
    }


def parse_answer(annotation: dict, labels: Sequence[str], read: Callable[[str], bytes]) -> Answer:
    """Read one worker's answer. Raises ValueError when none of it can be used."""
    data = annotation["annotationData"]
    text = data["content"] if "content" in data else read(data["s3Uri"])
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise ValueError(f"the answer is not JSON: {problem}") from problem
    # The key is the name that the template's author gave to the element, so any will do.
    fields = content.values() if isinstance(content, dict) else ()
    drawing = next((field for field in fields if isinstance(field, dict) and "boundingBoxes" in field), None)
    if drawing is None or not isinstance(drawing["boundingBoxes"], list):
        raise ValueError("the answer holds no list named boundingBoxes")
    size = drawing.get("inputImageProperties")
    width, height = (size.get("width"), size.get("height")) if isinstance(size, dict) else (None, None)
    if not all(type(side) is int and side > 0 for side in (width, height)):
        raise ValueError(f"inputImageProperties {size} give no width and height in pixels")
    boxes, ignored = [], []
    for box in drawing["boundingBoxes"]:
        try:
            boxes.append(parse_box(box, labels, width, height, annotation["workerId"]))
        except ValueError as problem:
            ignored.append(f"worker {annotation['workerId']}: box {json.dumps(box)[:200]}: {problem}")
    return Answer(annotation["workerId"], (width, height), boxes, ignored)


def parse_box(box: dict, labels: Sequence[str], width: int, height: int, worker: str) -> Drawn:
    """One box of an answer, cut to the image. Raises ValueError when it is none."""
    if not isinstance(box, dict):
        raise ValueError("not an object with left, top, width, height and label")
    if box.get("label") not in labels:
        raise ValueError(f"the label is none of {list(labels)}")
    numbers = [box.get(name) for name in ("left", "top", "width", "height")]
    if not all(type(number) in (int, float) and abs(number) < 1e9 for number in numbers):
        raise ValueError("left, top, width and height must be numbers")
    left, top = max(numbers[0], 0), max(numbers[1], 0)
    right, bottom = min(numbers[0] + numbers[2], width), min(numbers[1] + numbers[3], height)
    if right - left < 1 or bottom - top < 1:
        raise ValueError(f"less than one pixel of it lies inside the image of {width} x {height}")
    return Drawn(left, top, right, bottom, box["label"], worker)


def agree_on_size(answers: list[Answer], problems: list[str]) -> tuple[list[Answer], tuple[int, int]]:
    """Keep the answers about the image size that most workers saw: other pixels cannot be compared."""
    if not answers:
        return [], (0, 0)
    sizes = Counter(answer.size for answer in answers)
    size = max(sizes, key=lambda size: (sizes[size], size))
    for answer in answers:
        if answer.size != size:
            problems.append(f"worker {answer.worker}: saw an image of {answer.size}, most saw {size}")
    return [answer for answer in answers if answer.size == size], size


def group_boxes(boxes: list[Drawn]) -> list[list[Drawn]]:
    """Group boxes of the same object: the box with the most support takes each other worker's best match."""
    boxes = sorted(boxes)
    matches = matching_boxes(boxes)
    free = set(range(len(boxes)))

    def support(index: int) -> tuple[float, int]:
        return sum(overlap for other, overlap in matches[index].items() if other in free), -index

    groups = []
    while free:
        seed = max(free, key=support)
        best = {boxes[seed].worker: seed}
        for other in sorted(matches[seed], key=matches[seed].get, reverse=True):
            if other in free:
                best.setdefault(boxes[other].worker, other)
        free.difference_update(best.values())
        groups.append([boxes[index] for index in sorted(best.values())])
    return sorted(groups)


def matching_boxes(boxes: list[Drawn]) -> list[dict[int, float]]:
    """For each of the sorted boxes: the other workers' boxes of the same object, with their overlap."""
    matches: list[dict[int, float]] = [{} for _ in boxes]
    for index, box in enumerate(boxes):
        for other in range(index + 1, len(boxes)):
            if boxes[other].left >= box.right:
                break  # sorted by the left edge: none further on can touch this one
            overlap = intersection_over_union(box, boxes[other])
            if overlap >= SAME_OBJECT and boxes[other].worker != box.worker:
                matches[index][other] = matches[other][index] = overlap
    return matches


def intersection_over_union(one: Drawn, other: Drawn) -> float:
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    areas = [(box.right - box.left) * (box.bottom - box.top) for box in (one, other)]
    return both / (sum(areas) - both)


def merge(group: list[Drawn], labels: Sequence[str]) -> dict:
    """The annotation of one object; of labels with equally many votes the first in the label list wins."""
    left, top, right, bottom = (math.floor(median(edge) + 0.5) for edge in list(zip(*group, strict=True))[:4])
    votes = Counter(box.label for box in group)
    class_id = min(range(len(labels)), key=lambda index: -votes[labels[index]])
    return {
        "class_id": class_id,
        "left": left,
        "top": top,
        "width": right - left,
        "height": bottom - top,
    }


def label_names(job_arn: str) -> list[str]:
    """The label names of a job, in the order of its label configuration, which defines the class ids."""
    region, job_name = job_arn.split(":")[3], job_arn.rpartition("/")[2]
    job = boto3.client("sagemaker", region_name=region).describe_labeling_job(LabelingJobName=job_name)
    uri = job.get("LabelCategoryConfigS3Uri")
    if not uri:
        raise ValueError(f"labeling job {job_name} has no LabelCategoryConfigS3Uri: its classes are unknown")
    return [entry["label"] for entry in json.loads(read_object(uri, region))["labels"]]


def read_object(uri: str, region: str) -> bytes:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return boto3.client("s3", region_name=region).get_object(Bucket=bucket, Key=key)["Body"].read()
