"""Input channels: which objects belong to one, and how they lie under /opt/ml/input/data."""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from localaws.sagemaker.containers.bucket import Bucket, relative_name, within
from localaws.sagemaker.containers.patience import JobError

Fetch = Callable[[], bytes]


@dataclass(frozen=True)
class Channel:
    """One entry of InputDataConfig; ``mode`` is File or Pipe (FastFile shows the same files as File)."""

    name: str
    mode: str
    kind: str  # S3Prefix, ManifestFile, AugmentedManifestFile
    uri: str
    attributes: tuple[str, ...] = ()
    record_io: bool = False
    compressed: bool = False
    content_type: str | None = None
    distribution: str = "FullyReplicated"
    seed: int | None = None

    @classmethod
    def from_request(cls, channel: dict, job_mode: str) -> "Channel":
        source = channel["DataSource"]["S3DataSource"]
        return cls(
            name=channel["ChannelName"],
            mode=channel.get("InputMode") or job_mode,
            kind=source["S3DataType"],
            uri=source["S3Uri"],
            attributes=tuple(source.get("AttributeNames", ())),
            record_io=channel.get("RecordWrapperType") == "RecordIO",
            compressed=channel.get("CompressionType") == "Gzip",
            content_type=channel.get("ContentType"),
            distribution=source.get("S3DataDistributionType", "FullyReplicated"),
            seed=channel.get("ShuffleConfig", {}).get("Seed"),
        )

    @property
    def config(self) -> dict:
        """The channel's entry in inputdataconfig.json."""
        config = {
            "TrainingInputMode": self.mode,
            "S3DistributionType": self.distribution,
            "RecordWrapperType": "RecordIO" if self.record_io else "None",
        }
        return config | ({"ContentType": self.content_type} if self.content_type else {})


class Content:
    """What is in a channel, read from S3 once: the names of its objects, or its manifest's lines."""

    def __init__(self, channel: Channel, bucket: Bucket):
        self.channel = channel
        self.bucket = bucket
        self.lines: list[tuple[int, dict]] = []
        self.objects: list[tuple[str, str]] = []  # (uri, name under the channel's folder)
        if channel.kind == "AugmentedManifestFile":
            self.lines = list(read_augmented_manifest(bucket.read(channel.uri), channel))
        elif channel.kind == "ManifestFile":
            self.objects = list(read_manifest(bucket.read(channel.uri), channel.uri))
        else:
            self.objects = [(uri, relative_name(uri, channel.uri)) for uri in bucket.keys(channel.uri)]
        if not self.lines and not self.objects:
            raise JobError(
                f"ClientError: the channel {channel.name} is empty: nothing found at {channel.uri}"
            )

    def download(self, folder: Path) -> None:
        for uri, name in self.objects:
            self.bucket.download(uri, within(folder, name))

    def records(self, epoch: int) -> Iterator[Fetch]:
        """What one epoch streams, in order, each payload fetched when called."""
        order = list(range(len(self.lines or self.objects)))
        if self.channel.seed is not None:
            Random(f"{self.channel.seed}/{epoch}").shuffle(order)
        for index in order:
            if self.lines:
                number, line = self.lines[index]
                for attribute in self.channel.attributes:
                    yield lambda number=number, name=attribute, value=line[attribute]: self._value(
                        number, name, value
                    )
            else:
                yield lambda uri=self.objects[index][0]: self._object(uri)

    def _object(self, uri: str) -> bytes:
        body = self.bucket.read(uri)
        return gzip.decompress(body) if self.channel.compressed else body

    def _value(self, number: int, attribute: str, value: object) -> bytes:
        """The object that a -ref attribute names; of any other attribute the JSON text."""
        if not attribute.endswith("-ref"):
            return json.dumps(value).encode()
        try:
            return self.bucket.read(value)
        except JobError as problem:
            reason = str(problem).removeprefix("ClientError: ")
            where = f"line {number} of {self.channel.uri}: {attribute}"
            raise JobError(f"ClientError: Data download failed: {where}: {reason}") from problem


def read_augmented_manifest(body: bytes, channel: Channel) -> Iterator[tuple[int, dict]]:
    """(line number, line) of each line, which must be a JSON object with all of the channel's attributes."""
    for number, text in enumerate(body.splitlines(), start=1):
        if not text.strip():
            continue
        where = f"ClientError: line {number} of {channel.uri}"
        try:
            line = json.loads(text)
        except ValueError as problem:
            raise JobError(f"{where} is not JSON: {problem}") from None
        if not isinstance(line, dict):
            raise JobError(f"{where} is not a JSON object: {text[:80]!r}")
        for attribute in channel.attributes:
            if attribute not in line:
                raise JobError(
                    f"{where} has no attribute {attribute!r}, which channel {channel.name} asks for"
                )
            if attribute.endswith("-ref") and not isinstance(line[attribute], str):
                raise JobError(f"{where}: {attribute} is {line[attribute]!r}; it must be an S3 URI")
        yield number, line


def read_manifest(body: bytes, uri: str) -> Iterator[tuple[str, str]]:
    """(uri, name) of each object of ``[{"prefix": "s3://b/folder/"}, "a.jpg", ...]``."""
    try:
        prefix, *names = json.loads(body)
        start = prefix["prefix"]
    except (ValueError, TypeError, KeyError) as problem:
        raise JobError(
            f'ClientError: {uri} is no manifest, [{{"prefix": "s3://bucket/folder/"}}, "name", ...]'
        ) from problem
    for name in names:
        if not isinstance(name, str):
            raise JobError(f"ClientError: {uri}: {name!r} is not the name of an object")
        yield start + name, name
