"""Keys are names, never paths or markup: whatever they contain, they are kept as they are and do nothing."""

import re
from xml.etree import ElementTree

import pytest

from tests.localaws.buckets import blob_files, new_bucket, send

KEYS = [
    "plain.jpg",
    "a/b c+é.txt",
    "/leading",
    "trailing/",
    "a//b",
    "a/../../../../etc/passwd",
    "../up",
    "./here",
    "back\\slash",
    "per%cent",
    "per%2Fcent",
    "100%",
    "+",
    " ",
    "plus+and space",
    "?query=1&x#fragment",
    "quotes'\"`<tag>&amp;",
    "日本語/写真 🎉.png",
    "e\u0301 is not \u00e9",
    "*[a-z]{1}",
    "$HOME;rm -rf ~|x",
    "tab\there",
    "line\nfeed",
    "\U0010ffff",
    "\ue000",
    "x" * 1024,
    "é" * 512,
    "/".join("d" for _ in range(500)),
]
# What XML 1.0 cannot name can be put, got and listed, but not named in a batch delete.
UNSPEAKABLE = ["carriage\rreturn", "\x01control", "nul\0byte", "\x7f", "\uffff"]


@pytest.fixture(scope="module")
def s3(stand_in):
    return stand_in.client("s3")


def test_every_key_round_trips(s3):
    bucket = new_bucket(s3)
    for number, key in enumerate(KEYS + UNSPEAKABLE):
        s3.put_object(Bucket=bucket, Key=key, Body=str(number).encode())
    for number, key in enumerate(KEYS + UNSPEAKABLE):
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == str(number).encode(), key
        assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] == len(str(number))
    listed = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert listed == sorted(KEYS + UNSPEAKABLE, key=str.encode)
    versions = [entry["Key"] for entry in s3.list_object_versions(Bucket=bucket)["Versions"]]
    assert versions == listed


def test_every_key_can_be_copied_tagged_and_deleted(s3):
    bucket = new_bucket(s3)
    for key in KEYS:
        s3.put_object(Bucket=bucket, Key="source", Body=key.encode())
        s3.copy_object(Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": "source"})
        s3.copy_object(Bucket=bucket, Key="back", CopySource={"Bucket": bucket, "Key": key})
        assert s3.get_object(Bucket=bucket, Key="back")["Body"].read() == key.encode()
        s3.put_object_tagging(Bucket=bucket, Key=key, Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in KEYS]})
    assert [entry["Key"] for entry in answer["Deleted"]] == KEYS
    left = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert left == ["back", "source"]


def test_no_key_becomes_part_of_a_file_name(own_stand_in):
    s3 = own_stand_in.client("s3")
    bucket = new_bucket(s3)
    before = {path for path in own_stand_in.home.parent.rglob("*") if "blobs" not in path.parts}
    for key in KEYS:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    files = blob_files(own_stand_in)
    assert len(files) == len(KEYS)
    assert all(re.fullmatch("[0-9a-f]{32}", path.name) for path in files)
    new = {path for path in own_stand_in.home.parent.rglob("*") if "blobs" not in path.parts} - before
    assert not [path for path in new if not path.name.startswith("index.sqlite3")]


def test_listings_without_url_encoding_are_well_formed_for_what_xml_can_say(s3, stand_in):
    bucket = new_bucket(s3)
    for key in KEYS:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    answer = send(stand_in, "GET", f"/{bucket}?list-type=2")
    keys = [element.text for element in ElementTree.fromstring(answer.content).findall(".//{*}Key")]
    assert sorted(keys) == sorted(KEYS)
