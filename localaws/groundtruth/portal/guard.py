"""What every request to the portal passes: the right host, the right origin, a body of bounded size."""

import json
from collections.abc import Callable
from typing import Any, NoReturn
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALL_BODY = 16 * 1024
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

Handler = Callable[[Request, dict[str, Any]], Response]


class Guard:
    """Answers only under the portal's own names, so that no other site's name can be pointed at it; lets no
    page of another origin change anything; and gives every response headers that keep it in its place."""

    def __init__(self, app: ASGIApp, url: str):
        self.app = app
        parts = urlsplit(url)
        self.scheme = parts.scheme
        self.hosts = {parts.netloc}
        if parts.hostname in ("127.0.0.1", "localhost", "::1"):
            self.hosts |= {f"{name}:{parts.port}" if parts.port else name for name in LOOPBACK}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if host not in self.hosts:
            answer: ASGIApp = JSONResponse({"error": f"this is not the portal of {host!r}"}, 421)
        elif scope["method"] not in ("GET", "HEAD") and origin not in (None, f"{self.scheme}://{host}"):
            answer = JSONResponse({"error": f"requests from {origin} are not accepted"}, 403)
        else:
            answer = self.app

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    own.setdefault(name, value)
            await send(message)

        await answer(scope, receive, send_with_headers)


def route(path: str, handler: Handler, method: str = "POST", largest: int = SMALL_BODY) -> Route:
    """A route whose body is read here, and whose work is done in a thread: it talks to disks and services."""

    async def endpoint(request: Request) -> Response:
        body = await read_json(request, largest)
        return await run_in_threadpool(handler, request, body)

    return Route(path, endpoint, methods=[method])


async def read_json(request: Request, largest: int) -> dict[str, Any]:
    """The JSON object in the body; an empty body is an empty one. Raises HTTPException."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise HTTPException(413, f"the body has more than {largest} bytes")
    try:
        content = json.loads(body or b"{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as problem:
        raise HTTPException(400, f"the body is not JSON: {problem}") from None
    if not isinstance(content, dict):
        raise HTTPException(400, "the body must be a JSON object")
    return content


def text_of(body: dict[str, Any], name: str) -> str:
    """A member of the body that must be a text that is not empty. Raises HTTPException."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise HTTPException(400, f"{name} is required, as a text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise HTTPException(400, f"{name} holds half a character: it is no text of Unicode") from None
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
