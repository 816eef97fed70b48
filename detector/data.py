"""Reads what a channel holds, decoded once into memory: the pictures at the network's size, and their boxes.

A channel is what SageMaker makes of an augmented manifest: a FIFO of RecordIO pairs (image, label) in Pipe
mode. For runs by hand it may be a folder that holds an augmented manifest (``*.manifest`` or ``*.jsonl``) and
its images.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
from records import read_records
from serve import open_picture, read_picture


class DataProblem(ValueError):
    """A record that cannot be trained on; the message names it."""


@dataclass(frozen=True)
class Example:
    name: str
    pixels: np.ndarray  # (height, width, 3) RGB, the longer side is the network's size
    boxes: np.ndarray  # (n, 4) float32: left, top, right, bottom in these pixels
    classes: np.ndarray  # (n,) int64


def read_channel(channel: Path, image_size: int, classes: Sequence[str]) -> list[Example]:
    """Read a whole channel: the folder ``channel``, or the FIFO that SageMaker names ``channel`` + ``_0``.

    Raises DataProblem, naming the record, for what cannot be decoded or does not fit its label.
    """
    return read_examples(channel_pairs(channel, _manifest_pairs), image_size, classes)


def channel_pairs(
    channel: Path, folder_pairs: Callable[[Path], Iterator[tuple[str, bytes, bytes | str]]]
) -> Iterator[tuple[str, bytes, bytes | str]]:
    """(name, image, label) of a whole channel; ``folder_pairs`` reads one that is a folder."""
    pipe = channel.with_name(channel.name + "_0")
    if channel.is_dir():
        return folder_pairs(channel)
    if pipe.exists():
        return _pipe_pairs(pipe, channel.name)
    raise DataProblem(f"channel {channel.name}: there is neither a folder {channel} nor a pipe {pipe}")


def read_examples(
    pairs: Iterable[tuple[str, bytes, bytes | str]], image_size: int, classes: Sequence[str]
) -> list[Example]:
    """Decode (name, image, label as JSON) one after the other."""
    return [_example(name, image, label, image_size, len(classes)) for name, image, label in pairs]


def _pipe_pairs(pipe: Path, channel: str) -> Iterator[tuple[str, bytes, bytes]]:
    with open(pipe, "rb") as stream:
        records = read_records(stream)
        for number in count(1):
            name = f"channel {channel}, pair {number}"
            try:
                image, label = next(records, None), next(records, None)
            except ValueError as error:
                raise DataProblem(f"{name}: {error}") from error
            if image is None:
                return
            if label is None:
                raise DataProblem(f"{name}: the image has no label record")
            yield name, image, label


def _manifest_pairs(folder: Path) -> Iterator[tuple[str, bytes, str]]:
    for name, line in manifest_lines(folder):
        attributes = [key for key, value in line.items() if _is_label(value)]
        if len(attributes) != 1:
            found = ", ".join(attributes) or "none"
            raise DataProblem(f"{name}: expected one attribute with annotations, found {found}")
        image = file_of(folder, name, str(line.get("source-ref")))
        yield f"{name} ({image.name})", image.read_bytes(), json.dumps(line[attributes[0]])


def manifest_lines(folder: Path) -> Iterator[tuple[str, dict]]:
    """The lines of a folder's one augmented manifest, each with a name for error messages."""
    manifests = sorted([*folder.glob("*.manifest"), *folder.glob("*.jsonl")])
    if len(manifests) != 1:
        raise DataProblem(f"{folder}: expected one *.manifest or *.jsonl file, found {len(manifests)}")
    for number, text in enumerate(manifests[0].read_text().splitlines(), start=1):
        name = f"{manifests[0].name} line {number}"
        try:
            line = json.loads(text)
        except ValueError as error:
            raise DataProblem(f"{name}: not JSON: {error}") from error
        if not isinstance(line, dict):
            raise DataProblem(f"{name}: expected a JSON object, found {text[:40]!r}")
        yield name, line


def class_names(folder: Path) -> list[str]:
    """The labels of a manifest in class-id order, from the class maps of its lines."""
    names: dict[int, str] = {}
    for name, line in manifest_lines(folder):
        for value in line.values():
            for key, label in (value.get("class-map") or {}).items() if isinstance(value, dict) else ():
                if names.setdefault(int(key), label) != label:
                    raise DataProblem(f"{name}: class {key} is {label!r} here and {names[int(key)]!r} before")
    if not names or sorted(names) != list(range(len(names))):
        raise DataProblem(f"{folder}: the class maps name {names or 'no classes'}: pass --classes")
    return [names[index] for index in range(len(names))]


def _is_label(value) -> bool:
    return isinstance(value, dict) and "annotations" in value


def file_of(folder: Path, name: str, source: str) -> Path:
    """The file whose path ends the source's path: s3://bucket/a/b.jpg is a/b.jpg or b.jpg."""
    parts = [part for part in source.split("/") if part not in ("", ".", "..")]
    for start in range(len(parts)):
        path = folder.joinpath(*parts[start:])
        if path.is_file():
            return path
    raise DataProblem(f"{name}: no file in {folder} for source-ref {source!r}")


def _example(name: str, image: bytes, label: bytes | str, image_size: int, classes: int) -> Example:
    try:
        picture = open_picture(image)
        width, height = picture.size
        pixels = read_picture(picture, image_size)
        boxes, labels = _boxes(json.loads(label), width, height, classes)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"no {error} in the label" if isinstance(error, KeyError) else error
        raise DataProblem(f"{name}: {reason}") from error
    scale = np.float32([pixels.shape[1] / width, pixels.shape[0] / height] * 2)
    return Example(name, pixels, boxes * scale, labels)


def _boxes(label: dict, width: int, height: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Corners (n, 4) in pixels of the stored image, cut at its border, and class ids (n)."""
    for size in label.get("image_size", [])[:1]:
        if (size["width"], size["height"]) != (width, height):
            raise ValueError(
                f"labeled at {size['width']}x{size['height']}, but the image is {width}x{height}"
            )
    corners, labels = [], []
    for number, box in enumerate(label["annotations"], start=1):
        if box["class_id"] not in range(classes):
            raise ValueError(
                f"box {number} has class_id {box['class_id']}; there are {classes} classes, from 0"
            )
        left, top = max(box["left"], 0), max(box["top"], 0)
        right, bottom = min(box["left"] + box["width"], width), min(box["top"] + box["height"], height)
        if right <= left or bottom <= top:
            raise ValueError(f"box {number} has no area inside the {width}x{height} image: {box}")
        corners.append([left, top, right, bottom])
        labels.append(box["class_id"])
    return np.array(corners, np.float32).reshape(-1, 4), np.array(labels, np.int64)
