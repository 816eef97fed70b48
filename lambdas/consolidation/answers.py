"""What the workers answered about one object, whatever they answered with."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar

# The field of an element's value that tells what it is; an answer with several elements is of the first kind.
KINDS = {"boundingBoxes": "boxes", "labeledImage": "masks", "label": "classes"}


class Answer(NamedTuple):
    """One worker's value of a crowd element."""

    worker: str
    kind: str
    value: dict


@dataclass
class Ignored:
    """Why answers, or parts of answers that are used otherwise, were left out: a sentence for each."""

    answers: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)


class Sized(Protocol):
    worker: str
    size: tuple[int, int]


T = TypeVar("T", bound=Sized)


def read_answers(
    annotations: Sequence[dict], read: Callable[[str], bytes] | None, ignored: Ignored
) -> tuple[str | None, list[Answer]]:
    """The kind of the task and its answers; ``read`` fetches those that are kept apart in S3."""
    answers = []
    for annotation in annotations:
        try:
            answers.append(read_answer(annotation, read))
        except ValueError as problem:
            ignored.answers.append(f"worker {annotation.get('workerId')}: {problem}")
    if not answers:
        return None, []
    votes = Counter(answer.kind for answer in answers)
    kind = max(KINDS.values(), key=lambda kind: votes[kind])
    for answer in answers:
        if answer.kind != kind:
            ignored.answers.append(f"worker {answer.worker}: answered with {answer.kind}, most with {kind}")
    return kind, [answer for answer in answers if answer.kind == kind]


def read_answer(annotation: dict, read: Callable[[str], bytes] | None) -> Answer:
    """Raises ValueError for what is no answer of a kind that is known here."""
    data = annotation["annotationData"]
    text = data["content"] if "content" in data else read(data["s3Uri"])
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise ValueError(f"the answer is not JSON: {problem}") from problem
    # The key is the name that the template's author gave to the element, so any will do.
    values = (
        [value for value in content.values() if isinstance(value, dict)] if isinstance(content, dict) else []
    )
    for mark, kind in KINDS.items():
        for value in values:
            if mark in value:
                return Answer(annotation["workerId"], kind, value)
    raise ValueError(f"the answer holds none of {', '.join(KINDS)}")


def image_size(value: dict) -> tuple[int, int]:
    """Width and height of the image that the worker saw, in pixels. Raises ValueError."""
    size = value.get("inputImageProperties")
    width, height = (size.get("width"), size.get("height")) if isinstance(size, dict) else (None, None)
    if not all(type(side) is int and side > 0 for side in (width, height)):
        raise ValueError(f"inputImageProperties {size} give no width and height in pixels")
    return width, height


def agree_on_size(answers: list[T], ignored: Ignored) -> list[T]:
    """Keep the answers about the image size that most workers saw: other pixels cannot be compared."""
    if not answers:
        return []
    sizes = Counter(answer.size for answer in answers)
    size = max(sizes, key=lambda size: (sizes[size], size))
    for answer in answers:
        if answer.size != size:
            ignored.answers.append(f"worker {answer.worker}: saw an image of {answer.size}, most saw {size}")
    return [answer for answer in answers if answer.size == size]


def once_per_worker(answers: Sequence[Answer], ignored: Ignored) -> list[Answer]:
    """One vote each: a worker who contradicts himself has none, one who repeats himself has one."""
    kept = []
    for worker in dict.fromkeys(answer.worker for answer in answers):
        first, *further = (answer for answer in answers if answer.worker == worker)
        if any(answer.value != first.value for answer in further):
            reason = f"worker {worker}: gave {len(further) + 1} different answers"
            ignored.answers += [reason] * (len(further) + 1)
        else:
            ignored.answers += [f"worker {worker}: gave the same answer again"] * len(further)
            kept.append(first)
    return kept


def adjustment_status(modified: Sequence[bool | None]) -> dict:
    """``adjustment-status`` where workers started from an earlier label, else nothing.

    ``modified`` is ``initialValueModified`` of each answer. One worker's change makes the label adjusted.
    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-verify-manifest.html
    """
    told = [value for value in modified if isinstance(value, bool)]
    return {"adjustment-status": "adjusted" if any(told) else "unadjusted"} if told else {}


def image_size_entry(size: tuple[int, int]) -> list[dict]:
    """``image_size`` of a label. Training and serving read every image as three channels, and an answer does
    not say how many it has."""
    return [{"width": size[0], "height": size[1], "depth": 3}]
