"""Trainings by the detector's own programs, as a job runs them: folders for channels, a process, a model."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from random import Random

from demo.photographs import make_photographs
from vision.evaluation import evaluate
from vision.exchange import Dataset, read_coco, read_voc
from vision.manifest import LabeledImage, augmented_manifest
from vision.masks import draw_mask, mean_overlap, overlaps, write_mask
from vision.predictions import parse_prediction

DETECTOR = Path(__file__).resolve().parents[1] / "detector"
EPOCH = re.compile(r"^epoch=(\d+);", re.MULTILINE)
BCCD = Path(
    os.environ.get("LABELLOOP_BCCD") or Path(__file__).resolve().parents[2] / "shared" / "data" / "bccd"
)


class NotThere(Exception):
    """What is to be measured is not on this machine; the message says how to get it."""


@dataclass(frozen=True)
class Data:
    """Photographs in three parts, by name: all choices are made by ``validation``, none by ``test``."""

    labels: list[str]
    paths: dict[str, Path]
    truth: dict[str, LabeledImage]
    train: list[str]
    validation: list[str]
    test: list[str]
    masks: bool = False


@dataclass(frozen=True)
class Trained:
    model: Path
    epochs: int
    seconds: float  # with reading the images and writing the model


def read_bccd(folder: Path, validation: float = 0.15) -> Data:
    """BCCD with its own test split; a part of its trainval is set aside for validation. Raises NotThere."""
    lists = folder / "ImageSets" / "Main"
    if not (lists / "test.txt").is_file():
        raise NotThere(
            f"there is no BCCD data set in {folder}: take the folder BCCD of "
            "https://github.com/Shenggan/BCCD_Dataset, and name it with --bccd or LABELLOOP_BCCD"
        )
    dataset = read_voc(folder)
    names = {path.stem: path.name for path in dataset.images}
    trainval, test = (
        [names[stem] for stem in (lists / f"{part}.txt").read_text().split() if stem in names]
        for part in ("trainval", "test")
    )
    return split(dataset, trainval, test, round(validation * len(trainval)))


def read_packs(folder: Path, photographs: int, *, masks: bool = False) -> Data:
    """The demo's photographs of packs: as many as are said to learn from, a third as many to measure by."""
    test = max(photographs // 3, 2)
    dataset = read_coco(make_photographs(folder, photographs + test, seed=1))
    names = sorted(path.name for path in dataset.images)[: photographs + test]  # there may be more already
    return split(dataset, names[test:], names[:test], max(round(0.15 * photographs), 2), masks=masks)


def split(
    dataset: Dataset, others: Sequence[str], test: Sequence[str], validation: int, *, masks: bool = False
) -> Data:
    shuffled = Random("validation").sample(sorted(others), len(others))
    paths = {path.name: path for path in dataset.images}
    return Data(
        dataset.labels,
        paths,
        dataset.truth,
        shuffled[validation:],
        shuffled[:validation],
        sorted(test),
        masks=masks,
    )


def train(data: Data, names: Sequence[str], folder: Path, *options: str) -> Trained:
    """One run of the training program on the images ``names``; ``folder`` is new. Raises RuntimeError."""
    folder.mkdir(parents=True)
    program = DETECTOR / ("train_masks.py" if data.masks else "train.py")
    channels = {"train": names, "validation": data.validation}
    for channel, members in channels.items():
        write_channel(folder / channel, data, members)
    given = [part for channel in channels for part in (f"--{channel}", str(folder / channel))]
    model = folder / "model"
    command = [sys.executable, str(program), *given, "--classes", json.dumps(data.labels), *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SM_")}
    began = time.perf_counter()
    done = subprocess.run(
        [*command, "--model-dir", str(model)],
        cwd=DETECTOR,
        env=environment | {"SAGEMAKER_BASE_DIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{program.name} ended with status {done.returncode}:\n{done.stdout[-3000:]}")
    course = done.stdout.partition("written:")[0]
    epochs = [int(number) for number in EPOCH.findall(course)]
    return Trained(model, max(epochs, default=0), time.perf_counter() - began)


def write_channel(folder: Path, data: Data, names: Sequence[str]) -> None:
    """Links to the images, and the manifest that the training programs read by hand."""
    folder.mkdir()
    for name in names:
        (folder / name).symlink_to(data.paths[name].absolute())
    if data.masks:
        body = b"".join(_masked_line(folder, data, name) for name in names)
    else:
        body = augmented_manifest([data.truth[name] for name in names], "boxes", data.labels)
    (folder / "output.manifest").write_bytes(body)


def _masked_line(folder: Path, data: Data, name: str) -> bytes:
    mask = Path(name).with_suffix(".png").name
    (folder / mask).write_bytes(write_mask(true_mask(data, name), len(data.labels)))
    return json.dumps({"source-ref": name, "masks-ref": mask}).encode() + b"\n"


def true_mask(data: Data, name: str):
    image = data.truth[name]
    return draw_mask(image.boxes, data.labels, (image.width, image.height))


def score(data: Data, model: Path) -> dict[str, float]:
    """Of the written model on the test images, by the code that serves it."""
    if str(DETECTOR) not in sys.path:
        sys.path.insert(0, str(DETECTOR))
    return _score_masks(data, model) if data.masks else _score_boxes(data, model)


def _score_boxes(data: Data, model: Path) -> dict[str, float]:
    serve = import_module("serve")
    loaded, found = serve.model_fn(str(model)), {}
    for name in data.test:
        prediction = serve.predict_fn(serve.open_picture(data.paths[name].read_bytes()), loaded)
        body, image = json.dumps({"prediction": prediction}).encode(), data.truth[name]
        found[name] = parse_prediction(body, data.labels, image.width, image.height)
    measured = evaluate({name: data.truth[name] for name in data.test}, found, data.labels)
    return {"AP50": measured.map_50, "AP[.5:.95]": measured.map_50_95}


def _score_masks(data: Data, model: Path) -> dict[str, float]:
    serving = import_module("mask_serving")
    loaded = serving.model_fn(str(model))
    pairs = [
        (
            true_mask(data, name),
            serving.predict_fn(serving.input_fn(data.paths[name].read_bytes(), "image/jpeg"), loaded),
        )
        for name in data.test
    ]
    labels = overlaps(pairs, data.labels)
    # One more, so that the background is a label, too.
    everything = overlaps(((true + 1, found + 1) for true, found in pairs), ["background", *data.labels])
    return {"mIoU": mean_overlap(everything), "mIoU of the labels": mean_overlap(labels)}
