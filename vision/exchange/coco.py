"""COCO files.

They are also what the simulated crowd answers from, whatever it is asked: an annotation's ``bbox`` is a box,
the polygons of its ``segmentation`` are the object's outline, and an annotation without either says what the
image as a whole shows.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from vision.boxes import Box, Polygon
from vision.exchange.dataset import Dataset, DatasetProblem, usable
from vision.manifest import LabeledImage


def read_coco(file: Path, images: Path | None = None) -> Dataset:
    """Read a COCO instances file and find its images in ``images`` or beside the file. Raises DatasetProblem.

    Labels are in the order of the category ids.
    """
    labels, truth, problems = read_coco_truth(file)
    folder = Path(images) if images else Path(file).parent
    paths, found = [], {}
    for name, image in truth.items():
        candidates = (folder / image.uri, folder / name, folder / "images" / name)
        path = next((path for path in candidates if path.is_file()), None)
        if path:
            paths.append(path)
            found[name] = image
        else:
            problems.append(f"{image.uri}: no such image in {folder}")
    return Dataset(Path(file).stem, labels, paths, found, problems)


def read_coco_truth(file: Path) -> tuple[list[str], dict[str, LabeledImage], list[str]]:
    """Labels, truth by file name and problems of a COCO file, without its images. Raises DatasetProblem.

    The ``uri`` of an image is its ``file_name``, folders included. Labels are the categories of objects;
    those that only classify whole images are not among them.
    """
    try:
        content = json.loads(Path(file).read_text())
        categories = {entry["id"]: entry["name"] for entry in content["categories"]}
        boxes_of: dict[int, list[Box]] = {entry["id"]: [] for entry in content["images"]}
        class_of: dict[int, str] = {}
        problems, truth = [], {}
        for annotation in content["annotations"]:
            label, image_id = categories[annotation["category_id"]], annotation["image_id"]
            if annotation.get("iscrowd"):
                problems.append(f"annotation {annotation['id']}: a region of many objects is no box")
            elif "bbox" in annotation:
                outline = _outline(annotation, problems)
                boxes_of[image_id].append(Box(label, *annotation["bbox"], outline=outline))
            elif image_id in class_of:
                problems.append(f"annotation {annotation['id']}: a second class of image {image_id}")
            else:
                class_of[image_id] = label
        for entry in content["images"]:
            uri, width, height = entry["file_name"], entry["width"], entry["height"]
            name = Path(uri).name
            if name in truth:
                raise DatasetProblem(f"{file}: {uri} and {truth[name].uri} have the same file name")
            boxes = usable(boxes_of[entry["id"]], width, height, uri, problems)
            image_class = class_of.get(entry["id"])
            truth[name] = LabeledImage(uri, width, height, 3, boxes, image_class=image_class)
    except DatasetProblem:
        raise
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise DatasetProblem(
            f"{file} is no COCO instances file: {type(problem).__name__}: {problem}"
        ) from problem
    classes = {categories[each["category_id"]] for each in content["annotations"] if "bbox" not in each}
    only_classes = classes - {box.label for boxes in boxes_of.values() for box in boxes}
    labels = [categories[key] for key in sorted(categories)]
    return [label for label in labels if label not in only_classes], truth, problems


def write_coco(file: Path, labels: Sequence[str], images: Mapping[Path, LabeledImage]) -> None:
    """Write the truth of images as COCO instances; the file appears whole or not at all.

    The classes of whole images get categories after those of ``labels``.
    """
    classes = {image.image_class for image in images.values()} - {None, *labels}
    labels = [*labels, *sorted(classes)]
    entries, annotations = [], []
    for image_id, (path, image) in enumerate(images.items(), start=1):
        name = Path(os.path.relpath(path, file.parent)).as_posix()
        entries.append({"id": image_id, "file_name": name, "width": image.width, "height": image.height})
        for box in image.boxes:
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": labels.index(box.label) + 1,
                    "bbox": [box.left, box.top, box.width, box.height],
                    "segmentation": [[side for point in ring for side in point] for ring in box.outline],
                    "area": box.area,
                    "iscrowd": 0,
                }
            )
        if image.image_class:
            category = labels.index(image.image_class) + 1
            annotations.append({"id": len(annotations) + 1, "image_id": image_id, "category_id": category})
    categories = [{"id": number, "name": label} for number, label in enumerate(labels, start=1)]
    content = {"images": entries, "annotations": annotations, "categories": categories}
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(content))
    partial.replace(file)


def _outline(annotation: dict, problems: list[str]) -> tuple[Polygon, ...]:
    """The polygons of an annotation; none for a shape that is written otherwise, which becomes a problem."""
    polygons = annotation.get("segmentation") or []
    if not isinstance(polygons, list):
        problems.append(
            f"annotation {annotation['id']}: its mask is run-length coded: only polygons are read"
        )
        return ()
    if any(len(polygon) < 6 or len(polygon) % 2 for polygon in polygons):
        problems.append(f"annotation {annotation['id']}: a polygon needs three or more corners x, y")
        return ()
    return tuple(tuple(zip(polygon[::2], polygon[1::2], strict=True)) for polygon in polygons)
