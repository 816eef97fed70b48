"""Images that are labeled already as a batch of a loop: `labelloop import`."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from rich.console import Console

from assets.imported import imported_key, open_imported
from orchestration.headless import HeadlessLoop
from orchestration.home import Home
from orchestration.jobs import COLLECT_LABELS
from orchestration.loop import LoopError, load_loop
from orchestration.partitions import batches_of
from orchestration.photographs import upload
from orchestration.preview import aws_of
from resources.aws import Aws
from resources.loop import Loop
from resources.object_store import ObjectStore
from vision.exchange import Dataset


def import_dataset(home_folder: Path, loop_file: Path | None, *, dataset: Dataset, console: Console) -> None:
    """Upload the images and have the loop accept their labels. Raises LoopError, dg.Failure."""
    home = Home(home_folder.absolute())
    loop = load_loop(loop_file or home.last_loop())
    for problem in dataset.problems:
        console.print(f"left out: {problem}", style="yellow", markup=False, soft_wrap=True)
    with aws_of(home) as started:
        open_instance = home.dagster_instance if started else home.running_dagster_instance
        with open_instance() as instance:
            batch = import_batch(loop, ObjectStore(aws=Aws(region=loop.region)), instance, dataset)
    console.print(f"{len(dataset.images)} images with their labels: {batch} of {loop.name}", soft_wrap=True)


def import_batch(loop: Loop, store: ObjectStore, instance: dg.DagsterInstance, dataset: Dataset) -> str:
    """From files to `labels`; returns the batch. What an earlier import finished is not done again."""
    require_fitting(loop, dataset)
    store.ensure_bucket(loop.bucket)
    etags = {path: hashlib.md5(path.read_bytes()).hexdigest() for path in dataset.images}
    require_unlike(loop, store, etags)
    uris = {path: f"{loop.images_uri}{path.name}" for path in dataset.images}
    images = [replace(dataset.truth[path.name], uri=uri) for path, uri in uris.items()]
    members = [{"uri": uri, "etag": etags[path]} for path, uri in uris.items()]
    batch = imported_key(loop, members, images)
    # Sensors see a batch without partition, and images without batch, as work for the workers.
    instance.add_dynamic_partitions(batches_of(loop).name, [batch])
    created = datetime.now(UTC).replace(tzinfo=None).isoformat()
    open_imported(store, loop, batch, members, images, source=dataset.name, created=created)
    for _ in upload(dataset.images, loop, store):
        pass
    headless = HeadlessLoop(loop, instance, store)
    headless.materialize("raw_images")
    headless.run_batch(COLLECT_LABELS, batch)
    headless.materialize("labels")
    return batch


def require_fitting(loop: Loop, dataset: Dataset) -> None:
    """Raises LoopError for a loop that has no boxes of its own, and for labels that it does not know."""
    if loop.label_form != "bounding_box" or loop.review:
        what = f"a review by {loop.review.kind}" if loop.review else f"a loop of {loop.task}"
        raise LoopError(f"{loop.name}: only boxes can be imported, and this is {what}")
    if not dataset.images:
        raise LoopError(f"{dataset.name} has no image with labels that can be used")
    found = {box.label for path in dataset.images for box in dataset.truth[path.name].boxes}
    if unknown := sorted(found - set(loop.labels)):
        raise LoopError(
            f"{dataset.name} has the labels {', '.join(unknown)}, which are none of the loop's: "
            f"{', '.join(loop.labels)}. Add them at the end of `labels` in the file of {loop.name}"
        )


def require_unlike(loop: Loop, store: ObjectStore, etags: Mapping[Path, str]) -> None:
    """Raises LoopError if an image would take the place of another one of the same name."""
    present = {found.key: found.etag for found in store.list(loop.images_uri)}
    for path, etag in etags.items():
        if present.get(f"{loop.images}{path.name}", etag) != etag:
            raise LoopError(
                f"there is another image {loop.images_uri}{path.name} already: rename {path} and its labels"
            )
