"""Labels that are boxes, as Ground Truth's manifests hold them.

https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html#sms-output-box
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from vision.boxes import Box
from vision.provenance import Provenance, known_label, read_parts, read_provenance, write_provenance

OVERHANG = 1  # pixels by which rounding may carry a box over the edge of the image


@dataclass(frozen=True)
class LabeledImage(Provenance):
    """An image and the boxes that people (or a model, when not ``human``) drew; no boxes mean: nothing there.

    ``width``, ``height``, ``depth`` are those of the stored image, the boxes' scores the labels' confidence.
    ``image_class`` is what the image as a whole shows, where a truth knows it; manifests of boxes do not.
    The rest is that of every label: see vision.provenance.ImageLabel.
    """

    uri: str
    width: int
    height: int
    depth: int
    boxes: tuple[Box, ...]
    image_class: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(box.label for box in self.boxes)

    @property
    def scores(self) -> tuple[float, ...]:
        return tuple(box.score for box in self.boxes if box.score is not None)


class BoxLabels:
    noun = "boxes"

    def read(self, line: dict, attribute: str, labels: Sequence[str]) -> LabeledImage:
        """A box is known by the label name that the line's class map gives to its class id; the map may be in
        the metadata (built-in tasks) or in the label itself (custom ones). Raises ValueError.
        """
        label, metadata = read_parts(line, attribute)
        if not isinstance(label, dict):
            raise ValueError(f"{attribute} and {attribute}-metadata must be JSON objects")
        width, height, depth = read_image_size(label)
        annotations = label.get("annotations")
        objects = metadata.get("objects", label.get("objects"))
        if not isinstance(annotations, list):
            raise ValueError(f"{attribute} has no list of annotations")
        if objects is None:
            objects = [{} for _ in annotations]
        if not isinstance(objects, list) or len(objects) != len(annotations):
            raise ValueError(f"{len(annotations)} annotations but objects are {json.dumps(objects)[:100]}")
        class_map = metadata.get("class-map", label.get("class-map", {}))
        boxes = tuple(
            _box(annotation, confidence, class_map, labels, width, height)
            for annotation, confidence in zip(annotations, objects, strict=True)
        )
        provenance = read_provenance(metadata, label)
        return LabeledImage(line["source-ref"], width, height, depth, boxes, line=line, **provenance)

    def write(self, image: LabeledImage, attribute: str, labels: Sequence[str]) -> dict:
        """AWS's output shape, class ids from the order of ``labels``. Raises ValueError."""
        unknown = sorted({box.label for box in image.boxes} - set(labels))
        if unknown:
            raise ValueError(f"{image.uri}: labels {unknown} are none of {list(labels)}")
        class_ids = [labels.index(box.label) for box in image.boxes]
        metadata = {
            "objects": [{} if box.score is None else {"confidence": box.score} for box in image.boxes],
            "class-map": {str(class_id): labels[class_id] for class_id in sorted(set(class_ids))},
        }
        return {
            "source-ref": image.uri,
            attribute: {
                "image_size": [{"width": image.width, "height": image.height, "depth": image.depth}],
                "annotations": [
                    {"class_id": class_id} | _whole_pixels(box, image)
                    for class_id, box in zip(class_ids, image.boxes, strict=True)
                ],
            },
            f"{attribute}-metadata": metadata | write_provenance(image, "groundtruth/object-detection"),
        }


def read_image_size(label: dict) -> tuple[int, int, int]:
    try:
        ((size),) = label["image_size"]
        sides = size["width"], size["height"], size.get("depth", 3)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise ValueError(
            f"image_size is no list of one width and height: {label.get('image_size')}"
        ) from problem
    if not all(type(side) is int and side > 0 for side in sides):
        raise ValueError(f"image_size must be whole pixels: {label['image_size']}")
    return sides


def _whole_pixels(box: Box, image: LabeledImage) -> dict[str, int]:
    left, top = min(round(box.left), image.width - 1), min(round(box.top), image.height - 1)
    right, bottom = max(round(box.right), left + 1), max(round(box.bottom), top + 1)
    return {"left": left, "top": top, "width": right - left, "height": bottom - top}


def _box(annotation, confidence, class_map, labels, width: int, height: int) -> Box:
    try:
        class_id = annotation["class_id"]
        sides = [annotation[name] for name in ("left", "top", "width", "height")]
        score = confidence.get("confidence")
        name = class_map.get(str(class_id))
    except (KeyError, TypeError, AttributeError) as problem:
        text = json.dumps(annotation)[:200]
        raise ValueError(f"annotation {text} needs class_id, left, top, width and height") from problem
    if name is None:
        raise ValueError(f"class {class_id} has no name in the class-map {class_map}")
    known_label(name, labels)
    if not all(type(number) in (int, float) for number in (*sides, score or 0)):
        raise ValueError(f"the {name} box {annotation} and its confidence {score} must be numbers")
    left, top, right, bottom = sides[0], sides[1], sides[0] + sides[2], sides[1] + sides[3]
    if min(left, top) < -OVERHANG or right > width + OVERHANG or bottom > height + OVERHANG:
        raise ValueError(f"the {name} box {annotation} is not inside the image of {width} x {height}")
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    if right <= left or bottom <= top:
        raise ValueError(f"the {name} box {annotation} has no area")
    return Box(name, left, top, right - left, bottom - top, score)
