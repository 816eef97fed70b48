"""Multipart uploads and copies over HTTP: parts, ETags, checksums, errors; no byte is stored twice."""

import base64
import hashlib
import os
import zlib

import pytest
from boto3.s3.transfer import TransferConfig

from tests.localaws.buckets import blob_files, new_bucket, refused

PART = 5 << 20


@pytest.fixture(scope="module")
def s3(stand_in):
    return stand_in.client("s3")


@pytest.fixture(scope="module")
def bucket(s3) -> str:
    return new_bucket(s3)


def begin(s3, bucket: str, key: str, **options) -> dict:
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, **options)
    return {"Bucket": bucket, "Key": key, "UploadId": upload["UploadId"]}


def put_parts(s3, upload: dict, bodies: dict[int, bytes], **options) -> list[dict]:
    parts = []
    for number, body in bodies.items():
        answer = s3.upload_part(**upload, PartNumber=number, Body=body, **options)
        checksums = {name: value for name, value in answer.items() if name.startswith("Checksum")}
        parts.append({"PartNumber": number, "ETag": answer["ETag"]} | checksums)
    return parts


def complete(s3, upload: dict, parts: list[dict], **options) -> dict:
    return s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **options)


def etag_of(bodies: list[bytes]) -> str:
    digests = b"".join(hashlib.md5(body).digest() for body in bodies)
    return f'"{hashlib.md5(digests).hexdigest()}-{len(bodies)}"'


def test_parts_become_one_object_whatever_order_they_came_in(s3, bucket):
    upload = begin(s3, bucket, "whole", ContentType="video/mp4", Metadata={"a": "b"}, Tagging="t=1")
    bodies = {7: os.urandom(10), 2: os.urandom(PART), 5: os.urandom(PART + 1)}
    parts = sorted(put_parts(s3, upload, bodies), key=lambda part: part["PartNumber"])
    answer = complete(s3, upload, parts)
    whole = [bodies[2], bodies[5], bodies[7]]
    got = s3.get_object(Bucket=bucket, Key="whole")
    assert got["Body"].read() == b"".join(whole)
    assert answer["ETag"] == got["ETag"] == etag_of(whole)
    assert (got["ContentType"], got["Metadata"], got["TagCount"]) == ("video/mp4", {"a": "b"}, 1)
    across = s3.get_object(Bucket=bucket, Key="whole", Range=f"bytes={PART - 3}-{PART + 2}")["Body"].read()
    assert across == bodies[2][-3:] + bodies[5][:3]


def test_boto3_uploads_and_downloads_in_parts(s3, bucket, tmp_path):
    body = os.urandom(21 << 20)
    (tmp_path / "sent").write_bytes(body)
    config = TransferConfig(max_concurrency=2)
    s3.upload_file(str(tmp_path / "sent"), bucket, "file", Config=config)
    s3.download_file(bucket, "file", str(tmp_path / "received"), Config=config)
    assert (tmp_path / "received").read_bytes() == body
    assert s3.head_object(Bucket=bucket, Key="file")["ETag"].endswith('-3"')


def test_uploads_and_parts_are_listed_in_pages(s3, bucket):
    uploads = [begin(s3, bucket, f"listed/{number // 2}") for number in range(5)]
    pages = s3.get_paginator("list_multipart_uploads").paginate(
        Bucket=bucket, Prefix="listed/", PaginationConfig={"PageSize": 2}
    )
    listed = [(entry["Key"], entry["UploadId"]) for page in pages for entry in page["Uploads"]]
    assert sorted(listed) == sorted((upload["Key"], upload["UploadId"]) for upload in uploads)
    put_parts(s3, uploads[0], dict.fromkeys((1, 2, 3, 9, 10_000), b"x"))
    pages = s3.get_paginator("list_parts").paginate(**uploads[0], PaginationConfig={"PageSize": 2})
    parts = [(part["PartNumber"], part["Size"]) for page in pages for part in page["Parts"]]
    assert parts == [(1, 1), (2, 1), (3, 1), (9, 1), (10_000, 1)]
    for upload in uploads:
        s3.abort_multipart_upload(**upload)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket, Prefix="listed/")


def test_an_upload_is_no_object_until_it_is_complete(s3, bucket):
    upload = begin(s3, bucket, "pending")
    put_parts(s3, upload, {1: b"x"})
    with refused("NoSuchKey"):
        s3.get_object(Bucket=bucket, Key="pending")
    s3.abort_multipart_upload(**upload)
    for late in (
        lambda: s3.upload_part(**upload, PartNumber=2, Body=b"x"),
        lambda: s3.list_parts(**upload),
        lambda: s3.abort_multipart_upload(**upload),
        lambda: complete(s3, upload, [{"PartNumber": 1, "ETag": "x"}]),
    ):
        with refused("NoSuchUpload"):
            late()


def test_a_completion_is_refused_for_what_is_wrong_with_it(s3, bucket):
    upload = begin(s3, bucket, "wrong")
    parts = put_parts(s3, upload, {1: b"too small", 2: b"the last may be"})
    with refused("EntityTooSmall"):
        complete(s3, upload, parts)
    with refused("InvalidPartOrder"):
        complete(s3, upload, parts[::-1])
    with refused("InvalidPart"):
        complete(s3, upload, [parts[0] | {"ETag": '"0123"'}])
    with refused("InvalidPart"):
        complete(s3, upload, [parts[0] | {"PartNumber": 3}])
    with refused("InvalidRequest"):
        complete(s3, upload, parts[1:], MpuObjectSize=1)
    with refused("MalformedXML"):
        complete(s3, upload, [])
    for number in (0, 10_001):
        with refused("InvalidArgument"):
            s3.upload_part(**upload, PartNumber=number, Body=b"x")
    complete(s3, upload, parts[1:])
    assert s3.get_object(Bucket=bucket, Key="wrong")["Body"].read() == b"the last may be"


def test_a_completion_whose_answer_was_lost_can_be_asked_again(s3, bucket):
    upload = begin(s3, bucket, "again")
    parts = put_parts(s3, upload, {1: b"x"})
    first, second = complete(s3, upload, parts), complete(s3, upload, parts)
    for answer in (first, second):
        del answer["ResponseMetadata"]
    assert first == second


def test_completing_honours_if_none_match(s3, bucket):
    s3.put_object(Bucket=bucket, Key="taken", Body=b"first")
    upload = begin(s3, bucket, "taken")
    parts = put_parts(s3, upload, {1: b"second"})
    with refused("PreconditionFailed"):
        complete(s3, upload, parts, IfNoneMatch="*")
    assert s3.get_object(Bucket=bucket, Key="taken")["Body"].read() == b"first"
    complete(s3, upload, parts)


def test_parts_that_nothing_uses_leave_no_file(own_stand_in):
    s3 = own_stand_in.client("s3")
    bucket = new_bucket(s3)
    upload = begin(s3, bucket, "k")
    put_parts(s3, upload, {1: b"replaced", 2: b"left out"})
    parts = put_parts(s3, upload, {1: b"used"})
    complete(s3, upload, parts)
    assert [path.read_bytes() for path in blob_files(own_stand_in)] == [b"used"]
    aborted = begin(s3, bucket, "k")
    put_parts(s3, aborted, {1: b"never"})
    s3.abort_multipart_upload(**aborted)
    assert len(blob_files(own_stand_in)) == 1
    s3.delete_object(Bucket=bucket, Key="k")
    assert blob_files(own_stand_in) == []


def test_a_reader_gets_the_parts_it_asked_for_though_they_are_deleted_meanwhile(own_stand_in):
    s3 = own_stand_in.client("s3")
    bucket = new_bucket(s3)
    upload = begin(s3, bucket, "moving")
    bodies = [os.urandom(PART) for _ in range(3)]  # more than the sockets between us buffer
    complete(s3, upload, put_parts(s3, upload, dict(enumerate(bodies, 1))))
    stream = s3.get_object(Bucket=bucket, Key="moving")["Body"]
    start = stream.read(1000)
    s3.put_object(Bucket=bucket, Key="moving", Body=b"new")
    assert start + stream.read() == b"".join(bodies)
    assert s3.get_object(Bucket=bucket, Key="moving")["Body"].read() == b"new"
    own_stand_in.stop()
    assert [path.read_bytes() for path in blob_files(own_stand_in)] == [b"new"]


def test_composite_checksums_are_checksums_of_checksums(s3, bucket):
    upload = begin(s3, bucket, "composite", ChecksumAlgorithm="SHA256")
    bodies = [os.urandom(PART), b"tail"]
    parts = put_parts(s3, upload, dict(enumerate(bodies, 1)), ChecksumAlgorithm="SHA256")
    digests = b"".join(hashlib.sha256(body).digest() for body in bodies)
    expected = base64.b64encode(hashlib.sha256(digests).digest()).decode() + "-2"
    assert complete(s3, upload, parts)["ChecksumSHA256"] == expected
    head = s3.head_object(Bucket=bucket, Key="composite", ChecksumMode="ENABLED")
    assert (head["ChecksumSHA256"], head["ChecksumType"]) == (expected, "COMPOSITE")


def test_a_full_object_checksum_is_joined_from_the_parts_and_verified(s3, bucket):
    bodies = [os.urandom(PART), os.urandom(PART + 77), b"tail"]
    expected = base64.b64encode(zlib.crc32(b"".join(bodies)).to_bytes(4, "big")).decode()
    upload = begin(s3, bucket, "full", ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    parts = put_parts(s3, upload, dict(enumerate(bodies, 1)), ChecksumAlgorithm="CRC32")
    with refused("BadDigest"):
        complete(s3, upload, parts, ChecksumCRC32="AAAAAA==", ChecksumType="FULL_OBJECT")
    answer = complete(s3, upload, parts, ChecksumCRC32=expected, ChecksumType="FULL_OBJECT")
    assert (answer["ChecksumCRC32"], answer["ChecksumType"]) == (expected, "FULL_OBJECT")


def test_a_copy_shares_its_sources_bytes_and_outlives_it(own_stand_in):
    s3 = own_stand_in.client("s3")
    bucket, other = new_bucket(s3), new_bucket(s3)
    body = os.urandom(PART + 5)
    s3.put_object(
        Bucket=bucket, Key="source", Body=body, ContentType="image/png", Metadata={"m": "1"}, Tagging="t=1"
    )
    source = {"Bucket": bucket, "Key": "source"}
    s3.copy_object(Bucket=other, Key="same", CopySource=source)
    s3.copy_object(
        Bucket=other,
        Key="renamed",
        CopySource=source,
        MetadataDirective="REPLACE",
        ContentType="image/gif",
        TaggingDirective="REPLACE",
        Tagging="t=2&u=3",
    )
    upload = begin(s3, other, "parts")
    first = s3.upload_part_copy(
        **upload, PartNumber=1, CopySource=source, CopySourceRange=f"bytes=5-{PART + 4}"
    )
    second = s3.upload_part_copy(**upload, PartNumber=2, CopySource=source, CopySourceRange="bytes=0-4")
    etags = [part["CopyPartResult"]["ETag"] for part in (first, second)]
    complete(s3, upload, [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)])
    assert len(blob_files(own_stand_in)) == 1
    s3.delete_object(**source)

    def copy(key: str) -> dict:
        return s3.get_object(Bucket=other, Key=key)

    assert copy("same")["Body"].read() == copy("renamed")["Body"].read() == body
    assert copy("parts")["Body"].read() == body[5:] + body[:5]
    assert copy("parts")["ETag"] == etag_of([body[5:], body[:5]])
    assert (copy("same")["ContentType"], copy("same")["Metadata"], copy("same")["TagCount"]) == (
        "image/png",
        {"m": "1"},
        1,
    )
    assert (copy("renamed")["ContentType"], copy("renamed")["Metadata"]) == ("image/gif", {})
    assert copy("renamed")["TagCount"] == 2
    s3.delete_objects(
        Bucket=other, Delete={"Objects": [{"Key": key} for key in ("same", "renamed", "parts")]}
    )
    assert blob_files(own_stand_in) == []


def test_a_copy_is_refused_for_what_is_wrong_with_it(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="source", Body=b"0123")["ETag"]
    source = {"Bucket": bucket, "Key": "source"}
    with refused("InvalidRequest"):
        s3.copy_object(**source, CopySource=source)
    s3.copy_object(**source, CopySource=source, MetadataDirective="REPLACE", Metadata={"now": "other"})
    assert s3.head_object(**source)["Metadata"] == {"now": "other"}
    with refused("NoSuchKey"):
        s3.copy_object(Bucket=bucket, Key="k", CopySource={"Bucket": bucket, "Key": "nothing"})
    with refused("NoSuchBucket"):
        s3.copy_object(Bucket=bucket, Key="k", CopySource={"Bucket": "never-made", "Key": "nothing"})
    with refused("PreconditionFailed"):
        s3.copy_object(Bucket=bucket, Key="k", CopySource=source, CopySourceIfNoneMatch=etag)
    upload = begin(s3, bucket, "k")
    for wrong in ("bytes=2-9", "bytes=3-2", "2-3"):
        with refused("InvalidArgument"):
            s3.upload_part_copy(**upload, PartNumber=1, CopySource=source, CopySourceRange=wrong)
    s3.abort_multipart_upload(**upload)
