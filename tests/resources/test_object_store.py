"""Objects come back as they were written, and a wrong setting is explained in words."""

import pytest
from dagster import Failure

from resources.aws import Aws
from resources.object_store import ObjectStore, split_uri

BUCKET = "object-store-test"


@pytest.fixture
def store(stand_in_environment) -> ObjectStore:
    store = ObjectStore(aws=Aws())
    store.ensure_bucket(BUCKET)
    return store


def test_what_was_written_is_read_and_listed(store):
    uri = store.write(f"s3://{BUCKET}/a/ünïcode name.bin", b"\x00\x01")
    assert store.read(uri) == b"\x00\x01"
    assert store.exists(uri) and not store.exists(uri + "x")
    [found] = store.list(f"s3://{BUCKET}/a/")
    assert (found.uri, found.key, found.size) == (uri, "a/ünïcode name.bin", 2)


@pytest.mark.slow
def test_a_listing_goes_on_after_its_first_page(store):
    for number in range(1005):
        store.write(f"s3://{BUCKET}/many/{number:04}", b"")
    assert len(list(store.list(f"s3://{BUCKET}/many/"))) == 1005


def test_a_missing_object_is_no_aws_error(store):
    with pytest.raises(FileNotFoundError, match="s3://object-store-test/none"):
        store.read(f"s3://{BUCKET}/none")


def test_browsers_may_read_the_images_of_a_bucket_made_for_labeling(store):
    rules = store.aws.client("s3").get_bucket_cors(Bucket=BUCKET)["CORSRules"]
    assert rules[0]["AllowedMethods"] == ["GET"]


def test_cors_rules_that_somebody_made_are_kept(store):
    s3 = store.aws.client("s3")
    own = {"CORSRules": [{"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://example.com"]}]}
    s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration=own)
    store.ensure_bucket(BUCKET)
    assert s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"][0]["AllowedOrigins"] == ["https://example.com"]
    s3.delete_bucket_cors(Bucket=BUCKET)


@pytest.mark.parametrize("uri", ["https://bucket/key", "bucket/key", "s3://"])
def test_what_is_no_s3_uri_is_refused_with_the_right_form(uri):
    with pytest.raises(ValueError, match="expected s3://BUCKET/KEY"):
        split_uri(uri)


def test_a_missing_bucket_is_named_with_the_setting_to_change(store):
    with pytest.raises(Failure, match="s3://no-such-bucket-here/x: the bucket does not exist.*`bucket`"):
        list(store.list("s3://no-such-bucket-here/x"))


def test_a_wrong_key_is_explained(store, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(Failure, match="does not know this access key.*AWS_PROFILE"):
        ObjectStore(aws=Aws()).read(f"s3://{BUCKET}/x")


def test_missing_credentials_are_explained(store, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(Failure, match="no complete AWS credentials: set AWS_PROFILE"):
        ObjectStore(aws=Aws()).read(f"s3://{BUCKET}/x")


def test_a_missing_region_is_explained(monkeypatch, tmp_path):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(Failure, match="no region: set `region`"):
        Aws().client("sagemaker")


def test_an_endpoint_where_nobody_answers_is_explained(stand_in_environment, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("resources.aws.CONFIG", {"retries": {"total_max_attempts": 1}})
    with pytest.raises(Failure, match="nobody answers there: check AWS_ENDPOINT_URL"):
        ObjectStore(aws=Aws(region="us-east-1")).read(f"s3://{BUCKET}/x")
