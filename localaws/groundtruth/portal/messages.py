"""JSON in and out of the portal: bodies of bounded size, and replies that hold whatever a body may hold."""

import json
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localaws.groundtruth.strict_json import loads

JSON = "application/json"
SMALL_BODY = 16 * 1024

Handler = Callable[[Request, dict[str, Any]], Response]


class Reply(JSONResponse):
    """JSON in ASCII: JSON may hold half a character of Unicode ("\\ud800"), UTF-8 may not."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


def route(path: str, handler: Handler, method: str = "POST", largest: int = SMALL_BODY) -> Route:
    """A route whose body is read here, and whose work is done in a thread: it talks to disks and services."""

    async def endpoint(request: Request) -> Response:
        body = await read_json(request, largest)
        return await run_in_threadpool(handler, request, body)

    return Route(path, endpoint, methods=[method])


async def read_json(request: Request, largest: int) -> dict[str, Any]:
    """The JSON object in the body; an empty body is an empty one. Raises HTTPException."""
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if kind != JSON:
        raise HTTPException(415, f"the body must be {JSON}, not {kind[:100]}")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise HTTPException(413, f"the body has more than {largest} bytes")
    try:
        content = loads(body or b"{}", whole_characters=False)
    except ValueError as problem:
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
