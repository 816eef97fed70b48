"""Who gets through the one door to every service, and what those hear who do not."""

import json
import threading
from datetime import timedelta

import botocore.auth
import pytest
from botocore import UNSIGNED
from botocore.auth import S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.compat import get_current_datetime
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

KEYS = Credentials("LOCALAWSTEST00000001", "a secret of the tests")
TARGET = {"X-Amz-Target": "Logs_20140328.DescribeLogGroups", "Content-Type": "application/x-amz-json-1.1"}


class Logs:
    def __init__(self):
        self.calls = 0

    def DescribeLogGroups(self, params: dict) -> dict:
        self.calls += 1
        return {}


class Runtime:
    def InvokeEndpoint(self, params: dict) -> dict:
        return {"Body": str(len(params["Body"])).encode()}


def send(request: AWSRequest):
    return URLLib3Session().send(request.prepare())


def signed(wire, service="logs", method="POST", path="/", body=b"{}", **headers):
    request = AWSRequest(method, wire.endpoint + path, data=body, headers=TARGET | headers)
    SigV4Auth(KEYS, service, "us-east-1").add_auth(request)
    return request


def presigned(wire, path="/bucket/key", expires=60, method="GET", **headers) -> AWSRequest:
    request = AWSRequest(method, wire.endpoint + path, headers=headers)
    S3SigV4QueryAuth(KEYS, "s3", "us-east-1", expires).add_auth(request)
    return request


def code_of(answer) -> str:
    if answer.content.startswith(b"{"):
        return json.loads(answer.content)["__type"]
    return answer.content.partition(b"<Code>")[2].partition(b"</Code>")[0].decode()


def refusal(call, *args, **kwargs) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(*args, **kwargs)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


# Who is let in


def test_unsigned_requests_reach_no_handler_in_any_protocol(serve):
    logs = Logs()
    wire = serve({"logs": logs})
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for headers, code in (
        (TARGET, "MissingAuthenticationTokenException"),
        (form, "MissingAuthenticationToken"),
        ({}, "AccessDenied"),
        ({"Authorization": "Bearer abc"}, "AuthorizationHeaderMalformed"),
    ):
        answer = send(AWSRequest("POST", wire.endpoint + "/", data=b"{}", headers=headers))
        assert (answer.status_code in (400, 403), code_of(answer)) == (True, code)
    assert logs.calls == 0


def test_a_name_that_a_web_page_makes_point_here_is_turned_away(serve):
    logs = Logs()
    wire = serve({"logs": logs})
    request = signed(wire, Host=f"evil.example:{wire.port}")
    assert send(request).status_code == 421
    assert logs.calls == 0
    assert send(signed(wire, Host=f"localhost:{wire.port}")).status_code == 200


def test_a_wrong_key_secret_or_region_is_named(serve):
    wire = serve({"logs": Logs(), "sts": Logs(), "lambda": Logs()})
    unknown = {"access_key": "AKIASOMEBODYELSE"}
    for service, operation, code in (
        ("logs", "describe_log_groups", "UnrecognizedClientException"),
        ("lambda", "list_functions", "UnrecognizedClientException"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("s3", "list_buckets", "InvalidAccessKeyId"),
    ):
        assert refusal(getattr(wire.client(service, **unknown), operation)) == (
            code,
            "The access key AKIASOMEBODYELSE is unknown here: see this server's credentials file.",
        )
    for service, operation, code in (
        ("logs", "describe_log_groups", "InvalidSignatureException"),
        ("sts", "get_caller_identity", "SignatureDoesNotMatch"),
        ("s3", "list_buckets", "SignatureDoesNotMatch"),
    ):
        assert refusal(getattr(wire.client(service, secret_key="guessed"), operation))[0] == code
    for service, operation, code in (
        ("logs", "describe_log_groups", "InvalidSignatureException"),
        ("s3", "list_buckets", "AuthorizationHeaderMalformed"),
    ):
        assert refusal(getattr(wire.client(service, region="eu-west-1"), operation)) == (
            code,
            "The region 'eu-west-1' is wrong; expecting 'us-east-1'",
        )


def test_a_request_changed_on_its_way_is_refused(serve):
    logs = Logs()
    wire = serve({"logs": logs})
    assert send(signed(wire)).status_code == 200
    body = signed(wire)
    body.data = b'{"limit": 50}'
    target = signed(wire)
    target.headers.replace_header("X-Amz-Target", "Logs_20140328.DeleteLogGroup")
    path = signed(wire)
    path.url += "other"
    query = signed(wire)
    query.url += "?a=b"
    for request in (body, target, path, query):
        assert (send(request).status_code, code_of(send(request))) == (403, "InvalidSignatureException")
    declared = signed(wire, **{"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})
    assert "not the SHA-256 of the body" in json.loads(send(declared).content)["message"]
    added = signed(wire)
    added.headers["X-Amz-Copy-Source"] = "/bucket/other"
    assert json.loads(send(added).content)["message"].endswith("not signed: x-amz-copy-source")
    assert logs.calls == 1


def test_an_old_request_cannot_be_sent_again(serve, monkeypatch):
    wire = serve({"logs": Logs(), "sts": Logs()})
    for minutes, word in ((-16, "later"), (16, "earlier")):
        moment = get_current_datetime() + timedelta(minutes=minutes)
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda moment=moment: moment)
        for service, operation, code in (
            ("logs", "describe_log_groups", "InvalidSignatureException"),
            ("sts", "get_caller_identity", "SignatureDoesNotMatch"),
            ("s3", "list_buckets", "RequestTimeTooSkewed"),
        ):
            found, message = refusal(getattr(wire.client(service), operation))
            assert found == code
            assert message.startswith(
                "The difference between the request time and the current time is too large"
            )
            assert message.endswith(f"seconds {word}.")


# Presigned URLs


def test_a_presigned_url_opens_what_it_names_and_nothing_else(serve):
    wire = serve({})
    assert send(presigned(wire, "/bucket/a%20b/%C3%BC%2B~")).headers["x-reached"] == "s3"
    moved = presigned(wire)
    moved.url = moved.url.replace("/bucket/key", "/bucket/other")
    longer = presigned(wire)
    longer.url = longer.url.replace("X-Amz-Expires=60", "X-Amz-Expires=600")
    method = presigned(wire)
    method.method = "DELETE"
    for request in (moved, longer, method):
        answer = send(request)
        assert (answer.status_code, code_of(answer)) == (403, "SignatureDoesNotMatch")
        assert answer.headers["content-type"] == "application/xml"
    copy = presigned(wire, method="PUT")
    copy.headers["X-Amz-Copy-Source"] = "/bucket/secret"
    assert code_of(send(copy)) == "AccessDenied"


def test_a_presigned_url_ends(serve, monkeypatch):
    wire = serve({})
    moment = get_current_datetime() - timedelta(seconds=61)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: moment)
    answer = send(presigned(wire, expires=60))
    assert (answer.status_code, code_of(answer)) == (403, "AccessDenied")
    assert b"Request has expired" in answer.content
    assert send(presigned(wire, expires=3600)).status_code == 200
    assert code_of(send(presigned(wire, expires=604801))) == "AuthorizationQueryParametersError"


def test_a_presigned_call_of_the_query_protocol_is_a_get(serve):
    class Sts:
        def GetCallerIdentity(self, params: dict) -> dict:
            return {"Account": "000000000000", "Arn": "arn", "UserId": "me"}

        def GetSessionToken(self, params: dict) -> dict:
            raise AssertionError("nobody signed for this")

    wire = serve({"sts": Sts()})
    url = wire.client("sts").generate_presigned_url("get_caller_identity", HttpMethod="GET")
    answer = send(AWSRequest("GET", url))
    assert answer.status_code == 200 and b"<Account>000000000000</Account>" in answer.content
    other = send(AWSRequest("GET", url.replace("GetCallerIdentity", "GetSessionToken")))
    assert (other.status_code, code_of(other)) == (403, "SignatureDoesNotMatch")
    unknown = send(AWSRequest("GET", url.replace("LOCALAWSTEST", "AKIAIOSFODNN")))
    assert (unknown.status_code, code_of(unknown)) == (403, "InvalidClientTokenId")
    assert unknown.headers["content-type"] == "text/xml"
    request = AWSRequest("GET", f"{wire.endpoint}/?Action=GetCallerIdentity&Version=2011-06-15")
    SigV4QueryAuth(KEYS, "sts", "us-east-1", 60).add_auth(request)
    request.method = "POST"
    assert send(request).status_code == 403


def test_a_url_signed_with_version_2_says_what_to_use(serve):
    wire = serve({})
    url = wire.client("s3", signature_version="s3").generate_presigned_url(
        "get_object", {"Bucket": "b", "Key": "k"}
    )
    answer = send(AWSRequest("GET", url))
    assert (answer.status_code, code_of(answer)) == (400, "InvalidRequest")
    assert b"AWS4-HMAC-SHA256" in answer.content


# What needs no signature


def test_only_signing_in_to_a_user_pool_needs_no_credentials(serve):
    class Cognito:
        def InitiateAuth(self, params: dict) -> dict:
            return {"Session": "a session of twenty characters or more"}

        def SignUp(self, params: dict) -> dict:
            raise AssertionError("reached without a signature")

    client = serve({"cognito-idp": Cognito()}).client("cognito-idp", signature_version=UNSIGNED)
    answer = client.initiate_auth(AuthFlow="USER_PASSWORD_AUTH", ClientId="client")
    assert answer["Session"] == "a session of twenty characters or more"
    code, _ = refusal(client.sign_up, ClientId="client", Username="eve")
    assert code == "MissingAuthenticationTokenException"


def test_a_preflight_is_answered_by_s3_alone(serve):
    wire = serve({"logs": Logs()})
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Headers": "x-amz-target"}
    answer = send(AWSRequest("OPTIONS", wire.endpoint + "/", headers=headers | TARGET))
    assert answer.headers["x-reached"] == "s3"


# Sizes, failures, threads


def test_a_body_beyond_the_limit_is_refused_with_its_size(serve):
    wire = serve({"sagemaker-runtime": Runtime(), "logs": Logs()})
    runtime = wire.client("sagemaker-runtime")
    largest = runtime.invoke_endpoint(EndpointName="live", Body=b"x" * 6_291_456)  # the model's own limit
    assert largest["Body"].read() == b"6291456"
    code, message = refusal(runtime.invoke_endpoint, EndpointName="live", Body=b"x" * 26_214_401)
    assert (code, message) == (
        "RequestEntityTooLargeException",
        "the body has 26214401 bytes; at most 26214400 are accepted",
    )
    answer = send(signed(wire, body=b"x" * 10_485_761))
    assert (answer.status_code, code_of(answer)) == (413, "RequestEntityTooLargeException")


def test_a_handler_that_breaks_answers_500_and_leaves_a_traceback(serve, caplog):
    class Broken:
        def DescribeLogGroups(self, params: dict) -> dict:
            return {"logGroups": [params["missing"]]}

    code, message = refusal(serve({"logs": Broken()}).client("logs").describe_log_groups)
    assert code == "InternalFailure"
    assert (
        message == "Logs_20140328.DescribeLogGroups failed in this server, see its log: KeyError: 'missing'"
    )
    assert 'return {"logGroups": [params["missing"]]}' in caplog.text


def test_a_handler_may_call_the_server_it_runs_in_however_many_do(serve):
    """80 handlers at once, each of which waits for a call of its own to another service here."""
    together = threading.Barrier(64)  # as many as run at once: all wait, then all call
    waited = threading.Semaphore(64)

    class Functions:
        def ListFunctions(self, params: dict) -> dict:
            if waited.acquire(blocking=False):
                together.wait(timeout=30)
            client.describe_log_groups()
            return {}

    logs = Logs()
    wire = serve({"lambda": Functions(), "logs": logs})
    client = wire.client("logs", max_pool_connections=64)
    caller = wire.client("lambda", max_pool_connections=80)
    threads = [threading.Thread(target=caller.list_functions) for _ in range(80)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert logs.calls == 80
