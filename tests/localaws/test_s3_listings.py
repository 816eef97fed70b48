"""Listings over HTTP: pages, prefixes, delimiters, compared with what a sorted list says."""

import itertools
import random

import pytest

from tests.localaws.buckets import new_bucket, refused

KEYS = sorted(
    {
        f"{'/'.join(path)}{end}"
        for path in itertools.product("aé", "b-", "c")
        for end in ("", "/", "/x", "/y/z")
    }
    | {
        "a",
        "b",
        "a/",
        "a/b",
        "ab",
        "a-b",
        "a//b",
        "🎉/1",
        "🎉/2",
        "\U0010ffff/1",
        "\U0010ffff/2",
        "a/\U0010ffff\U0010ffff",
        "\ud7ff/1",
        "\ud7ff\U0010ffff",
        "z" * 900,
    },
    key=str.encode,
)


@pytest.fixture(scope="module")
def s3(stand_in):
    return stand_in.client("s3")


@pytest.fixture(scope="module")
def bucket(s3) -> str:
    name = new_bucket(s3)
    for key in random.Random(1).sample(KEYS, len(KEYS)):
        s3.put_object(Bucket=name, Key=key, Body=b"")
    return name


@pytest.fixture(scope="module")
def versioned_bucket(s3) -> str:
    """Three versions of each of four keys, the second of them a delete marker; "b/" is a group."""
    name = new_bucket(s3, versioned=True)
    for key in ("a", "b/1", "b/2", "c"):
        s3.put_object(Bucket=name, Key=key, Body=b"1")
        s3.delete_object(Bucket=name, Key=key)
        s3.put_object(Bucket=name, Key=key, Body=b"3")
    return name


def expected(prefix: str, delimiter: str, keys=KEYS) -> list[str]:
    """Keys and common prefixes in S3's order, the latter once each."""
    entries = []
    for key in keys:
        if key.startswith(prefix):
            cut = key.find(delimiter, len(prefix)) if delimiter else -1
            entry = key if cut < 0 else key[: cut + len(delimiter)]
            if entries[-1:] != [entry]:
                entries.append(entry)
    return entries


def entries_of(page: dict) -> list[str]:
    found = [entry["Key"] for entry in page.get("Contents", [])]
    return sorted(found + [group["Prefix"] for group in page.get("CommonPrefixes", [])], key=str.encode)


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
@pytest.mark.parametrize("size", [1, 4])
@pytest.mark.parametrize("prefix", ["", "a", "a/", "é/b/c", "🎉", "none"])
@pytest.mark.parametrize("delimiter", ["", "/", "b", "/c/"])
def test_pages_add_up_to_the_whole_listing(s3, bucket, operation, size, prefix, delimiter):
    pages = s3.get_paginator(operation).paginate(
        Bucket=bucket, Prefix=prefix, Delimiter=delimiter, PaginationConfig={"PageSize": size}
    )
    listed = [entries_of(page) for page in pages]
    assert all(len(page) <= size for page in listed)
    assert [entry for page in listed for entry in page] == expected(prefix, delimiter)


@pytest.mark.slow
def test_a_page_holds_a_thousand_keys_unless_asked_for_fewer(s3, stand_in):
    bucket = new_bucket(s3)
    for number in range(1003):
        s3.put_object(Bucket=bucket, Key=f"{number:04}", Body=b"")
    page = s3.list_objects_v2(Bucket=bucket, MaxKeys=5000)
    assert (page["KeyCount"], page["IsTruncated"], page["MaxKeys"]) == (1000, True, 1000)
    rest = s3.list_objects_v2(Bucket=bucket, ContinuationToken=page["NextContinuationToken"])
    assert [entry["Key"] for entry in rest["Contents"]] == ["1000", "1001", "1002"]
    assert not rest["IsTruncated"]


def test_a_listing_starts_behind_any_string(s3, bucket):
    for start in ("", "a/", "a/b/c", "not a key", "\U0010ffff/2"):
        page = s3.list_objects_v2(Bucket=bucket, StartAfter=start)
        assert entries_of(page) == [key for key in KEYS if key.encode() > start.encode()]


def test_no_keys_asked_for_none_given(s3, bucket):
    page = s3.list_objects_v2(Bucket=bucket, MaxKeys=0)
    assert (page["KeyCount"], page["IsTruncated"]) == (0, False)


def test_nonsense_is_refused_not_guessed(s3, bucket):
    with refused("InvalidArgument"):
        s3.list_objects_v2(Bucket=bucket, MaxKeys=-1)
    with refused("InvalidArgument"):
        s3.list_objects_v2(Bucket=bucket, ContinuationToken="not a token")
    with refused("NoSuchBucket"):
        s3.list_objects_v2(Bucket="never-made")


def test_entries_say_what_is_known_of_the_object(s3, bucket):
    head = s3.head_object(Bucket=bucket, Key="a")
    (entry,) = s3.list_objects_v2(Bucket=bucket, Prefix="a", MaxKeys=1, FetchOwner=True)["Contents"]
    assert (entry["ETag"], entry["Size"], entry["StorageClass"]) == (head["ETag"], 0, "STANDARD")
    assert entry["LastModified"].replace(microsecond=0) == head["LastModified"]
    assert entry["Owner"]["ID"]


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_versions_are_paged_newest_first(s3, versioned_bucket, size):
    pages = list(
        s3.get_paginator("list_object_versions").paginate(
            Bucket=versioned_bucket, PaginationConfig={"PageSize": size}
        )
    )
    versions = [entry for page in pages for entry in page.get("Versions", [])]
    markers = [entry for page in pages for entry in page.get("DeleteMarkers", [])]
    keys = ["a", "b/1", "b/2", "c"]
    assert [entry["Key"] for entry in versions] == [key for key in keys for _ in range(2)]
    assert [entry["IsLatest"] for entry in versions] == [True, False] * 4
    assert [(entry["Key"], entry["IsLatest"]) for entry in markers] == [(key, False) for key in keys]
    assert len({entry["VersionId"] for entry in versions + markers}) == 12


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_versions_are_grouped_like_keys(s3, versioned_bucket, size):
    pages = s3.get_paginator("list_object_versions").paginate(
        Bucket=versioned_bucket, Delimiter="/", PaginationConfig={"PageSize": size}
    )
    keys, groups = [], []
    for page in pages:
        keys += [entry["Key"] for entry in page.get("Versions", [])]
        groups += [group["Prefix"] for group in page.get("CommonPrefixes", [])]
    assert (keys, groups) == (["a", "a", "c", "c"], ["b/"])


def test_a_bucket_is_emptied_page_by_page(s3):
    """As ``bucket.object_versions.delete()`` does: the marker of the next page is deleted already."""
    bucket = new_bucket(s3, versioned=True)
    for number in range(7):
        s3.put_object(Bucket=bucket, Key="one key", Body=str(number))
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    for page in pages:
        named = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in page["Versions"]]
        s3.delete_objects(Bucket=bucket, Delete={"Objects": named})
    s3.delete_bucket(Bucket=bucket)
