"""What S3 has acknowledged survives kill -9 and a full disk; what it has not leaves no trace."""

import itertools
import os
import resource
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.localaws.buckets import blob_files, new_bucket, refused

WRITERS = 2
ACKNOWLEDGED_BEFORE_KILL = 40


class Writer:
    """Puts, replaces and deletes until its server dies, and remembers what was acknowledged."""

    def __init__(self, stand_in, bucket: str, name: str):
        config = Config(signature_version="s3v4", retries={"total_max_attempts": 1}, read_timeout=30)
        self.s3 = stand_in.client("s3", config=config)
        self.bucket, self.name = bucket, name
        self.acknowledged: dict[str, bytes | None] = {}  # None: deleted
        self.pending: dict[str, bytes | None] = {}  # asked for, perhaps done

    def run(self, enough: threading.Semaphore) -> None:
        with suppress(BotoCoreError, ClientError):
            for number in itertools.count():
                self._write_four(f"{self.name}/{number}", enough)

    def _write_four(self, key: str, enough: threading.Semaphore) -> None:
        large, small = os.urandom(2_500_000), os.urandom(3_000)
        put, parts = f"{key}-put", f"{key}-parts"
        for key, body, call in (
            (put, large, lambda: self.s3.put_object(Bucket=self.bucket, Key=put, Body=large)),
            (parts, small, lambda: self._put_in_parts(parts, small)),
            (put, small, lambda: self.s3.put_object(Bucket=self.bucket, Key=put, Body=small)),
            (parts, None, lambda: self.s3.delete_object(Bucket=self.bucket, Key=parts)),
        ):
            self.pending = {key: body}
            call()
            self.acknowledged[key] = body
            self.pending = {}
            enough.release()

    def _put_in_parts(self, key: str, body: bytes) -> None:
        upload = {"Bucket": self.bucket, "Key": key}
        upload["UploadId"] = self.s3.create_multipart_upload(**upload)["UploadId"]
        etag = self.s3.upload_part(**upload, PartNumber=1, Body=body)["ETag"]
        parts = [{"PartNumber": 1, "ETag": etag}]
        self.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})


def found(s3, bucket: str, key: str) -> bytes | None:
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None


@pytest.mark.slow
def test_kill_9_under_writers_loses_nothing_acknowledged_and_leaves_no_orphan(own_stand_in):
    bucket = new_bucket(own_stand_in.client("s3"))
    kept: dict[str, bytes | None] = {}
    for life in range(3):
        writers = [Writer(own_stand_in, bucket, f"{life}-{number}") for number in range(WRITERS)]
        enough = threading.Semaphore(0)
        with ThreadPoolExecutor(WRITERS) as pool:
            for writer in writers:
                pool.submit(writer.run, enough)
            for _ in range(ACKNOWLEDGED_BEFORE_KILL):
                assert enough.acquire(timeout=60)
            own_stand_in.kill()
        own_stand_in.start()
        s3 = own_stand_in.client("s3")
        for writer in writers:
            kept |= writer.acknowledged
            for key, body in writer.pending.items():
                there = found(s3, bucket, key)
                assert there in (body, writer.acknowledged.get(key)), f"{key} is neither old nor new"
                kept[key] = there
        assert {key: found(s3, bucket, key) for key in kept} == kept
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        listed = {entry["Key"] for page in pages for entry in page.get("Contents", [])}
        assert listed == {key for key, body in kept.items() if body is not None}
        parts = [
            part
            for upload in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
            for part in s3.list_parts(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]).get(
                "Parts", []
            )
        ]
        assert len(blob_files(own_stand_in)) == len(listed) + len(parts)


def test_a_restart_keeps_more_than_objects(own_stand_in):
    s3 = own_stand_in.client("s3")
    bucket = new_bucket(s3, versioned=True)
    versions = [s3.put_object(Bucket=bucket, Key="k", Body=body)["VersionId"] for body in (b"1", b"2")]
    rule = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    upload = {"Bucket": bucket, "Key": "parts"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    etag = s3.upload_part(**upload, PartNumber=1, Body=b"part")["ETag"]
    own_stand_in.kill()
    own_stand_in.start()
    s3 = own_stand_in.client("s3")
    bodies = [s3.get_object(Bucket=bucket, Key="k", VersionId=version)["Body"].read() for version in versions]
    assert bodies == [b"1", b"2"]
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == [rule]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    assert found(s3, bucket, "parts") == b"part"


def test_what_a_crash_left_behind_is_swept_at_the_next_start(own_stand_in):
    s3 = own_stand_in.client("s3")
    bucket = new_bucket(s3)
    s3.put_object(Bucket=bucket, Key="k", Body=b"kept")
    own_stand_in.kill()
    orphan = Path(own_stand_in.home) / "s3" / "blobs" / "ab" / ("ab" * 16)
    orphan.write_bytes(b"half of an upload")
    own_stand_in.start()
    assert not orphan.exists()
    assert found(own_stand_in.client("s3"), bucket, "k") == b"kept"


@pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="needs Linux's prlimit to fill the server's disk"
)
@pytest.mark.parametrize("size", [9 << 20, 4 << 20])
def test_a_full_disk_refuses_the_put_and_keeps_what_is_there(own_stand_in, size):
    """The limit on the size of files stands for the disk: writes fail in the same place and way."""
    s3 = own_stand_in.client("s3")
    bucket = new_bucket(s3)
    s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    process = own_stand_in.process.pid
    unlimited = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (3 << 20, unlimited[1]))
    with refused("InsufficientStorage") as refusal:
        s3.put_object(Bucket=bucket, Key="k", Body=bytes(size))
    assert "disk is full" in refusal.value.response["Error"]["Message"]
    assert found(s3, bucket, "k") == b"before"
    assert [path.read_bytes() for path in blob_files(own_stand_in)] == [b"before"]
    resource.prlimit(process, resource.RLIMIT_FSIZE, unlimited)
    s3.put_object(Bucket=bucket, Key="k", Body=b"after")
    assert found(s3, bucket, "k") == b"after"
