"""What a simulated worker answers to a task of the portal, by the element that it is answered with."""

from collections.abc import Callable

from demo.noise import Noise, chance_at, draw_boxes, seen_label, skill_of
from demo.painting import mask_answer, paint, shown_mask
from demo.reviewing import (
    BAD,
    GOOD,
    adjust_boxes,
    adjust_mask,
    box_of,
    faults_of_boxes,
    faults_of_mask,
    judge,
)
from vision.manifest import LabeledImage

Read = Callable[[str], bytes]  # the object at an S3 URI


def answer(task: dict, worker: str, image: LabeledImage, noise: Noise, read: Read) -> dict:
    """The value of the task's element, as a browser would send it.

    ``image`` is the truth. A task that shows an earlier label has it in its input as ``initialValue``, which
    is judged or corrected. Raises ValueError for a task that this crowd cannot do, or a truth that does not
    tell what is asked.
    """
    tag = task["element"]["tag"]
    if tag not in ANSWERS:
        raise ValueError(f"job {task['job']} asks for {tag}; this crowd answers {', '.join(ANSWERS)}")
    return ANSWERS[tag](task, worker, image, noise, read)


def boxes(task: dict, worker: str, image: LabeledImage, noise: Noise, read: Read) -> dict:
    size = {"inputImageProperties": {"height": image.height, "width": image.width}}
    shown = task["input"].get("initialValue")
    if shown is None:
        return {"boundingBoxes": draw_boxes(worker, image, task["labels"], noise), **size}
    drawn, modified = adjust_boxes(worker, image, task["labels"], noise, shown)
    return {"boundingBoxes": drawn, **size, "initialValueModified": modified}


def masks(task: dict, worker: str, image: LabeledImage, noise: Noise, read: Read) -> dict:
    labels, shown = task["labels"], task["input"].get("initialValue")
    if shown is None:
        return mask_answer(paint(worker, image, labels, noise), labels)
    before = shown_mask(read(shown["src"]), shown["labelMappings"], labels)
    mask, modified = adjust_mask(worker, image, labels, noise, before)
    return mask_answer(mask, labels) | {"initialValueModified": modified}


def classes(task: dict, worker: str, image: LabeledImage, noise: Noise, read: Read) -> dict:
    shown = task["input"].get("initialValue")
    if shown is not None:
        return verdict(task, worker, image, noise, read, shown)
    if image.image_class not in task["labels"]:
        raise ValueError(
            f"job {task['job']} asks for one of {task['labels']}, but the truth of {image.uri} is "
            f"{image.image_class!r}: in a COCO file the class of an image is an annotation without a bbox"
        )
    wrong = noise.wrong_labels * skill_of(worker, noise)
    return {"label": seen_label(chance_at(worker, image), image.image_class, task["labels"], wrong)}


def verdict(
    task: dict, worker: str, image: LabeledImage, noise: Noise, read: Read, shown: list | dict
) -> dict:
    if not {GOOD, BAD} <= set(task["labels"]):
        raise ValueError(f"job {task['job']} asks for one of {task['labels']}; this crowd says good or bad")
    if isinstance(shown, list):
        return judge(worker, image, faults_of_boxes([box_of(each) for each in shown], image), noise)
    labels = sorted({box.label for box in image.boxes} | set(shown["labelMappings"]))
    mask = shown_mask(read(shown["src"]), shown["labelMappings"], labels)
    return judge(worker, image, faults_of_mask(mask, image, labels), noise)


ANSWERS = {
    "crowd-bounding-box": boxes,
    "crowd-semantic-segmentation": masks,
    "crowd-classifier": classes,
    "crowd-image-classifier": classes,
}
