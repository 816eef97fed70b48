"""JPEG bytes in, boxes out: the stand-in's endpoint and transform job beside bare onnxruntime on the same.

    python -m benchmarks.endpoint --requests 100000

The floor is the model's own code in a loop: decoding, onnxruntime on one thread, selection of boxes; for
throughput it runs in as many processes as there are cores. Floor and endpoint take turns, request by request
with one client, and in rounds with several, so that both meet the same machine. The one client is boto3's.
Several share the cores with what they ask, so they do as little as clients can: their requests are signed
beforehand. Memory is that of the endpoint's own processes (proportional set size), before and after the
requests of several clients. The transform job counts from its start to its end, in which the model is loaded,
too.
"""

import argparse
import http.client
import io
import json
import multiprocessing
import statistics
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count, cycle
from pathlib import Path
from urllib.parse import urlsplit

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from rich.console import Console
from rich.table import Table

from benchmarks.trainings import DETECTOR, read_packs, train
from orchestration.machine import cores, machine
from orchestration.stand_in import running_stand_in

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312"
NAME = "benchmark"
ROUNDS = 6  # of the floor and the endpoint, in turn: short ones, as the machine's pace may change
TYPE = "image/jpeg"


@dataclass(frozen=True)
class Row:
    """``value`` and ``floor`` in ``unit``; the ratio must not be above, or not below, ``goal``."""

    what: str
    value: float
    floor: float
    unit: str
    goal: str
    met: bool


def load_floor(model: Path) -> Callable[[bytes], bytes]:
    """The model's own code, as the endpoint runs it, in this process."""
    if str(DETECTOR) not in sys.path:
        sys.path.insert(0, str(DETECTOR))
    import serve

    loaded = serve.model_fn(str(model))
    return lambda body: serve.output_fn(serve.predict_fn(serve.input_fn(body, TYPE), loaded), "*/*")[0]


def rate_for(seconds: float, ask: Callable[[bytes], bytes], bodies: list[bytes]) -> float:
    """Answers per second, one after the other; the last one ends when it ends."""
    began, turns = time.monotonic(), cycle(bodies)
    for done in count(1):
        ask(next(turns))
        if (passed := time.monotonic() - began) >= seconds:
            return done / passed


def floor_throughput(processes: ProcessPoolExecutor, model: Path, seconds: float, bodies: list) -> float:
    """Answers per second of all cores together."""
    work = partial(_floor_for, model, seconds, bodies)
    return sum(processes.map(work, range(cores())))


def _floor_for(model: Path, seconds: float, bodies: list[bytes], number: int) -> float:
    ask = load_floor(model)
    ask(bodies[0])
    return rate_for(seconds, ask, bodies)


class Service:
    """The model behind the stand-in, asked by boto3 with the settings of this process's environment."""

    def __init__(self, model: Path):
        self.s3, self.sagemaker = boto3.client("s3"), boto3.client("sagemaker")
        trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}}
        policy = {"Version": "2012-10-17", "Statement": [trust | {"Action": "sts:AssumeRole"}]}
        role = boto3.client("iam").create_role(RoleName=NAME, AssumeRolePolicyDocument=json.dumps(policy))
        self.s3.create_bucket(Bucket=NAME)
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as tar:
            tar.add(model, arcname=".")
        self.s3.put_object(Bucket=NAME, Key="model.tar.gz", Body=archive.getvalue())
        self.sagemaker.create_model(
            ModelName=NAME,
            PrimaryContainer={"Image": IMAGE, "ModelDataUrl": f"s3://{NAME}/model.tar.gz"},
            ExecutionRoleArn=role["Role"]["Arn"],
        )

    @contextmanager
    def endpoint(self) -> Iterator[None]:
        instance = {"VariantName": "all", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=NAME, ProductionVariants=[instance | {"ModelName": NAME}]
        )
        self.sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName=NAME)
        often = {"Delay": 1, "MaxAttempts": 300}
        self.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=NAME, WaiterConfig=often)
        try:
            yield
        finally:
            self.sagemaker.delete_endpoint(EndpointName=NAME)

    def client(self) -> Callable[[bytes], bytes]:
        runtime = boto3.session.Session().client("sagemaker-runtime")
        return lambda body: runtime.invoke_endpoint(EndpointName=NAME, Body=body, ContentType=TYPE)[
            "Body"
        ].read()

    def lean_clients(self, bodies: list[bytes], number: int) -> list[Callable[[bytes], bytes]]:
        """Clients that ask with signatures made now, which are good for five minutes."""
        session, runtime = boto3.session.Session(), boto3.client("sagemaker-runtime")
        signer = SigV4Auth(session.get_credentials(), "sagemaker", runtime.meta.region_name)
        url = f"{runtime.meta.endpoint_url}/endpoints/{NAME}/invocations"
        headers = {}
        for body in bodies:
            request = AWSRequest("POST", url, {"Content-Type": TYPE}, body)
            signer.add_auth(request)
            headers[body] = dict(request.headers.items())
        return [
            partial(_ask, http.client.HTTPConnection(urlsplit(url).netloc), url, headers)
            for _ in range(number)
        ]

    def transform(self, bodies: list[bytes], images: int) -> float:
        """Images per second of a job, from its start to its end."""
        for number, body in zip(range(images), cycle(bodies), strict=False):
            self.s3.put_object(Bucket=NAME, Key=f"images/{number:06}.jpg", Body=body)
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{NAME}/images/"}}
        self.sagemaker.create_transform_job(
            TransformJobName=NAME,
            ModelName=NAME,
            MaxConcurrentTransforms=4,
            TransformInput={"DataSource": source, "ContentType": TYPE},
            TransformOutput={"S3OutputPath": f"s3://{NAME}/answers"},
            TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        )
        often = {"Delay": 1, "MaxAttempts": 3600}
        waiter = self.sagemaker.get_waiter("transform_job_completed_or_stopped")
        waiter.wait(TransformJobName=NAME, WaiterConfig=often)
        job = self.sagemaker.describe_transform_job(TransformJobName=NAME)
        return images / (job["TransformEndTime"] - job["TransformStartTime"]).total_seconds()


def _ask(connection: http.client.HTTPConnection, url: str, headers: dict[bytes, dict], body: bytes) -> bytes:
    connection.request("POST", urlsplit(url).path, body, headers[body])
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{answer.status}: {content.decode(errors='replace')}")
    return content


def measure_latency(floor: Callable, ask: Callable, bodies: list[bytes], requests: int) -> Row:
    """Medians in milliseconds of the two, asked in turn."""
    times: tuple[list[float], list[float]] = ([], [])
    for _, body in zip(range(requests), cycle(bodies), strict=False):
        for seconds, answer in zip(times, (floor, ask), strict=True):
            began = time.perf_counter()
            answer(body)
            seconds.append(time.perf_counter() - began)
    bare, served = (statistics.median(seconds) * 1000 for seconds in times)
    return Row("endpoint, 1 client, p50", served, bare, "ms", "<= 1.3", served <= 1.3 * bare)


def measure_throughput(
    model: Path, service: Service, bodies: list[bytes], clients: int, seconds: float
) -> Row:
    floors, served = [], []
    asking = service.lean_clients(bodies, clients)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores(), context) as processes, ThreadPoolExecutor(clients) as threads:
        for _ in range(ROUNDS):
            floors.append(floor_throughput(processes, model, seconds, bodies))
            served.append(sum(threads.map(lambda ask: rate_for(seconds, ask, bodies), asking)))
    value, floor = statistics.mean(served), statistics.mean(floors)
    return Row(f"endpoint, {clients} clients", value, floor, "images/s", ">= 0.9", value >= 0.9 * floor)


def measure_memory(service: Service, home: Path, bodies: list[bytes], clients: int, requests: int) -> str:
    before, turns = memory_of_endpoint(home), cycle(bodies)
    asking = [service.client() for _ in range(clients)]

    def ask_share(ask: Callable[[bytes], bytes]) -> None:
        for _ in range(requests // clients):
            ask(next(turns))

    with ThreadPoolExecutor(clients) as threads:
        list(threads.map(ask_share, asking))
    after = memory_of_endpoint(home)
    return f"{before:.1f} MB before and {after:.1f} MB after {requests // clients * clients:,} requests"


def memory_of_endpoint(home: Path) -> float:
    """Megabytes of the processes that serve the model (proportional set size; Linux)."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            if (
                b"inference_toolkit" not in command
                or str(home).encode() not in (process / "environ").read_bytes()
            ):
                continue
            rows = (process / "smaps_rollup").read_text().splitlines()
        except OSError:  # another user's, or gone
            continue
        total += sum(int(row.split()[1]) for row in rows if row.startswith("Pss:"))
    return total / 1024


def show(rows: list[Row], memory: str, console: Console) -> None:
    table = Table("what", "served", "bare onnxruntime", "ratio", "goal", "met")
    for row in rows:
        values = (f"{value:.1f} {row.unit}" for value in (row.value, row.floor))
        met = "yes" if row.met else "NO"
        table.add_row(row.what, *values, f"{row.value / row.floor:.2f}", row.goal, met)
    console.print(table)
    console.print(f"Memory of the endpoint: {memory}", highlight=False)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=1, help="of the model's training")
    parser.add_argument("--photographs", type=int, default=60, help="to train on; a third as many are asked")
    parser.add_argument("--folder", type=Path, help="where they are kept")
    parser.add_argument("--latencies", type=int, default=300, help="requests of one client")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5, help="of each round of several clients")
    parser.add_argument("--requests", type=int, default=10_000, help="between the two looks at memory")
    parser.add_argument("--images", type=int, default=1_000, help="of the transform job")
    return parser.parse_args()


def main() -> None:
    options, console = parse(), Console(width=120)
    console.print(machine(), highlight=False)
    photographs = options.folder or Path(tempfile.gettempdir()) / "labelloop-photographs"
    data = read_packs(photographs, options.photographs)
    bodies = [data.paths[name].read_bytes() for name in data.test]
    with tempfile.TemporaryDirectory() as folder:
        home, minutes = Path(folder, "stand-in"), f"{options.minutes:g}"
        model = train(data, data.train, Path(folder, "training"), "--minutes", minutes).model
        with running_stand_in(home):
            service, floor = Service(model), load_floor(model)
            with service.endpoint():
                ask = service.client()
                if any(json.loads(ask(body)) != json.loads(floor(body)) for body in bodies):
                    sys.exit("benchmarks.endpoint: the endpoint does not answer as the model alone does")
                rows = [measure_latency(floor, ask, bodies, options.latencies)]
                rows.append(measure_throughput(model, service, bodies, options.clients, options.seconds))
                memory = measure_memory(service, home, bodies, options.clients, options.requests)
            speed, bare = service.transform(bodies, options.images), rows[1].floor
    rows.append(
        Row(f"transform, {options.images} images", speed, bare, "images/s", ">= 0.8", speed >= 0.8 * bare)
    )
    show(rows, memory, console)


if __name__ == "__main__":
    main()
