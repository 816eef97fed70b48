"""AWS_ENDPOINT_URL's one address: check the host, verify the signature, route by the signed service."""

import errno
import logging
import sqlite3
import uuid
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

import anyio

from localaws.api import AwsError, Request, Service
from localaws.api.errors import Response, json_error, query_error, s3_error
from localaws.api.identity import caller
from localaws.api.sigv4 import Signature, Verifier, dialect_of

Receive = Callable[[], Awaitable[dict]]
Send = Callable[[dict], Awaitable[None]]
Application = Callable[[dict, Receive, Send], Awaitable[None]]

logger = logging.getLogger(__name__)

MEGABYTE = 1 << 20
BODY_LIMITS = {"lambda": 70 * MEGABYTE, "sagemaker-runtime": 25 * MEGABYTE}
OTHER_BODY_LIMIT = 10 * MEGABYTE
HANDLERS = 64  # at once, per service

# Signing in to a user pool needs no AWS credentials. A web page cannot send these: the header makes browsers
# ask first, and a preflight is answered from the rules of S3's buckets only.
UNSIGNED_TARGETS = {
    "AWSCognitoIdentityProviderService.InitiateAuth",
    "AWSCognitoIdentityProviderService.RespondToAuthChallenge",
}
SIGNING_NAMES = {"monitoring": "cloudwatch"}  # where the name in a signature is not boto3's
ENVELOPES = {"s3": s3_error, "query": query_error, "json": json_error}


class Disconnected(Exception):
    """The client went away before its request was complete."""


class Gateway:
    """An ASGI application over the services and S3, which is one itself, where it is served at all.

    ``hosts`` are the only Host headers let in: a name that a web page makes point here (DNS rebinding) is not
    among them. Handlers run in threads, 64 for each service, so that a handler may call this server.
    """

    def __init__(
        self,
        services: Mapping[str, Service],
        s3: Application | None,
        verifier: Verifier,
        hosts: set[str],
        home: Path,
    ):
        self.services = services
        self.s3 = s3
        self.verifier = verifier
        self.hosts = hosts
        self.home = home
        self.threads = {name: anyio.CapacityLimiter(HANDLERS) for name in services}

    async def __call__(self, scope: dict, receive: Receive, send: Send) -> None:
        request = _request(scope)
        answering = False

        async def watched_send(message: dict) -> None:
            nonlocal answering
            answering = True
            await send(message)

        try:
            await self._route(request, scope, receive, watched_send)
        except Disconnected:
            return
        except AwsError as error:
            await _respond(send, ENVELOPES[dialect_of(request)](error))
        except Exception as problem:
            if answering:
                raise
            await _respond(send, ENVELOPES[dialect_of(request)](self._failure(problem, request)))

    async def _route(self, request: Request, scope: dict, receive: Receive, send: Send) -> None:
        if request.headers.get("host") not in self.hosts:
            host = request.headers.get("host")
            raise AwsError(
                "MisdirectedRequest", f"this server is {', '.join(sorted(self.hosts))}, not {host}", 421
            )
        if request.method == "OPTIONS" and self.s3:
            return await self.s3(scope, receive, send)
        if request.headers.get("x-amz-target") in UNSIGNED_TARGETS:
            signature, name = None, "cognito-idp"
        else:
            signature = Signature.of(request)
            self.verifier.admit(request, signature)
            name = SIGNING_NAMES.get(signature.service, signature.service)
        if name == "s3" and self.s3:
            self.verifier.verify(request, signature)
            scope["localaws.chunk_signatures"] = self.verifier.chunk_signatures(signature)
            return await self.s3(scope, receive, send)
        if name == "sagemaker" and "x-amz-target" not in request.headers:
            name = "sagemaker-runtime"  # they share a signing name
        if name not in self.services:
            known = ", ".join(sorted({*self.services} | ({"s3"} if self.s3 else set())))
            raise AwsError("NotImplementedException", f"this server has no service {name}, only {known}", 501)
        request.body = await _read(receive, BODY_LIMITS.get(name, OTHER_BODY_LIMIT))
        answer = partial(self._answer, self.services[name], request, signature)
        await _respond(
            send, await anyio.to_thread.run_sync(answer, limiter=self.threads[name], abandon_on_cancel=True)
        )

    def _answer(self, service: Service, request: Request, signature: Signature | None) -> Response:
        try:
            if signature:
                self.verifier.verify(request, signature)
                caller.set(signature.access_key)
            return service.handle(request)
        except AwsError as error:
            return service.error(error)
        except Exception as problem:
            return service.error(self._failure(problem, request))

    def _failure(self, problem: Exception, request: Request) -> AwsError:
        if is_disk_full(problem):
            logger.error("the disk of %s is full: %s", self.home, problem)
            return AwsError(
                "InsufficientStorage", f"the disk of {self.home} is full; nothing was changed", 507
            )
        what = request.headers.get("x-amz-target") or f"{request.method} {request.path}"
        logger.error("%s failed", what, exc_info=problem)
        message = f"{what} failed in this server, see its log: {type(problem).__name__}: {problem}"
        return AwsError("InternalFailure", message, 500)


def is_disk_full(problem: Exception) -> bool:
    if isinstance(problem, sqlite3.OperationalError):
        return problem.sqlite_errorcode in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
    return isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT)


def _request(scope: dict) -> Request:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    path = scope["raw_path"].decode("latin-1").partition("?")[0]
    return Request(scope["method"], path, scope["query_string"].decode("latin-1"), headers)


async def _read(receive: Receive, limit: int) -> bytes:
    """The whole body. What is too much is read all the same, and dropped: a client that is cut off while it
    sends would see a broken connection instead of the reason, and try again."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        part, more = message.get("body", b""), message.get("more_body", False)
        size += len(part)
        if size <= limit:
            parts.append(part)
        else:
            parts.clear()
    if size > limit:
        message = f"the body has {size} bytes; at most {limit} are accepted"
        raise AwsError("RequestEntityTooLargeException", message, 413)
    return b"".join(parts)


async def _respond(send: Send, response: Response) -> None:
    status, headers, body = response
    headers = {"x-amzn-requestid": str(uuid.uuid4()), "content-length": str(len(body))} | headers
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
