"""The stand-in beside moto's server, both measured in the same run, the same client against each.

    .venv/bin/python -m benchmarks.stand_in --moto moto_server

moto keeps objects in memory and verifies no signature; the stand-in verifies each request and answers a PUT
after fsync. Needs about 3 GB of free disk and memory for the 1 GB download.
"""

import argparse
import contextlib
import json
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from benchmarks.labeling_job import create_large_labeling_job

ROOT = Path(__file__).resolve().parents[1]
OBJECT_SIZE = 100 * 1024


@dataclass(frozen=True)
class Sizes:
    objects: int = 1_000
    keys: int = 10_000  # and objects of the labeling job
    megabytes: int = 1024  # of the download


QUICK = Sizes(20, 100, 8)


@dataclass
class Server:
    process: subprocess.Popen
    endpoint: str
    keys: dict[str, str]
    seconds_to_start: float

    def client(self, service: str):
        config = Config(
            signature_version="s3v4" if service == "s3" else None, s3={"addressing_style": "path"}
        )
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name="us-east-1", config=config, **self.keys
        )

    def resident_megabytes(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


@contextlib.contextmanager
def stand_in(folder: Path) -> Iterator[Server]:
    began = time.monotonic()
    command = [sys.executable, "-m", "localaws", "--home", str(folder / "stand-in"), "--port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    address = json.loads(process.stdout.readline())
    seconds = time.monotonic() - began
    lines = Path(address["credentials_file"]).read_text().splitlines()
    pairs = dict(line.split(" = ") for line in lines if " = " in line)
    keys = {name: pairs[name] for name in ("aws_access_key_id", "aws_secret_access_key")}
    with terminated(process):
        yield Server(process, address["endpoint"], keys, seconds)


@contextlib.contextmanager
def moto(command: str) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.monotonic()
    process = subprocess.Popen(
        [*shlex.split(command), "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    server = Server(process, f"http://127.0.0.1:{port}", keys, 0.0)
    with terminated(process):
        while True:
            try:
                server.client("sts").get_caller_identity()
                break
            except (BotoCoreError, ClientError):
                time.sleep(0.05)
        server.seconds_to_start = time.monotonic() - began
        yield server


@contextlib.contextmanager
def terminated(process: subprocess.Popen) -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def measure_objects(server: Server, sizes: Sizes) -> dict[str, float]:
    s3, body = server.client("s3"), os.urandom(OBJECT_SIZE)
    s3.create_bucket(Bucket="objects")

    def put() -> None:
        for number in range(sizes.objects):
            s3.put_object(Bucket="objects", Key=f"{number:05}", Body=body)

    def get() -> None:
        for number in range(sizes.objects):
            assert len(s3.get_object(Bucket="objects", Key=f"{number:05}")["Body"].read()) == OBJECT_SIZE

    return {f"{what.__name__} {sizes.objects:,} x 100 KB": seconds(what) for what in (put, get)}


def measure_listing(server: Server, sizes: Sizes) -> dict[str, float]:
    s3 = server.client("s3")
    s3.create_bucket(Bucket="keys")
    with ThreadPoolExecutor(8) as pool:
        names = (f"{number:06}" for number in range(sizes.keys))
        list(pool.map(lambda name: s3.put_object(Bucket="keys", Key=name, Body=b"x"), names))

    def listing() -> None:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket="keys")
        assert sum(len(page["Contents"]) for page in pages) == sizes.keys

    return {f"list {sizes.keys:,} keys": seconds(listing)}


def measure_download(server: Server, folder: Path, sizes: Sizes) -> dict[str, float]:
    source = folder / "large"
    if not source.exists():
        with open(source, "wb") as file:
            for _ in range(sizes.megabytes):
                file.write(os.urandom(1 << 20))
    s3 = server.client("s3")
    s3.create_bucket(Bucket="large")
    s3.upload_file(str(source), "large", "model.tar.gz")
    target = folder / "downloaded"
    took = seconds(lambda: s3.download_file("large", "model.tar.gz", str(target)))
    assert target.stat().st_size == sizes.megabytes << 20
    target.unlink()
    return {download(sizes): took}


def download(sizes: Sizes) -> str:
    return f"download {sizes.megabytes:,} MB"


def measure_labeling(server: Server, sizes: Sizes) -> float:
    """Seconds from CreateLabelingJob until all its objects wait for workers."""
    describe = create_large_labeling_job(server.client, sizes.keys)
    began = time.monotonic()
    while True:
        job = describe()
        if job["LabelingJobStatus"] in ("Failed", "Stopped", "Completed"):
            raise SystemExit(
                f"the labeling job ended early: {job.get('FailureReason', job['LabelingJobStatus'])}"
            )
        if job["LabelingJobStatus"] == "InProgress" and job["LabelCounters"]["Unlabeled"] == sizes.keys:
            return time.monotonic() - began
        time.sleep(0.1)


def measure_all(server: Server, folder: Path, sizes: Sizes) -> dict[str, float]:
    return (
        measure_objects(server, sizes)
        | measure_listing(server, sizes)
        | measure_download(server, folder, sizes)
    )


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--moto", default="moto_server", help="command that starts moto's server")
    arguments.add_argument("--quick", action="store_true", help="few and small objects")
    options = arguments.parse_args()
    sizes = QUICK if options.quick else Sizes()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with stand_in(folder) as ours:
            time.sleep(5)
            idle = ours.resident_megabytes()
            figures = measure_all(ours, folder, sizes)
            expansion = measure_labeling(ours, sizes)  # last: the job goes on preparing tasks afterwards
            started = ours.seconds_to_start
        with moto(options.moto) as peer:
            theirs = measure_all(peer, folder, sizes)
            peer_started = peer.seconds_to_start

    table = Table("what", "stand-in", "moto", "moto / stand-in", "goal", "met")
    table.add_row("start", f"{started:.1f} s", f"{peer_started:.1f} s", "", "<= 3 s", verdict(started <= 3))
    table.add_row("idle memory", f"{idle:.0f} MB", "", "", "< 250 MB", verdict(idle < 250))
    goals = {download(sizes): 10.0}
    for what, took in figures.items():
        ratio, goal = theirs[what] / took, goals.get(what, 1.0)
        table.add_row(
            what,
            f"{took:.2f} s",
            f"{theirs[what]:.2f} s",
            f"{ratio:.2f}",
            f">= {goal:g}",
            verdict(ratio >= goal),
        )
    table.add_row(
        f"expand a labeling job of {sizes.keys:,} objects",
        f"{expansion:.1f} s",
        "",
        "",
        "< 30 s",
        verdict(expansion < 30),
    )
    Console().print(table)


def verdict(met: bool) -> str:
    return "yes" if met else "NO"


if __name__ == "__main__":
    main()
