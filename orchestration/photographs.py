"""Labelled photographs as the start of a loop: its settings, its images in S3, its truth for the crowd."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

import yaml

from orchestration.home import Home
from orchestration.loop import DEFAULT_LOOP, load_loop
from resources.loop import Loop
from resources.object_store import ObjectStore
from vision.exchange import Dataset, write_coco


def loop_of(dataset: Dataset, home: Home) -> tuple[Loop, Path]:
    """The demo's loop with this data set's name and labels, and the file under ``loops`` that holds it."""
    name = re.sub(r"[^a-z0-9]+", "_", dataset.name.lower()).strip("_")[:32] or "photographs"
    if not name[0].isalpha():
        name = f"loop_{name}"[:32]
    settings = yaml.safe_load(DEFAULT_LOOP.read_text())
    settings |= {
        "name": name,
        "bucket": f"labelloop-{name.replace('_', '-')}",
        "labels": dataset.labels,
        "label_attribute": "boxes",
    }
    settings["labeling"] |= {
        "title": f"Draw boxes: {dataset.name}"[:128],
        "description": f"Draw a box around each {', '.join(dataset.labels)}"[:255],
        "instructions": "Draw a tight box around every object of the listed labels, however small.",
    }
    home.loops.mkdir(parents=True, exist_ok=True)
    file = home.loops / f"{name}.yaml"
    file.write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True))
    return load_loop(file), file


def write_truth(dataset: Dataset, home: Home, loop: Loop) -> Path:
    """The data set's boxes as the COCO file that the simulated crowd answers from."""
    home.photographs.mkdir(parents=True, exist_ok=True)
    file = home.photographs / f"{loop.name}.json"
    write_coco(file, dataset.labels, {path: dataset.truth[path.name] for path in dataset.images})
    return file


def upload(images: Iterable[Path], loop: Loop, objects: ObjectStore) -> Iterable[Path]:
    """Put the images under the loop's prefix, those that are not there already; yields each when it is."""
    objects.ensure_bucket(loop.bucket)
    present = {found.key: found.etag for found in objects.list(loop.images_uri)}
    for path in images:
        body = path.read_bytes()
        if present.get(f"{loop.images}{path.name}") != hashlib.md5(body).hexdigest():
            content_type = "image/png" if path.suffix.lower() == ".png" else "image/jpeg"
            objects.write(f"{loop.images_uri}{path.name}", body, content_type)
        yield path
