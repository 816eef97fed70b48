"""The ASGI application: one request in, one operation in a worker thread, one response out."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from localaws.api import AwsError, Identity

from . import versions
from .blobs import Reader
from .body import BLOCK, Body
from .buckets import Buckets
from .configuration import Configurations, find_configuration
from .copies import Copies
from .cors import allow, answer_preflight
from .documents import render
from .errors import S3Error, as_s3_error, not_implemented
from .incoming import Incoming
from .listings import Listings
from .messages import Request, Response, headers_of
from .multipart import Multipart
from .objects import Objects
from .operations import operation_of, routes
from .storage import Storage

Message = MutableMapping[str, object]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

LARGEST_BODY = 5 << 30  # bytes of one object or part
LARGEST_DOCUMENT = 8 << 20  # bytes: 10,000 parts of an upload, 1,000 keys to delete
THREADS = 32  # of its own: API handlers that wait for S3 must not keep it from answering


class S3:
    """Path-style S3 on one folder, for one account; the gateway has checked the requests' signatures.

    Streams both ways: of each request at most a few blocks of 1 MiB are in memory.
    """

    def __init__(self, home: Path, identity: Identity | None = None):
        self._identity = identity or Identity()
        self._storage = Storage(home)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="s3")
        implementations = (
            Objects(self._storage),
            Copies(self._storage),
            Multipart(self._storage),
            Listings(self._storage),
            Buckets(self._storage, self._identity),
            Configurations(self._storage),
        )
        self._operations = {
            route.operation: getattr(implementation, route.operation)
            for candidates in routes().values()
            for route in candidates
            for implementation in implementations
            if hasattr(implementation, route.operation)
        }

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        body = Body(receive, headers, scope.get("localaws.chunk_signatures"))
        request = None
        try:
            request = Request.from_scope(scope, headers)
            response = await self._answer(request, body)
        except Exception as error:
            response = refusal(as_s3_error(error), scope["raw_path"].decode("latin-1"))
        if request and "origin" in headers and request.method != "OPTIONS":
            response.headers |= await self._in_thread(self._allow_origin, request)
        if not body.done:
            if "expect" in headers and not body.touched:  # the client waits for a word before it sends it
                response.headers["connection"] = "close"
            else:
                await body.drain()
        await self._send(response, scope["method"], send)

    async def _answer(self, request: Request, body: Body) -> Response:
        if request.method == "OPTIONS":
            return Response(headers=await self._in_thread(self._preflight, request))
        name = operation_of(request.method, request.level, request.query, request.headers)
        operation = self._operations.get(name)
        if operation is None:
            raise not_implemented(name)
        owner = request.headers.get("x-amz-expected-bucket-owner", self._identity.account)
        if owner != self._identity.account:
            raise S3Error("AccessDenied", f"The bucket does not belong to {owner}", 403)
        if name in ("PutObject", "UploadPart"):
            return await self._take_in(operation, request, body)
        request.body = await body.read(LARGEST_DOCUMENT)
        return await self._in_thread(self._run, operation, request)

    async def _take_in(self, operation: Callable, request: Request, body: Body) -> Response:
        """An object's bytes. The last block, of small objects the only one, is written by the operation
        itself: a small PUT takes one hop to another thread, not three."""
        if body.length > LARGEST_BODY:
            sizes = {"ProposedSize": body.length, "MaxSizeAllowed": LARGEST_BODY}
            raise S3Error("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", **sizes)
        request.incoming = Incoming(self._storage.blobs, request.headers, body)
        try:
            block = await body.block()
            if not body.done:  # too much to be taken in for nothing
                await self._in_thread(self._check_bucket, request)
            while not body.done:
                await self._in_thread(request.incoming.write, block)
                block = await body.block()
        except Exception:
            await self._in_thread(request.incoming.abandon)
            raise
        request.incoming.last_block = block
        return await self._in_thread(self._keep, operation, request)

    # What follows runs in worker threads.

    def _run(self, operation: Callable, request: Request) -> Response:
        request.check_digests()
        return operation(request)

    def _keep(self, operation: Callable, request: Request) -> Response:
        try:
            return operation(request)
        except BaseException:
            request.incoming.abandon()
            raise

    def _check_bucket(self, request: Request) -> None:
        versions.find_bucket(self._storage.index, request.bucket)

    def _preflight(self, request: Request) -> dict[str, str]:
        return answer_preflight(find_configuration(self._storage, request.bucket, "cors"), request.headers)

    def _allow_origin(self, request: Request) -> dict[str, str]:
        configuration = find_configuration(self._storage, request.bucket, "cors")
        return allow(configuration, request.headers, request.method) if configuration else {}

    def _in_thread(self, function: Callable, *arguments: object) -> Awaitable:
        return asyncio.get_running_loop().run_in_executor(self._threads, partial(function, *arguments))

    async def _send(self, response: Response, method: str, send: Send) -> None:
        body = response.body
        headers = {"x-amz-request-id": secrets.token_hex(8).upper()} | response.headers
        if isinstance(body, bytes) and response.status not in (204, 304):
            headers.setdefault("content-length", len(body))
        fields = [
            (name.encode("latin-1"), str(value).encode("latin-1"))
            for name, value in headers.items()
            if value is not None
        ]
        start = {"type": "http.response.start", "status": response.status, "headers": fields}
        if isinstance(body, Reader):
            with body:
                await send(start)
                while block := await self._in_thread(body.read, BLOCK):
                    await send({"type": "http.response.body", "body": block, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
        else:
            await send(start)
            await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


def refusal(error: AwsError, path: str) -> Response:
    """The error as S3 writes it."""
    request_id = secrets.token_hex(8).upper()
    details = getattr(error, "details", {})
    document = {
        "Code": error.code,
        "Message": error.message,
        **details,
        "Resource": path,
        "RequestId": request_id,
    }
    headers = {"content-type": "application/xml", "x-amz-request-id": request_id}
    return Response(
        error.status, headers | getattr(error, "headers", {}), render("Error", document, namespace="")
    )
