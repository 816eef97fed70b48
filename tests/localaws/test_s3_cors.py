"""Web pages and buckets: only what the bucket's own rules allow, whoever signed the URL."""

import httpx
import pytest

from tests.localaws.buckets import new_bucket, refused

PAGE, OTHER = "http://127.0.0.1:9999", "http://evil.example"


@pytest.fixture(scope="module")
def s3(stand_in):
    return stand_in.client("s3")


@pytest.fixture(scope="module")
def bucket(s3) -> str:
    name = new_bucket(s3)
    s3.put_object(Bucket=name, Key="photo", Body=b"jpeg")
    rules = [
        {
            "AllowedOrigins": [PAGE, "https://*.example.org"],
            "AllowedMethods": ["GET", "PUT"],
            "AllowedHeaders": ["content-*", "x-amz-meta-who"],
            "ExposeHeaders": ["ETag", "Access-Control-Allow-Origin"],
            "MaxAgeSeconds": 300,
        }
    ]
    s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": rules})
    return name


def get(s3, bucket: str, origin: str, key: str = "photo") -> httpx.Response:
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
    return httpx.get(url, headers={"Origin": origin})


def preflight(stand_in, bucket: str, origin: str, method: str, headers: str = "") -> httpx.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers:
        asked["Access-Control-Request-Headers"] = headers
    return httpx.options(f"{stand_in.endpoint}/{bucket}/photo", headers=asked)


@pytest.mark.parametrize("origin", [PAGE, "https://a.example.org", "https://a.b.example.org"])
def test_a_page_that_the_rules_name_may_read(s3, bucket, origin):
    answer = get(s3, bucket, origin)
    assert answer.content == b"jpeg"
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-expose-headers"] == "ETag, Access-Control-Allow-Origin"
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(
    "origin",
    [OTHER, "http://127.0.0.1:99990", "http://127.0.0.1", "https://example.org", "null", PAGE.upper()],
)
def test_any_other_page_may_not(s3, bucket, origin):
    assert "access-control-allow-origin" not in get(s3, bucket, origin).headers


def test_a_page_may_read_why_it_was_refused(s3, bucket):
    answer = get(s3, bucket, PAGE, "nothing there")
    assert answer.status_code == 404 and b"NoSuchKey" in answer.content
    assert answer.headers["access-control-allow-origin"] == PAGE


def test_a_preflight_is_answered_by_the_rules(stand_in, bucket):
    answer = preflight(stand_in, bucket, PAGE, "PUT", "Content-Type, x-amz-meta-who")
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-allow-methods"] == "GET, PUT"
    assert answer.headers["access-control-allow-headers"] == "Content-Type, x-amz-meta-who"
    assert answer.headers["access-control-max-age"] == "300"


@pytest.mark.parametrize(
    ("origin", "method", "headers"),
    [
        (OTHER, "GET", ""),
        (PAGE, "DELETE", ""),
        (PAGE, "PUT", "x-amz-meta-else"),
        (PAGE, "PUT", "x-amz-target"),
    ],
)
def test_a_preflight_outside_the_rules_is_forbidden(stand_in, bucket, origin, method, headers):
    answer = preflight(stand_in, bucket, origin, method, headers)
    assert answer.status_code == 403 and b"AccessForbidden" in answer.content
    assert "access-control-allow-origin" not in answer.headers


def test_a_bucket_without_rules_answers_no_page(s3, stand_in):
    silent = new_bucket(s3)
    s3.put_object(Bucket=silent, Key="photo", Body=b"jpeg")
    assert preflight(stand_in, silent, PAGE, "GET").status_code == 403
    assert preflight(stand_in, "never-made", PAGE, "GET").status_code == 403
    assert "access-control-allow-origin" not in get(s3, silent, PAGE).headers


def test_a_rule_for_everybody_names_nobody(s3):
    open_bucket = new_bucket(s3)
    s3.put_object(Bucket=open_bucket, Key="photo", Body=b"jpeg")
    rule = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}
    s3.put_bucket_cors(Bucket=open_bucket, CORSConfiguration={"CORSRules": [rule]})
    answer = get(s3, open_bucket, OTHER)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"AllowedOrigins": ["*"], "AllowedMethods": ["PATCH"]}, "InvalidRequest"),
        ({"AllowedOrigins": ["http://*.*"], "AllowedMethods": ["GET"]}, "InvalidRequest"),
        ({"AllowedOrigins": [], "AllowedMethods": ["GET"]}, "MalformedXML"),
    ],
)
def test_rules_that_s3_would_not_take_are_refused(s3, bucket, rule, code):
    with refused(code):
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
