"""What it costs to add ten images to a loop that has 1,000, 10,000 and 100,000: requests to S3, and seconds.

    .venv/bin/python -m benchmarks.incremental --images 1000 10000 100000

The images are real small PNG files, all of them indexed, labeled in batches of 1,000 and split. Every request
is counted at the stand-in, from its own log; "processor" are the seconds that this process computed. 100,000
images take some minutes, most of them before the count.
"""

import argparse
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import dagster as dg
from rich.console import Console
from rich.table import Table

from assets.batches import read_members
from benchmarks.many_images import label, picture, put_images, write_history
from orchestration.definitions import build_definitions
from orchestration.loop import DEFAULT_LOOP, load_loop
from orchestration.partitions import batches_of
from orchestration.stand_in import running_stand_in
from resources.loop import Loop
from resources.object_store import ObjectStore

ADDED = 10
SPLITS = ("train_split", "validation_split", "test_split")
REQUEST = re.compile(r'"(GET|PUT|HEAD|POST|DELETE) (\S+) HTTP')


class Requests:
    """The stand-in's log of requests, from one look to the next."""

    def __init__(self, file: Path, loop: Loop):
        self.file = file
        self.loop = loop
        self.read = 0
        self.since()

    def since(self) -> Counter:
        """What was asked since the last look, by kind; reads of images are counted apart."""
        with open(self.file) as log:
            log.seek(self.read)
            found = Counter(self.kind(*match) for match in REQUEST.findall(log.read()))
            self.read = log.tell()
        return found

    def kind(self, method: str, address: str) -> str:
        if "list-type=2" in address:
            return "listings"
        if method == "GET" and address.startswith(f"/{self.loop.bucket}/{self.loop.images}"):
            return "images read"
        return {"GET": "reads", "PUT": "writes", "HEAD": "looks"}.get(method, "others")


class Costs:
    """Takes the steps of a loop that has many images one by one, and notes what each of them costs."""

    def __init__(self, loop: Loop, instance: dg.DagsterInstance, requests: Path):
        self.loop = loop
        self.instance = instance
        self.definitions = build_definitions(loop)
        self.store: ObjectStore = self.definitions.resources["store"]
        self.cursors: dict[str, str | None] = {}
        self.requests = Requests(requests, loop)

    def measure(self, work: Callable[[], object]) -> dict[str, float]:
        self.requests.since()
        began, spent = time.monotonic(), time.process_time()
        work()
        seconds = {"seconds": time.monotonic() - began, "processor": time.process_time() - spent}
        return seconds | self.requests.since()

    def steps(self) -> dict[str, dict[str, float]]:
        """Once more all that is there, then ten images more: on their way from the upload to the splits."""
        self.materialize("raw_images", "labels", *SPLITS)
        for sensor in ("uploads", "uploads", "new_images"):
            self.tick(sensor)
        nothing_new = {
            "uploads, nothing new": self.measure(lambda: self.tick("uploads")),
            "new_images, nothing new": self.measure(lambda: self.tick("new_images")),
            "raw_images, nothing new": self.measure(lambda: self.materialize("raw_images")),
            "labels, nothing new": self.measure(lambda: self.materialize("labels")),
            "splits, nothing new": self.measure(lambda: self.materialize(*SPLITS)),
        }
        for number in range(ADDED):
            self.store.write(f"{self.loop.images_uri}new-{number}.png", picture(10**9 + number))
        begun = {
            "uploads": self.measure(lambda: self.tick("uploads")),
            "raw_images": self.measure(lambda: self.materialize("raw_images")),
            "new_images": self.measure(self.open_batch),
            "labeling_input": self.measure(lambda: self.materialize("labeling_input", batch=self.batch)),
        }
        label(self.store, self.loop, self.batch, read_members(self.store, self.loop, self.batch))
        return (
            nothing_new
            | begun
            | {
                "labels": self.measure(lambda: self.materialize("labels")),
                "splits": self.measure(lambda: self.materialize(*SPLITS)),
            }
        )

    def materialize(self, *names: str, batch: str | None = None) -> None:
        self.definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=self.instance,
            asset_selection=[dg.AssetKey([self.loop.name, name]) for name in names],
            partition_key=batch,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )

    def tick(self, name: str) -> dg.SensorResult | dg.SkipReason:
        with dg.build_sensor_context(
            self.instance, cursor=self.cursors.get(name), resources={"store": self.store}
        ) as context:
            decision = self.definitions.resolve_sensor_def(name)(context)
        if isinstance(decision, dg.SensorResult):
            self.cursors[name] = decision.cursor
            for request in decision.dynamic_partitions_requests or ():
                self.instance.add_dynamic_partitions(batches_of(self.loop).name, list(request.partition_keys))
        return decision

    def open_batch(self) -> None:
        [self.batch] = [request.partition_key for request in self.tick("new_images").run_requests]


def measure(
    number: int, instance: dg.DagsterInstance, folder: Path, **changes
) -> dict[str, dict[str, float]]:
    """The costs in a stand-in of its own that has so many images, in ``folder``."""
    named = {"name": f"images_{number}", "bucket": f"incremental-{number}"} | changes
    loop = load_loop(DEFAULT_LOOP).model_copy(update=named)
    rows, log = put_images(folder / "stand-in", loop, number), folder / "requests.log"
    with mock.patch.dict("os.environ"), running_stand_in(folder / "stand-in", "--request-log", str(log)):
        costs = Costs(loop, instance, log)
        write_history(costs.store, loop, rows)
        return costs.steps()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, nargs="+", default=[1_000, 10_000], help="rows of the index")
    for number in parser.parse_args().images:
        with tempfile.TemporaryDirectory() as folder, dg.DagsterInstance.ephemeral() as instance:
            show(number, measure(number, instance, Path(folder)))


def show(number: int, steps: dict[str, dict[str, float]]) -> None:
    columns = ["images read", "reads", "looks", "writes", "listings", "others"]
    table = Table("step", *columns, "seconds", "processor", title=f"{ADDED} images more than {number:,}")
    for step, costs in steps.items():
        times = (f"{costs[name]:.2f}" for name in ("seconds", "processor"))
        table.add_row(step, *(str(costs.get(name, 0)) for name in columns), *times)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
