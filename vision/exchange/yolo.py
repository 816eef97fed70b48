"""YOLO folders as Ultralytics has them: ``data.yaml``, ``images`` and ``labels/*.txt``.

A line is ``class x y width height``: the box's centre and sides as fractions of the image's.
https://docs.ultralytics.com/datasets/detect/
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from vision.boxes import Box
from vision.exchange.dataset import Dataset, DatasetProblem, image_size, usable
from vision.manifest import LabeledImage

DIGITS = 6  # of a pixel: what the fractions lose is far less, so whole pixels stay whole


def read_yolo(folder: Path) -> Dataset:
    """Labels are in the order of their class ids. An image with an empty file shows nothing; one without a
    file is a problem. Raises DatasetProblem.
    """
    folder = Path(folder)
    labels = _names(folder / "data.yaml")
    images, truth, problems = [], {}, []
    for path in sorted((folder / "images").glob("*")):
        try:
            width, height, depth = image_size(path)
            lines = (folder / "labels" / f"{path.stem}.txt").read_text().splitlines()
            boxes = [_box(line, labels, width, height) for line in lines if line.strip()]
        except (OSError, ValueError) as problem:
            problems.append(f"{path.name}: {problem}")
            continue
        images.append(path)
        boxes = usable(boxes, width, height, path.name, problems)
        truth[path.name] = LabeledImage(path.name, width, height, depth, boxes)
    return Dataset(folder.resolve().name, labels, images, truth, problems)


def write_yolo(folder: Path, labels: Sequence[str], images: Mapping[Path, LabeledImage]) -> None:
    """Write the annotations of images that are in ``folder``/images, with different stems."""
    (folder / "labels").mkdir(parents=True, exist_ok=True)
    for path, image in images.items():
        lines = [_line(box, labels, image.width, image.height) for box in image.boxes]
        (folder / "labels" / f"{path.stem}.txt").write_text("".join(f"{line}\n" for line in lines))
    settings = {"path": ".", "train": "images", "val": "images", "names": dict(enumerate(labels))}
    (folder / "data.yaml").write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True))


def _names(file: Path) -> list[str]:
    try:
        names = yaml.safe_load(file.read_text())["names"]
        names = names if isinstance(names, list) else [names[number] for number in range(len(names))]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as problem:
        raise DatasetProblem(
            f"{file.parent} is no YOLO folder: data.yaml has no names: {type(problem).__name__}: {problem}"
        ) from problem
    return [str(name) for name in names]


def _line(box: Box, labels: Sequence[str], width: int, height: int) -> str:
    centre = (box.left + box.width / 2) / width, (box.top + box.height / 2) / height
    sides = box.width / width, box.height / height
    return " ".join(map(str, (labels.index(box.label), *centre, *sides)))


def _box(line: str, labels: Sequence[str], image_width: int, image_height: int) -> Box:
    try:
        number, x, y, width, height = line.split()
        label = dict(enumerate(labels))[int(number)]
        x, width = float(x) * image_width, float(width) * image_width
        y, height = float(y) * image_height, float(height) * image_height
    except (ValueError, KeyError) as problem:
        raise ValueError(
            f"{line!r} is no line of class (0 to {len(labels) - 1}), x, y, width and height"
        ) from problem
    sides = (round(side, DIGITS) for side in (x - width / 2, y - height / 2, width, height))
    return Box(label, *sides)
