"""What it costs to add ten images to a loop that has 1,000, 10,000 and 100,000: requests to S3, and seconds.

    .venv/bin/python -m benchmarks.incremental --images 1000 10000 100000

The images of the index are small objects that nothing may read again (their rows are there already), all of
them labeled in batches of 1,000. Uploading 100,000 objects to the stand-in takes some minutes.
"""

import argparse
import io
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import dagster as dg
from botocore.awsrequest import AWSPreparedRequest
from botocore.httpsession import URLLib3Session
from PIL import Image
from rich.console import Console
from rich.table import Table

from assets.batches import open_batch, write_left
from assets.records import publish, record_uri
from orchestration.definitions import build_definitions
from orchestration.loop import DEFAULT_LOOP, load_loop
from orchestration.partitions import batches_of
from orchestration.sensors.new_images import new_images_sensor
from orchestration.stand_in import running_stand_in
from resources.loop import Loop
from resources.names import sha256
from resources.object_store import ObjectStore
from vision.boxes import Box
from vision.manifest import LabeledImage, augmented_manifest

ADDED, BATCH = 10, 1_000


class Requests(Counter):
    """HTTP requests of this process to the stand-in, by kind; reads of images are counted apart."""

    @contextmanager
    def counted(self, loop: Loop) -> Iterator[None]:
        send = URLLib3Session.send

        def count(session: URLLib3Session, request: AWSPreparedRequest):
            self[self.kind(request, loop)] += 1
            return send(session, request)

        with mock.patch.object(URLLib3Session, "send", count):
            yield

    def kind(self, request: AWSPreparedRequest, loop: Loop) -> str:
        if "list-type=2" in request.url:
            return "listings"
        if request.method == "GET" and f"{loop.bucket}/{loop.images}" in request.url:
            return "images read"
        return {"GET": "reads", "PUT": "writes"}.get(request.method, "others")


def fill(store: ObjectStore, loop: Loop, number: int) -> None:
    """``number`` images that are uploaded, indexed and labeled."""
    rows = []

    def upload(index: int) -> dict:
        body = f"image {index}".encode()
        uri = store.write(f"{loop.images_uri}old-{index:06}.jpg", body)
        return {"uri": uri, "width": 640, "height": 480, "depth": 3, "format": "JPEG"}

    with ThreadPoolExecutor(max_workers=16) as writers:
        rows = list(writers.map(upload, range(number)))
    etags = {stored.uri: stored.etag for stored in store.list(loop.images_uri)}
    rows = [row | {"etag": etags[row["uri"]], "orientation": 1, "bytes": 12} for row in rows]
    store.write_json(record_uri(loop, "raw_images"), {"images": rows, "rejected": []})
    for start in range(0, number, BATCH):
        label(store, loop, rows[start : start + BATCH])


def label(store: ObjectStore, loop: Loop, rows: Iterable[dict]) -> None:
    members = [{"uri": row["uri"], "etag": row["etag"]} for row in rows]
    batch = open_batch(store, loop, members)
    write_left(store, loop, batch, [])
    box = Box(loop.labels[0], 10, 10, 50, 40, 0.9)
    images = [LabeledImage(row["uri"], 640, 480, 3, (box,), job="job") for row in rows]
    body = augmented_manifest(images, loop.label_attribute, loop.labels)
    record = {
        "manifest": store.write(loop.uri(f"labeled/{batch}.manifest"), body),
        "sha256": sha256(body),
        "job": "job",
        "etags": {row["uri"]: row["etag"] for row in rows},
    }
    publish(store, loop, "labeled_manifest", record, batch=batch, metadata={})


def add_images(store: ObjectStore, loop: Loop) -> None:
    for number in range(ADDED):
        file = io.BytesIO()
        Image.effect_noise((64, 48), number + 1).save(file, "PNG")
        store.write(f"{loop.images_uri}new-{number}.png", file.getvalue())


class Costs:
    """Takes the loop's steps one by one and notes what each of them costs."""

    def __init__(self, loop: Loop):
        self.loop = loop
        self.definitions = build_definitions(loop)
        self.store: ObjectStore = self.definitions.resources["store"]
        self.requests = Requests()

    def measure(self, work: Callable[[], object]) -> dict[str, float]:
        self.requests.clear()
        began = time.monotonic()
        with self.requests.counted(self.loop):
            work()
        return dict(self.requests) | {"seconds": time.monotonic() - began}

    def steps(self, instance: dg.DagsterInstance) -> dict[str, dict[str, float]]:
        return {
            "raw_images, nothing new": self.measure(lambda: self.materialize(instance, "raw_images")),
            f"upload of {ADDED} images": self.measure(lambda: add_images(self.store, self.loop)),
            "raw_images": self.measure(lambda: self.materialize(instance, "raw_images")),
            "sensor new_images": self.measure(lambda: self.open_batch(instance)),
            "labeling_input": self.measure(lambda: self.materialize(instance, "labeling_input")),
            "labels": self.measure(lambda: self.materialize(instance, "labels")),
        }

    def materialize(self, instance: dg.DagsterInstance, name: str) -> None:
        key = dg.AssetKey([self.loop.name, name])
        self.definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance,
            asset_selection=[key],
            partition_key=self.batch if name == "labeling_input" else None,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )

    def open_batch(self, instance: dg.DagsterInstance) -> None:
        with dg.build_sensor_context(instance, resources={"store": self.store}) as context:
            decision = new_images_sensor(self.loop)(context)
        [requests] = decision.dynamic_partitions_requests
        instance.add_dynamic_partitions(batches_of(self.loop).name, list(requests.partition_keys))
        self.batch = decision.run_requests[-1].partition_key


@contextmanager
def stand_in() -> Iterator[None]:
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.dict("os.environ"),
        running_stand_in(Path(folder) / "stand-in"),
    ):
        yield


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, nargs="+", default=[1_000, 10_000], help="rows of the index")
    with stand_in(), dg.DagsterInstance.ephemeral() as instance:
        for number in parser.parse_args().images:
            named = {"name": f"images_{number}", "bucket": f"incremental-{number}"}
            costs = Costs(load_loop(DEFAULT_LOOP).model_copy(update=named))
            costs.store.ensure_bucket(costs.loop.bucket)
            fill(costs.store, costs.loop, number)
            show(number, costs.steps(instance))


def show(number: int, steps: dict[str, dict[str, float]]) -> None:
    columns = ["images read", "reads", "writes", "listings", "others"]
    table = Table("step", *columns, "seconds", title=f"{ADDED} images more than {number:,}")
    for step, costs in steps.items():
        table.add_row(step, *(str(costs.get(name, 0)) for name in columns), f"{costs['seconds']:.2f}")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
