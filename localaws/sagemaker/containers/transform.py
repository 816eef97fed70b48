"""The runner of one transform job: ``python -m localaws.sagemaker.containers.transform FOLDER``.

Starts the model, sends it every object, and stores each answer as <name>.out. An object that fails does not
keep the others from being done, but fails the job.
"""

import gzip
import http.client
import os
import shutil
import sys
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

from localaws.sagemaker.containers.bucket import Bucket, relative_name
from localaws.sagemaker.containers.channels import read_manifest
from localaws.sagemaker.containers.orders import Orders
from localaws.sagemaker.containers.patience import Cancelled, JobError, OutOfReach
from localaws.sagemaker.containers.program import run
from localaws.sagemaker.containers.serving import STARTUP, ModelServer
from localaws.sagemaker.folders import JobFolder
from localaws.sagemaker.invocations import Answer, ask

GRACE = 3  # seconds between SIGTERM and SIGKILL for the model's server
BETWEEN_RETRIES = 0.5  # seconds
MEGABYTE = 1024 * 1024


class Transform:
    """``work`` is CreateTransformJob's request with ``model``: see ModelServer."""

    def __init__(self, folder: JobFolder):
        self.folder = folder
        self.work = folder.work
        self.orders = Orders(folder)
        self.bucket = Bucket(cancelled=self.orders.given)
        self.server = ModelServer(folder, self.work["model"], self.bucket)
        self.input, self.output = self.work["TransformInput"], self.work["TransformOutput"]
        self.threads = self.work.get("MaxConcurrentTransforms") or 1
        self.payload = self.work.get("MaxPayloadInMB", 6)
        client = self.work.get("ModelClientConfig", {})
        self.timeout = client.get("InvocationsTimeoutInSeconds", 600)
        self.retries = client.get("InvocationsMaxRetries", 3)

    def run(self) -> dict:
        try:
            verdict = self._transform()
        except Cancelled:
            verdict = {"status": "Stopped" if self.orders.take() == "stop" else "Interrupted"}
        except OutOfReach as problem:
            verdict = {"status": "Interrupted", "reason": str(problem)}
        except JobError as problem:
            verdict = {"status": "Failed", "reason": str(problem)}
        finally:
            if self.server.container.process:
                self.server.container.stop(GRACE)
        shutil.rmtree(self.folder.container, ignore_errors=True)
        return verdict

    def _transform(self) -> dict:
        self.folder.note("Transforming", "Downloading the model and the list of objects")
        objects = list(self._objects())
        if not objects:
            raise JobError(f"ClientError: No S3 objects found under {self._source['S3Uri']}")
        self.server.start(self._environment)
        try:
            self.server.wait_until_healthy(STARTUP, self.orders.given.is_set)
        except JobError as problem:
            raise JobError(f"AlgorithmError: the model's server is not healthy: {problem}") from problem
        problems = list(self._send_all(objects))
        if not problems:
            return {"status": "Completed"}
        reason = f"ClientError: {len(problems)} of {len(objects)} objects failed: {problems[0]}"
        return {"status": "Failed", "reason": f"{reason}. See job logs for more information"}

    @property
    def _source(self) -> dict:
        return self.input["DataSource"]["S3DataSource"]

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(self.payload),
            "SAGEMAKER_BATCH_STRATEGY": self.work.get("BatchStrategy", "MultiRecord"),
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(self.threads),
            "SAGEMAKER_MODEL_SERVER_WORKERS": str(min(self.threads, os.cpu_count() or 1)),
        } | self.work.get("Environment", {})

    def _objects(self) -> Iterator[tuple[str, str]]:
        """(uri, name of its answer without .out)."""
        uri = self._source["S3Uri"]
        if self._source["S3DataType"] == "ManifestFile":
            return read_manifest(self.bucket.read(uri), uri)
        return ((found, relative_name(found, uri)) for found in self.bucket.keys(uri))

    def _send_all(self, objects: list[tuple[str, str]]) -> Iterator[str]:
        """What went wrong, one text for each object that failed. Raises Cancelled."""
        remaining, running = iter(objects), set()
        with ThreadPoolExecutor(self.threads) as pool:
            while True:
                for uri, name in remaining:
                    running.add(pool.submit(self._send, uri, name))
                    if len(running) >= 2 * self.threads:
                        break
                if not running:
                    return
                done, running = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
                if self.orders.given.is_set():
                    self.server.container.stop(grace=0)  # ends what is under way, too
                    raise Cancelled
                for future in done:
                    if problem := future.result():
                        self.server.container.say(problem)
                        yield problem

    def _send(self, uri: str, name: str) -> str | None:
        """What went wrong; None when the answer is stored."""
        if self.orders.given.is_set():
            raise Cancelled
        try:
            body = self.bucket.read(uri)
            if self.input.get("CompressionType") == "Gzip":
                body = gzip.decompress(body)
            answers = [self._invoke(part) for part in self._batches(body)]
            ending = b"\n" if self.output.get("AssembleWith") == "Line" else b""
            whole = b"".join(answer.body.removesuffix(ending) + ending for answer in answers)
            target = f"{self.output['S3OutputPath'].rstrip('/')}/{name}.out"
            self.bucket.write(target, whole, answers[0].headers.get("content-type") if answers else None)
        except OutOfReach:
            raise
        except JobError as problem:
            return f"{uri}: {str(problem).removeprefix('ClientError: ').removeprefix(f'{uri}: ')}"
        except (gzip.BadGzipFile, EOFError) as problem:
            return f"{uri}: CompressionType is Gzip, but the object is not: {problem}"
        return None

    def _batches(self, body: bytes) -> Iterator[bytes]:
        """What is sent at once: the object, a line, or as many lines as MaxPayloadInMB holds."""
        limit = self.payload * MEGABYTE if self.payload else sys.maxsize
        single = self.work.get("BatchStrategy") == "SingleRecord"
        lines = body.splitlines(keepends=True) if self.input.get("SplitType") == "Line" else [body]
        batch = b""
        for number, line in enumerate(lines, start=1):
            if len(line) > limit:
                what = f"line {number}" if len(lines) > 1 else "the object"
                raise JobError(
                    f"ClientError: {what} has {len(line)} bytes, over MaxPayloadInMB = {self.payload}"
                )
            if batch and (single or len(batch) + len(line) > limit):
                yield batch
                batch = b""
            batch += line
        yield batch

    def _invoke(self, body: bytes) -> Answer:
        headers = {"Content-Type": self.input.get("ContentType", "application/octet-stream")}
        if accept := self.output.get("Accept"):
            headers["Accept"] = accept
        for attempt in range(self.retries + 1):
            if self.orders.given.is_set():
                raise Cancelled
            if attempt:
                time.sleep(BETWEEN_RETRIES)
            try:
                answer = ask(self.server.port, "POST", "/invocations", body, headers, self.timeout)
            except (OSError, http.client.HTTPException) as problem:
                reason = f"no answer from the model: {type(problem).__name__}: {problem}"
                continue
            if answer.status == 200:
                return answer
            text = answer.body.decode(errors="replace")[:300]
            reason = f"Bad HTTP status received from algorithm: {answer.status}: {text}"
            if answer.status < 500:
                break
        raise JobError(f"ClientError: {reason}")


if __name__ == "__main__":
    run(lambda folder: Transform(folder).run())
