"""Buckets over HTTP: names, places, versions, configurations that are kept word for word."""

import json

import pytest

from tests.localaws.buckets import blob_files, new_bucket, refused


@pytest.fixture(scope="module")
def s3(stand_in):
    return stand_in.client("s3")


def test_buckets_are_made_once_and_listed(s3):
    bucket = new_bucket(s3)
    with refused("BucketAlreadyOwnedByYou"):
        s3.create_bucket(Bucket=bucket)
    head = s3.head_bucket(Bucket=bucket)
    assert head["BucketRegion"] == "us-east-1"
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    assert bucket in [entry["Name"] for entry in s3.list_buckets()["Buckets"]]
    s3.delete_bucket(Bucket=bucket)
    with refused("404"):
        s3.head_bucket(Bucket=bucket)
    with refused("NoSuchBucket"):
        s3.delete_bucket(Bucket=bucket)


@pytest.mark.parametrize("name", ["Upper", "un_der", "a..b", "-a-b", "192.168.0.1", "x" * 64, "xn--abc"])
def test_names_that_s3_would_not_take_are_refused(s3, name):
    with refused("InvalidBucketName"):
        s3.create_bucket(Bucket=name)


def test_a_bucket_of_another_region_is_refused(s3):
    elsewhere = {"LocationConstraint": "eu-west-1"}
    with refused("IllegalLocationConstraintException"):
        s3.create_bucket(Bucket="in-europe", CreateBucketConfiguration=elsewhere)


def test_another_accounts_bucket_is_not_ours_to_touch(s3):
    bucket = new_bucket(s3)
    assert s3.list_objects_v2(Bucket=bucket, ExpectedBucketOwner="000000000000")["KeyCount"] == 0
    with refused("AccessDenied"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x", ExpectedBucketOwner="111122223333")


def test_a_bucket_goes_only_when_it_is_empty_and_takes_its_pending_uploads_along(own_stand_in):
    s3 = own_stand_in.client("s3")
    bucket = new_bucket(s3)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    with refused("BucketNotEmpty"):
        s3.delete_bucket(Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="k")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"x")
    s3.delete_bucket(Bucket=bucket)
    assert blob_files(own_stand_in) == []


CONFIGURATIONS = {
    "bucket_cors": {
        "CORSConfiguration": {
            "CORSRules": [
                {
                    "AllowedMethods": ["GET"],
                    "AllowedOrigins": ["*"],
                    "ExposeHeaders": ["ETag"],
                    "MaxAgeSeconds": 5,
                }
            ]
        }
    },
    "bucket_lifecycle_configuration": {
        "LifecycleConfiguration": {
            "Rules": [{"ID": "x", "Status": "Enabled", "Filter": {"Prefix": "p/"}, "Expiration": {"Days": 1}}]
        }
    },
    "bucket_tagging": {"Tagging": {"TagSet": [{"Key": "team", "Value": "labels & more"}]}},
    "bucket_encryption": {
        "ServerSideEncryptionConfiguration": {
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        }
    },
    "public_access_block": {
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": False,
        }
    },
    "bucket_ownership_controls": {
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    },
    "bucket_notification_configuration": {
        "NotificationConfiguration": {
            "QueueConfigurations": [
                {
                    "Id": "q",
                    "QueueArn": "arn:aws:sqs:us-east-1:000000000000:q",
                    "Events": ["s3:ObjectCreated:*"],
                }
            ]
        }
    },
}
MISSING = {
    "bucket_cors": "NoSuchCORSConfiguration",
    "bucket_lifecycle_configuration": "NoSuchLifecycleConfiguration",
    "bucket_tagging": "NoSuchTagSet",
    "bucket_encryption": "ServerSideEncryptionConfigurationNotFoundError",
    "public_access_block": "NoSuchPublicAccessBlockConfiguration",
    "bucket_ownership_controls": "OwnershipControlsNotFoundError",
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_configuration_is_kept_and_deleted(s3, name):
    bucket = new_bucket(s3)
    get = getattr(s3, f"get_{name}")
    if name in MISSING:
        with refused(MISSING[name]):
            get(Bucket=bucket)
    ((outer, document),) = CONFIGURATIONS[name].items()
    getattr(s3, f"put_{name}")(Bucket=bucket, **CONFIGURATIONS[name])
    answer = get(Bucket=bucket)
    kept = answer.get(outer, answer)
    assert {key: kept[key] for key in document} == document
    if name in MISSING:
        getattr(s3, f"delete_{name.replace('_lifecycle_configuration', '_lifecycle')}")(Bucket=bucket)
        with refused(MISSING[name]):
            get(Bucket=bucket)


def test_a_policy_is_kept_as_it_was_written(s3):
    bucket = new_bucket(s3)
    with refused("NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=bucket)
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=1)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == policy
    with refused("MalformedPolicy"):
        s3.put_bucket_policy(Bucket=bucket, Policy="{no json")


def test_a_configuration_goes_with_its_bucket(s3):
    bucket = new_bucket(s3)
    s3.put_bucket_tagging(Bucket=bucket, **CONFIGURATIONS["bucket_tagging"])
    s3.delete_bucket(Bucket=bucket)
    s3.create_bucket(Bucket=bucket)
    with refused("NoSuchTagSet"):
        s3.get_bucket_tagging(Bucket=bucket)


def test_a_versioned_bucket_keeps_what_is_overwritten_and_deleted(s3):
    bucket = new_bucket(s3, versioned=True)
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    first, second = (s3.put_object(Bucket=bucket, Key="k", Body=body)["VersionId"] for body in (b"1", b"2"))
    marker = s3.delete_object(Bucket=bucket, Key="k")
    assert marker["DeleteMarker"] and marker["VersionId"] not in (first, second)
    with refused("NoSuchKey") as gone:
        s3.get_object(Bucket=bucket, Key="k")
    assert gone.value.response["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"] == "true"
    with refused("MethodNotAllowed"):
        s3.get_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    with refused("NoSuchVersion"):
        s3.get_object(Bucket=bucket, Key="k", VersionId="no such version")
    got = s3.get_object(Bucket=bucket, Key="k", VersionId=first)
    assert (got["Body"].read(), got["VersionId"]) == (b"1", first)
    s3.delete_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2"
    s3.delete_object(Bucket=bucket, Key="k", VersionId=second)
    assert s3.get_object(Bucket=bucket, Key="k")["VersionId"] == first
    copied = s3.copy_object(
        Bucket=bucket, Key="k", CopySource={"Bucket": bucket, "Key": "k", "VersionId": first}
    )
    assert copied["CopySourceVersionId"] == first and copied["VersionId"] != first


def test_versions_survive_while_versioning_is_suspended(s3):
    bucket = new_bucket(s3)
    s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    kept = s3.put_object(Bucket=bucket, Key="k", Body=b"kept")["VersionId"]
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    for body in (b"one", b"two"):
        assert s3.put_object(Bucket=bucket, Key="k", Body=body)["VersionId"] == "null"
    versions = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert [(entry["VersionId"], entry["IsLatest"]) for entry in versions] == [("null", True), (kept, False)]
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"two"
    assert s3.delete_object(Bucket=bucket, Key="k")["VersionId"] == "null"
    listing = s3.list_object_versions(Bucket=bucket)
    assert [entry["VersionId"] for entry in listing["Versions"]] == [kept]
    assert [entry["VersionId"] for entry in listing["DeleteMarkers"]] == ["null"]
