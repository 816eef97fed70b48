"""Objects over HTTP: what is put comes back, whole, in ranges, and on conditions."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.localaws.buckets import blob_files, new_bucket, refused, send


@pytest.fixture(scope="module")
def s3(stand_in):
    return stand_in.client("s3")


@pytest.fixture(scope="module")
def bucket(s3) -> str:
    return new_bucket(s3)


def test_an_object_comes_back_with_all_that_was_said_of_it(s3, bucket):
    body = os.urandom(70_000)
    said = {
        "ContentType": "image/jpeg",
        "ContentEncoding": "identity",
        "ContentDisposition": 'attachment; filename="a.jpg"',
        "ContentLanguage": "de",
        "CacheControl": "max-age=60",
        "Metadata": {"source": "line 3", "count": "7"},
    }
    put = s3.put_object(Bucket=bucket, Key="photo", Body=body, **said)
    got = s3.get_object(Bucket=bucket, Key="photo")
    assert got["Body"].read() == body
    assert {name: got[name] for name in said} == said
    assert put["ETag"] == got["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    head = s3.head_object(Bucket=bucket, Key="photo")
    assert head["ContentLength"] == len(body)
    assert {name: head[name] for name in said} == said


def test_an_object_without_bytes_is_an_object(s3, bucket):
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    got = s3.get_object(Bucket=bucket, Key="empty")
    assert (got["Body"].read(), got["ContentLength"]) == (b"", 0)
    assert got["ContentType"] == "binary/octet-stream"


def test_the_last_put_wins(s3, bucket):
    for body in (b"first", b"second"):
        s3.put_object(Bucket=bucket, Key="twice", Body=body)
    assert s3.get_object(Bucket=bucket, Key="twice")["Body"].read() == b"second"
    assert s3.list_objects_v2(Bucket=bucket, Prefix="twice")["KeyCount"] == 1


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc to see the server's memory")
def test_objects_larger_than_the_servers_memory_use_stream_both_ways(own_stand_in):
    def peak_of_server() -> int:
        with open(f"/proc/{own_stand_in.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024

    s3 = own_stand_in.client("s3")
    bucket = new_bucket(s3)
    size = 192 << 20
    s3.put_object(Bucket=bucket, Key="small", Body=b"warm")
    before = peak_of_server()
    block = os.urandom(1 << 20)
    url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "large"})
    httpx.put(
        url,
        content=(block for _ in range(size >> 20)),
        headers={"Content-Length": str(size)},
        timeout=120,
    ).raise_for_status()
    read = sum(len(part) for part in s3.get_object(Bucket=bucket, Key="large")["Body"].iter_chunks(1 << 20))
    assert read == size
    assert peak_of_server() - before < size / 4


RANGES = [
    ("bytes=0-0", "0-0", b"0"),
    ("bytes=2-5", "2-5", b"2345"),
    ("bytes=7-", "7-9", b"789"),
    ("bytes=-3", "7-9", b"789"),
    ("bytes=-30", "0-9", b"0123456789"),
    ("bytes=8-99", "8-9", b"89"),
]


@pytest.mark.parametrize(("asked", "told", "body"), RANGES)
def test_a_range_is_cut_exactly(s3, bucket, asked, told, body):
    s3.put_object(Bucket=bucket, Key="digits", Body=b"0123456789")
    got = s3.get_object(Bucket=bucket, Key="digits", Range=asked)
    assert got["Body"].read() == body
    assert got["ContentRange"] == f"bytes {told}/10"
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=a-b", "items=0-1", "bytes=0-1,4-5"])
def test_what_is_no_range_gets_the_whole_object(s3, bucket, asked):
    s3.put_object(Bucket=bucket, Key="digits", Body=b"0123456789")
    got = s3.get_object(Bucket=bucket, Key="digits", Range=asked)
    assert (got["ResponseMetadata"]["HTTPStatusCode"], got["Body"].read()) == (200, b"0123456789")


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_a_range_behind_the_end_is_refused(s3, bucket, asked):
    s3.put_object(Bucket=bucket, Key="digits", Body=b"0123456789")
    with refused("InvalidRange"):
        s3.get_object(Bucket=bucket, Key="digits", Range=asked)


def test_conditional_gets_save_the_body(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="kept", Body=b"body")["ETag"]
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    fresh = [{"IfMatch": etag}, {"IfNoneMatch": '"else"'}, {"IfModifiedSince": now - hour}]
    for condition in (
        *fresh,
        {"IfUnmodifiedSince": now + hour},
        {"IfMatch": etag, "IfUnmodifiedSince": now - hour},
    ):
        assert s3.get_object(Bucket=bucket, Key="kept", **condition)["Body"].read() == b"body"
    for condition in ({"IfNoneMatch": etag}, {"IfNoneMatch": "*"}, {"IfModifiedSince": now + hour}):
        with refused("304"):
            s3.head_object(Bucket=bucket, Key="kept", **condition)
    for condition in ({"IfMatch": '"else"'}, {"IfUnmodifiedSince": now - hour}):
        with refused("PreconditionFailed"):
            s3.get_object(Bucket=bucket, Key="kept", **condition)


def test_only_one_of_two_writers_creates_an_object(s3, bucket):
    def create(number: int) -> bool:
        try:
            s3.put_object(Bucket=bucket, Key="created-once", Body=str(number), IfNoneMatch="*")
        except ClientError as error:
            assert error.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict")
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        created = list(pool.map(create, range(12)))
    assert created.count(True) == 1
    assert (
        s3.get_object(Bucket=bucket, Key="created-once")["Body"].read() == str(created.index(True)).encode()
    )


def test_an_object_is_replaced_only_by_those_who_know_it(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="counter", Body=b"1")["ETag"]
    s3.put_object(Bucket=bucket, Key="counter", Body=b"2", IfMatch=etag)
    with refused("PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key="counter", Body=b"3", IfMatch=etag)
    with refused("NoSuchKey"):
        s3.put_object(Bucket=bucket, Key="nothing-there", Body=b"3", IfMatch=etag)
    assert s3.get_object(Bucket=bucket, Key="counter")["Body"].read() == b"2"


def test_deleting_is_idempotent_and_leaves_no_file(own_stand_in):
    s3 = own_stand_in.client("s3")
    bucket = new_bucket(s3)
    s3.put_object(Bucket=bucket, Key="gone", Body=b"bytes")
    assert len(blob_files(own_stand_in)) == 1
    for _ in range(2):
        s3.delete_object(Bucket=bucket, Key="gone")
    assert blob_files(own_stand_in) == []
    with refused("NoSuchKey"):
        s3.get_object(Bucket=bucket, Key="gone")


def test_a_batch_delete_answers_for_each_key(s3, bucket):
    keys = [f"batch/{number}" for number in range(5)]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    named = [{"Key": key} for key in [*keys, "batch/never there"]]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": named})
    assert answer["Deleted"] == named and "Errors" not in answer
    assert s3.list_objects_v2(Bucket=bucket, Prefix="batch/")["KeyCount"] == 0
    with refused("MalformedXML"):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": named * 200})


def test_presigned_urls_put_and_get_without_credentials(s3, bucket):
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "from a page"})
    assert httpx.put(put, content=b"posted", headers={"Content-Type": "image/png"}).status_code == 200
    params = {"Bucket": bucket, "Key": "from a page", "ResponseContentDisposition": "attachment"}
    answer = httpx.get(s3.generate_presigned_url("get_object", Params=params))
    assert answer.content == b"posted"
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == "attachment"


def test_errors_are_s3s_own(s3, stand_in, bucket):
    with refused("NoSuchBucket"):
        s3.put_object(Bucket="never-made", Key="k", Body=b"x" * (2 << 20))
    with refused("NoSuchKey") as missing:
        s3.get_object(Bucket=bucket, Key="never put")
    assert missing.value.response["Error"]["Key"] == "never put"
    with refused("404"):
        s3.head_object(Bucket=bucket, Key="never put")
    with refused("KeyTooLongError"):
        s3.put_object(Bucket=bucket, Key="é" * 513, Body=b"x")
    with refused("MetadataTooLarge"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x", Metadata={"long": "x" * 2048})
    assert b"InvalidURI" in send(stand_in, "GET", f"/{bucket}/%FF").content
    answer = send(stand_in, "PATCH", f"/{bucket}/k")
    assert answer.status_code == 405 and b"MethodNotAllowed" in answer.content


def test_what_the_stand_in_lacks_is_refused_by_name(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    website = {"IndexDocument": {"Suffix": "index.html"}}
    calls = {
        "GetObjectTorrent": lambda: s3.get_object_torrent(Bucket=bucket, Key="k"),
        "PutBucketWebsite": lambda: s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=website),
        "ListBucketAnalyticsConfigurations": lambda: s3.list_bucket_analytics_configurations(Bucket=bucket),
        "GetBucketAnalyticsConfiguration": lambda: s3.get_bucket_analytics_configuration(
            Bucket=bucket, Id="a"
        ),
    }
    for operation, call in calls.items():
        with refused("NotImplemented") as missing:
            call()
        assert missing.value.response["Error"]["Message"].endswith(operation)
        assert missing.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_what_would_not_be_honoured_is_not_taken(s3, bucket):
    with refused("NotImplemented"):
        s3.put_object(
            Bucket=bucket, Key="k", Body=b"x", SSECustomerAlgorithm="AES256", SSECustomerKey="0" * 32
        )
    with refused("AccessControlListNotSupported"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x", ACL="public-read")
    with refused("NotImplemented"):
        s3.put_object(
            Bucket=bucket,
            Key="k",
            Body=b"x",
            ObjectLockMode="COMPLIANCE",
            ObjectLockRetainUntilDate=datetime.now(UTC),
        )


def test_tags_travel_with_their_object(s3, bucket):
    s3.put_object(Bucket=bucket, Key="tagged", Body=b"x", Tagging="split=train&note=a%20b")
    assert s3.get_object(Bucket=bucket, Key="tagged")["TagCount"] == 2
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(Bucket=bucket, Key="tagged")["TagSet"]}
    assert tags == {"split": "train", "note": "a b"}
    new = [{"Key": "split", "Value": "test & <others>"}]
    s3.put_object_tagging(Bucket=bucket, Key="tagged", Tagging={"TagSet": new})
    assert s3.get_object_tagging(Bucket=bucket, Key="tagged")["TagSet"] == new
    s3.delete_object_tagging(Bucket=bucket, Key="tagged")
    assert s3.get_object_tagging(Bucket=bucket, Key="tagged")["TagSet"] == []
    with refused("BadRequest"):
        s3.put_object(Bucket=bucket, Key="tagged", Body=b"x", Tagging="&".join(f"{n}=1" for n in range(11)))
    with refused("InvalidTag"):
        s3.put_object(Bucket=bucket, Key="tagged", Body=b"x", Tagging="=nameless")
