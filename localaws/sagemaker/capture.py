"""Data capture: what endpoints are asked and what they answer, kept in S3 as AWS keeps it."""

import base64
import json
import logging
import random
import threading
import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

from localaws.api import Clients
from localaws.sagemaker.preconditions import split_uri

INTERVAL = 2  # seconds between two files of one variant; AWS takes some minutes
MOST_WAITING = 64 << 20  # bytes that wait to be written; what comes then is not captured, as on a busy AWS

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Message:
    """A request or an answer."""

    content_type: str
    body: bytes


@dataclass(frozen=True)
class Event:
    config: dict  # DataCaptureConfig
    endpoint: str
    variant: str
    request: Message
    answer: Message
    inference_id: str | None
    moment: datetime

    @property
    def size(self) -> int:
        return len(self.request.body) + len(self.answer.body)

    @property
    def folder(self) -> str:
        """The URI of the folder of its hour."""
        prefix = self.config["DestinationS3Uri"].rstrip("/")
        return f"{prefix}/{self.endpoint}/{self.variant}/{self.moment:%Y/%m/%d/%H}/"

    def line(self) -> bytes:
        modes = {option["CaptureMode"] for option in self.config["CaptureOptions"]}
        data = {}
        if modes & {"Input", "InputAndOutput"}:
            data["endpointInput"] = captured(self.request, "INPUT", self.config)
        if modes & {"Output", "InputAndOutput"}:
            data["endpointOutput"] = captured(self.answer, "OUTPUT", self.config)
        facts = {"eventId": str(uuid.uuid4()), "inferenceTime": f"{self.moment:%Y-%m-%dT%H:%M:%SZ}"}
        facts |= {"inferenceId": self.inference_id} if self.inference_id else {}
        return json.dumps({"captureData": data, "eventMetadata": facts, "eventVersion": "0"}).encode() + b"\n"


def captured(message: Message, mode: str, config: dict) -> dict:
    """Text stays text for the content types that CaptureContentTypeHeader names; all else becomes base64."""
    kind = message.content_type.partition(";")[0].strip().lower()
    headers = config.get("CaptureContentTypeHeader", {})
    encoding, data = "BASE64", None
    for name, types in (("CSV", "CsvContentTypes"), ("JSON", "JsonContentTypes")):
        if kind in (known.lower() for known in headers.get(types, ())):
            encoding, data = name, message.body.decode(errors="replace")
    if data is None:
        data = base64.b64encode(message.body).decode()
    return {"observedContentType": message.content_type, "mode": mode, "data": data, "encoding": encoding}


class Capture:
    """Requests only leave their bytes here: a thread of its own writes them, so S3 holds none of them up."""

    def __init__(self, clients: Clients):
        self.clients = clients
        self._waiting: list[Event] = []
        self._size = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What waits is written: the server goes on serving S3 for so long."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def note(
        self,
        config: dict | None,
        endpoint: str,
        variant: str,
        request: Message,
        answer: Message,
        inference_id: str | None,
    ) -> None:
        if not config or random.random() * 100 >= config["InitialSamplingPercentage"]:
            return
        event = Event(config, endpoint, variant, request, answer, inference_id, datetime.now(UTC))
        with self._lock:
            if self._size + event.size > MOST_WAITING:
                logger.warning("endpoint %s: a request is not captured, too many wait for S3", endpoint)
                return
            self._waiting.append(event)
            self._size += event.size

    def _run(self) -> None:
        while not self._stopping.wait(INTERVAL):
            self._write()
        self._write()

    def _write(self) -> None:
        with self._lock:
            events, self._waiting, self._size = self._waiting, [], 0
        folders: dict[str, list[Event]] = defaultdict(list)
        for event in events:
            folders[event.folder].append(event)
        for folder, together in folders.items():
            try:
                bucket, prefix = split_uri(folder, "DestinationS3Uri")
                first = together[0].moment
                name = f"{first:%M-%S}-{first.microsecond // 1000:03}-{uuid.uuid4()}.jsonl"
                body = b"".join(event.line() for event in together)
                self.clients.client("s3").put_object(Bucket=bucket, Key=prefix + name, Body=body)
            except Exception:  # the bucket is gone, say
                logger.exception("%d captured requests are lost: %s", len(together), folder)


def enabled(config: dict | None) -> dict | None:
    """The DataCaptureConfig where it captures anything; it does unless it says otherwise."""
    return config if config and config.get("EnableCapture", True) else None


def summary(config: dict | None) -> dict | None:
    """As DescribeEndpoint shows it."""
    if not config:
        return None
    return {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": config["InitialSamplingPercentage"],
        "DestinationS3Uri": config["DestinationS3Uri"],
    }
