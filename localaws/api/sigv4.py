"""Signature version 4, verified: who cannot sign with the key in our credentials file gets nothing.

That keeps web pages and other users of the machine out. The rules are those of AWS's "Create a signed AWS API
request" and, for presigned URLs, of "Authenticating requests: using query parameters" in the S3 reference.
"""

import hashlib
import hmac
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, unquote, unquote_to_bytes

from localaws.api.errors import AwsError
from localaws.api.request import Request

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})"
)
SIGNED_SERVICE = re.compile(r"/([a-z0-9-]+)/aws4_request")
CLOCK_SKEW = 15 * 60  # seconds
LONGEST_PRESIGNED = 7 * 24 * 3600  # seconds
GLOBAL_SERVICES = {"iam", "sts"}  # signed for us-east-1 from everywhere

# What is wrong -> the code that S3, the query services and the json services have for it.
CODES = {
    "missing": ("AccessDenied", "MissingAuthenticationToken", "MissingAuthenticationTokenException"),
    "malformed": ("AuthorizationHeaderMalformed", "IncompleteSignature", "IncompleteSignatureException"),
    "key": ("InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException"),
    "region": ("AuthorizationHeaderMalformed", "SignatureDoesNotMatch", "InvalidSignatureException"),
    "clock": ("RequestTimeTooSkewed", "SignatureDoesNotMatch", "InvalidSignatureException"),
    "expired": ("AccessDenied", "SignatureDoesNotMatch", "InvalidSignatureException"),
    "mismatch": ("SignatureDoesNotMatch", "SignatureDoesNotMatch", "InvalidSignatureException"),
}
DIALECTS = ("s3", "query", "json")


def dialect_of(request: Request) -> str:
    """Which error codes and which envelope the sender of this request understands: s3, query or json."""
    claim = SIGNED_SERVICE.search(unquote(request.headers.get("authorization") or request.query))
    if claim and claim[1] == "s3":
        return "s3"
    form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    if form or (claim and claim[1] in GLOBAL_SERVICES):  # these speak the query protocol, presigned too
        return "query"
    return "json" if claim or "x-amz-target" in request.headers else "s3"


@dataclass(frozen=True)
class Signature:
    """What a request says about its signature; nothing of it is proved."""

    access_key: str
    day: str  # 20261122
    region: str
    service: str
    signed_headers: tuple[str, ...]
    moment: str  # 20261122T150300Z
    value: str  # hexadecimal
    expires: int | None = None  # seconds after the moment, for a presigned URL
    token: str | None = None  # of temporary credentials

    @property
    def scope(self) -> str:
        return f"{self.day}/{self.region}/{self.service}/aws4_request"

    def signing_key(self, secret_key: str) -> bytes:
        key = b"AWS4" + secret_key.encode()
        for part in self.scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return key

    @classmethod
    def of(cls, request: Request) -> "Signature":
        """Raises AwsError where the request carries none that can be read."""
        query = dict(_query_pairs(request))
        if "authorization" in request.headers:
            match = AUTHORIZATION.fullmatch(request.headers["authorization"])
            if not match:
                raise _refusal(
                    "malformed", request, "Authorization is not a complete AWS4-HMAC-SHA256 header"
                )
            credential, headers, value = match.groups()
            moment, expires = request.headers.get("x-amz-date", ""), None
            token = request.headers.get("x-amz-security-token")
        elif "X-Amz-Signature" in query:
            credential, headers = query.get("X-Amz-Credential", ""), query.get("X-Amz-SignedHeaders", "")
            moment, value = query.get("X-Amz-Date", ""), query["X-Amz-Signature"]
            lifetime = query.get("X-Amz-Expires", "")
            if not lifetime.isdecimal() or not 1 <= int(lifetime) <= LONGEST_PRESIGNED:
                message = f"X-Amz-Expires must be 1 to {LONGEST_PRESIGNED} seconds, not {lifetime!r}"
                raise AwsError("AuthorizationQueryParametersError", message)
            expires, token = int(lifetime), query.get("X-Amz-Security-Token")
        elif "AWSAccessKeyId" in query:
            message = (
                "The URL is signed with version 2. Please use AWS4-HMAC-SHA256 (signature_version s3v4)."
            )
            raise AwsError("InvalidRequest", message)
        else:
            raise _refusal("missing", request, "The request is not signed: Missing Authentication Token")
        scope = credential.split("/")
        if len(scope) != 5 or scope[4] != "aws4_request" or "host" not in headers.split(";"):
            raise _refusal(
                "malformed", request, f"the credential {credential!r} or the signed headers are incomplete"
            )
        return cls(*scope[:4], tuple(headers.split(";")), moment, value, expires, token)


class ChunkSignatures:
    """The chain in an aws-chunked body (STREAMING-AWS4-HMAC-SHA256-PAYLOAD): each signature covers the last.

    The Gateway puts one into the scope of S3's requests, as ``localaws.chunk_signatures``.
    """

    def __init__(self, signature: Signature, secret_key: str):
        self._signature = signature
        self._key = signature.signing_key(secret_key)
        self._previous = signature.value

    def next(self, sha256: str) -> str:
        """What the chunk whose data has this hexadecimal SHA-256 must be signed with."""
        return self._sign("AWS4-HMAC-SHA256-PAYLOAD", hashlib.sha256().hexdigest(), sha256)

    def trailer(self, sha256: str) -> str:
        """The same for the trailing headers, each as "name:value\\n"."""
        return self._sign("AWS4-HMAC-SHA256-TRAILER", sha256)

    def _sign(self, algorithm: str, *digests: str) -> str:
        lines = (algorithm, self._signature.moment, self._signature.scope, self._previous, *digests)
        self._previous = hmac.digest(self._key, "\n".join(lines).encode(), "sha256").hex()
        return self._previous


class Verifier:
    """``secret_of(access_key, session_token)`` is the secret key, or None for keys that are not valid."""

    def __init__(self, region: str, secret_of: Callable[[str, str | None], str | None]):
        self.region = region
        self.secret_of = secret_of

    def admit(self, request: Request, signature: Signature) -> None:
        """Everything that can be checked before the body is there. Raises AwsError."""
        if self.secret_of(signature.access_key, signature.token) is None:
            message = (
                f"The access key {signature.access_key} is unknown here: see this server's credentials file."
            )
            raise _refusal("key", request, message)
        expected = "us-east-1" if signature.service in GLOBAL_SERVICES else self.region
        if signature.region not in (expected, self.region):
            message = f"The region '{signature.region}' is wrong; expecting '{expected}'"
            raise _refusal("region", request, message)
        self._check_clock(request, signature)
        unsigned = sorted(
            name
            for name in request.headers
            if name.startswith("x-amz-") and name not in (*signature.signed_headers, "x-amz-content-sha256")
        )
        if unsigned:
            message = (
                f"There were headers present in the request which were not signed: {', '.join(unsigned)}"
            )
            raise AwsError("AccessDenied", message, 403)

    def verify(self, request: Request, signature: Signature) -> None:
        """The proof. Bodies are part of it, but for S3's, which S3 checks itself while they stream."""
        declared = request.headers.get("x-amz-content-sha256")
        if signature.service != "s3":
            payload = hashlib.sha256(request.body).hexdigest()
            if declared not in (None, payload):
                message = "x-amz-content-sha256 is not the SHA-256 of the body"
                raise _refusal("mismatch", request, message)
        elif signature.expires is not None:
            payload = declared if "x-amz-content-sha256" in signature.signed_headers else "UNSIGNED-PAYLOAD"
        elif declared is None:
            raise AwsError("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
        else:
            payload = declared
        canonical = _canonical_request(request, signature, payload)
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{signature.moment}\n{signature.scope}\n{digest}"
        key = signature.signing_key(self.secret_of(signature.access_key, signature.token) or "")
        if not hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), signature.value):
            message = "The request signature we calculated does not match the signature you provided."
            raise _refusal("mismatch", request, message)

    def chunk_signatures(self, signature: Signature) -> ChunkSignatures:
        return ChunkSignatures(signature, self.secret_of(signature.access_key, signature.token) or "")

    def _check_clock(self, request: Request, signature: Signature) -> None:
        try:
            signed = datetime.strptime(signature.moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:
            message = f"X-Amz-Date must look like 20261122T150300Z, not {signature.moment!r}"
            raise _refusal("malformed", request, message) from None
        if not signature.moment.startswith(signature.day):
            message = f"the credential is for {signature.day}, the request for {signature.moment}"
            raise _refusal("malformed", request, message)
        age = time.time() - signed.timestamp()
        if signature.expires is not None and age > signature.expires:
            raise _refusal("expired", request, "Request has expired")
        if age < -CLOCK_SKEW or (signature.expires is None and age > CLOCK_SKEW):
            message = (
                "The difference between the request time and the current time is too large: "
                f"signed at {signed:%Y-%m-%dT%H:%M:%SZ}, received {abs(age):.0f} seconds "
                f"{'later' if age > 0 else 'earlier'}."
            )
            raise _refusal("clock", request, message)


def _canonical_request(request: Request, signature: Signature, payload: str) -> str:
    if signature.service == "s3":
        path = quote(unquote_to_bytes(request.path), safe="/-_.~")
    else:
        path = quote(request.path, safe="/-_.~")  # encoded twice, except for S3
    pairs = [pair for pair in _query_pairs(request) if pair[0] != "X-Amz-Signature"]
    query = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in pairs)
    lines = [request.method, path, "&".join(f"{name}={value}" for name, value in query)]
    lines += [
        f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in signature.signed_headers
    ]
    return "\n".join([*lines, "", ";".join(signature.signed_headers), payload])


def _query_pairs(request: Request) -> list[tuple[str, str]]:
    parts = (part.partition("=") for part in request.query.split("&") if part)
    return [(unquote(name), unquote(value)) for name, _, value in parts]


def _refusal(problem: str, request: Request, message: str) -> AwsError:
    code = CODES[problem][DIALECTS.index(dialect_of(request))]
    return AwsError(code, message, 400 if code == "AuthorizationHeaderMalformed" else 403)
