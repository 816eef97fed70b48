"""Bodies over HTTP: what arrives must be what the client says it sent, or nothing is kept."""

import base64
import hashlib
import http.client
import os
import socket
import zlib
from urllib.parse import urlsplit

import pytest
from botocore.config import Config

from localaws.api.sigv4 import ChunkSignatures, Signature
from localaws.services.s3.body import AwsChunked
from localaws.services.s3.errors import S3Error
from tests.localaws.buckets import blob_files, new_bucket, refused, send


@pytest.fixture(scope="module")
def s3(stand_in):
    return stand_in.client("s3")


@pytest.fixture(scope="module")
def bucket(s3) -> str:
    return new_bucket(s3)


def crc(body: bytes, reversed_polynomial: int, bits: int) -> bytes:
    """Bit by bit, as the books define it."""
    register = ones = (1 << bits) - 1
    for byte in body:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (reversed_polynomial if register & 1 else 0)
    return (register ^ ones).to_bytes(bits // 8, "big")


CHECKSUMS = {
    "crc32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
    "crc32c": lambda body: crc(body, 0x82F63B78, 32),
    "crc64nvme": lambda body: crc(body, 0x9A6C9329AC4BC9B5, 64),
    "sha1": lambda body: hashlib.sha1(body).digest(),
    "sha256": lambda body: hashlib.sha256(body).digest(),
    "sha512": lambda body: hashlib.sha512(body).digest(),
    "md5": lambda body: hashlib.md5(body).digest(),
}


def checksum(algorithm: str, body: bytes) -> str:
    return base64.b64encode(CHECKSUMS[algorithm](body)).decode()


def assert_nothing_there(s3, bucket: str, key: str) -> None:
    with refused("NoSuchKey"):
        s3.get_object(Bucket=bucket, Key=key)


@pytest.mark.parametrize("algorithm", CHECKSUMS)
@pytest.mark.parametrize("size", [0, 1, 1000, 70_001])
def test_a_checksum_is_verified_and_given_back(s3, stand_in, bucket, algorithm, size):
    body, header, path = os.urandom(size), f"x-amz-checksum-{algorithm}", f"/{bucket}/{algorithm}-{size}"
    assert send(stand_in, "PUT", path, {header: checksum(algorithm, body + b"x")}, body).status_code == 400
    assert_nothing_there(s3, bucket, f"{algorithm}-{size}")
    stated = checksum(algorithm, body)
    assert send(stand_in, "PUT", path, {header: stated}, body).headers[header] == stated
    got = send(stand_in, "GET", path, {"x-amz-checksum-mode": "ENABLED"})
    assert (got.content, got.headers[header]) == (body, stated)
    assert got.headers["x-amz-checksum-type"] == "FULL_OBJECT"


def test_a_checksum_that_cannot_be_computed_here_is_kept(stand_in, bucket):
    header = "x-amz-checksum-xxhash64"
    assert send(stand_in, "PUT", f"/{bucket}/xx", {header: "AAAAAAAAAAA="}, b"x").status_code == 200
    assert send(stand_in, "HEAD", f"/{bucket}/xx", {"x-amz-checksum-mode": "ENABLED"}).headers[header]


@pytest.mark.parametrize(
    ("headers", "payload", "code"),
    [
        ({}, "0" * 64, "XAmzContentSHA256Mismatch"),
        ({"Content-MD5": checksum("md5", b"else")}, None, "BadDigest"),
        ({"Content-MD5": "no base64!"}, None, "InvalidDigest"),
        ({"x-amz-checksum-crc32": checksum("crc32", b"else")}, None, "BadDigest"),
        ({"x-amz-checksum-crc32": "short"}, None, "InvalidRequest"),
        ({"x-amz-sdk-checksum-algorithm": "CRC7"}, None, "InvalidRequest"),
    ],
)
@pytest.mark.parametrize("size", [4, 3 << 20])
def test_a_body_that_is_not_what_its_headers_say_is_not_kept(
    s3, stand_in, bucket, headers, payload, code, size
):
    answer = send(stand_in, "PUT", f"/{bucket}/doubtful", headers, bytes(size), payload)
    assert (answer.status_code, f"<Code>{code}</Code>" in answer.text) == (400, True), answer.text
    assert_nothing_there(s3, bucket, "doubtful")


def test_a_document_that_is_not_what_its_headers_say_is_not_obeyed(s3, stand_in, bucket):
    s3.put_object(Bucket=bucket, Key="spared", Body=b"x")
    body = b"<Delete><Object><Key>spared</Key></Object></Delete>"
    answer = send(stand_in, "POST", f"/{bucket}?delete", {"Content-MD5": checksum("md5", b"else")}, body)
    assert "BadDigest" in answer.text
    assert send(stand_in, "POST", f"/{bucket}?delete", {}, body, "0" * 64).status_code == 400
    s3.head_object(Bucket=bucket, Key="spared")


@pytest.mark.parametrize(
    "body", [b"<Delete><Object>", b"<Other/>", b"", b"<!DOCTYPE a []><Delete/>", b"<Delete/>"]
)
def test_xml_that_means_nothing_is_refused(stand_in, bucket, body):
    answer = send(stand_in, "POST", f"/{bucket}?delete", {}, body)
    assert answer.status_code == 400 and "MalformedXML" in answer.text


def test_a_document_without_end_is_refused(stand_in, bucket):
    answer = send(stand_in, "PUT", f"/{bucket}?tagging", {}, b"<Tagging>" + b" " * (9 << 20))
    assert "MaxMessageLengthExceeded" in answer.text


def chunked(body: bytes, *trailers: str, size: int = 1000) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return chunks + b"0\r\n" + "".join(f"{line}\r\n" for line in trailers).encode() + b"\r\n"


def put_chunked(stand_in, path: str, body: bytes, length: int, trailer: str = "x-amz-checksum-crc32"):
    headers = {
        "content-encoding": "aws-chunked,gzip",
        "x-amz-decoded-content-length": str(length),
        "x-amz-trailer": trailer,
    }
    return send(stand_in, "PUT", path, headers, body, "STREAMING-UNSIGNED-PAYLOAD-TRAILER")


@pytest.mark.parametrize("size", [0, 1, 1000, 2 << 20])
def test_a_chunked_upload_is_put_together_and_checked_by_its_trailer(s3, stand_in, bucket, size):
    body, path = os.urandom(size), f"/{bucket}/chunked-{size}"
    wrong = chunked(body, f"x-amz-checksum-crc32:{checksum('crc32', body + b'x')}")
    assert "BadDigest" in put_chunked(stand_in, path, wrong, size).text
    assert "MalformedTrailerError" in put_chunked(stand_in, path, chunked(body), size).text
    right = chunked(body, f"x-amz-checksum-crc32:{checksum('crc32', body)}", size=70_000)
    assert "IncompleteBody" in put_chunked(stand_in, path, right, size + 1).text
    assert_nothing_there(s3, bucket, f"chunked-{size}")
    assert put_chunked(stand_in, path, right, size).status_code == 200
    got = s3.get_object(Bucket=bucket, Key=f"chunked-{size}")
    assert (got["Body"].read(), got["ContentEncoding"]) == (body, "gzip")


@pytest.mark.parametrize(
    "body",
    [b"zz\r\nx\r\n0\r\n\r\n", b"-5\r\nabcd\r\n0\r\n\r\n", b"5\r\nabc", b"4\r\nabcd\r\n", b"x" * 20_000],
)
def test_a_body_that_is_chunked_wrongly_is_refused(s3, stand_in, bucket, body):
    assert put_chunked(stand_in, f"/{bucket}/broken", body, 4).status_code == 400
    assert_nothing_there(s3, bucket, "broken")


# The example of AWS's "Signature calculations for the authorization header: transferring payload in multiple
# chunks": 66,560 letters a in chunks of 64 KB, with these keys, and these signatures.
EXAMPLE_CHUNKS = [
    (65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
    (1_024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
    (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
]


def decode_example(chunks: list[tuple[int, str]], letter: bytes = b"a") -> bytes:
    seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
    signature = Signature(
        "AKIAIOSFODNN7EXAMPLE", "20130524", "us-east-1", "s3", ("host",), "20130524T000000Z", seed
    )
    decoder = AwsChunked(ChunkSignatures(signature, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"))
    payload = b""
    for size, value in chunks:
        payload += decoder.feed(b"%x;chunk-signature=%s\r\n" % (size, value.encode()))
        payload += decoder.feed(letter * size) + decoder.feed(b"\r\n")
    assert decoder.complete
    return payload


def test_signed_chunks_are_verified_as_in_awss_own_example():
    assert decode_example(EXAMPLE_CHUNKS) == b"a" * 66_560
    for number in range(len(EXAMPLE_CHUNKS)):
        forged = list(EXAMPLE_CHUNKS)
        forged[number] = (forged[number][0], "0" * 64)
        with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
            decode_example(forged)
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        decode_example(EXAMPLE_CHUNKS, b"b")


def presigned(s3, bucket: str, key: str) -> tuple[http.client.HTTPConnection, str]:
    url = urlsplit(s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": key}))
    return http.client.HTTPConnection(url.netloc, timeout=30), f"{url.path}?{url.query}"


def test_a_body_over_five_gigabytes_is_refused_before_it_is_sent(s3, bucket):
    connection, target = presigned(s3, bucket, "huge")
    connection.putrequest("PUT", target)
    connection.putheader("Content-Length", str((5 << 30) + 1))
    connection.putheader("Expect", "100-continue")
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 400 and b"EntityTooLarge" in answer.read()
    assert answer.getheader("connection") == "close"


def test_a_body_of_unknown_length_is_refused(s3, bucket):
    connection, target = presigned(s3, bucket, "endless")
    connection.request(
        "PUT", target, iter([b"a", b"b"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
    )
    answer = connection.getresponse()
    assert answer.status == 411 and b"MissingContentLength" in answer.read()


@pytest.mark.parametrize("sent", [1, 3 << 20])
def test_an_upload_that_breaks_off_leaves_nothing(own_stand_in, sent):
    s3 = own_stand_in.client("s3")
    bucket = new_bucket(s3)
    s3.put_object(Bucket=bucket, Key="broken", Body=b"before")
    connection, target = presigned(s3, bucket, "broken")
    connection.putrequest("PUT", target)
    connection.putheader("Content-Length", str(4 << 20))
    connection.endheaders()
    connection.send(bytes(sent))
    connection.sock.shutdown(socket.SHUT_WR)
    while connection.sock.recv(1000):
        pass
    assert s3.get_object(Bucket=bucket, Key="broken")["Body"].read() == b"before"
    own_stand_in.stop()
    assert [path.read_bytes() for path in blob_files(own_stand_in)] == [b"before"]


def test_a_refusal_leaves_the_connection_fit_for_the_next_request(stand_in, bucket):
    s3 = stand_in.client("s3", config=Config(signature_version="s3v4", max_pool_connections=1))
    for size in (10, 3 << 20):
        for _ in range(2):
            with refused("KeyTooLongError"):
                s3.put_object(Bucket=bucket, Key="k" * 1025, Body=bytes(size))
            with refused("NoSuchBucket"):
                s3.put_object(Bucket="never-made", Key="k", Body=bytes(size))
            s3.put_object(Bucket=bucket, Key="fine", Body=bytes(size))
            assert s3.head_object(Bucket=bucket, Key="fine")["ContentLength"] == size
